"""One commit of a git repository as an archive that is always the same, by the host's git.

git obeys nothing but its arguments: no configuration of the system, the user or the repository, no hooks, no
filters, no credentials, no submodules, no other protocol than https, and nothing is checked out.
"""

from __future__ import annotations

import re
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from envbuilder.errors import BuildError, ToolError
from envbuilder.process import neutral_directory, run
from envbuilder.reader import limits
from envbuilder.reader.trees import Member
from envbuilder.redact import SafeUrl, excerpt
from envbuilder.references.packing import FILENAME, pack

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envbuilder.lock import Commit
    from envbuilder.process import Finished
    from envbuilder.references.shelf import Shelf
    from envbuilder.settings import Settings

SECONDS: Final = 1800.0

CONFIGURATION: Final = {
    "core.hooksPath": "/dev/null",
    "core.attributesFile": "/dev/null",
    "core.fsmonitor": "false",
    "credential.helper": "",
    "fetch.recurseSubmodules": "no",
    "gc.auto": "0",
    "http.followRedirects": "initial",
    "init.defaultBranch": "none",
    "init.templateDir": "",
    "maintenance.auto": "false",
    "submodule.recurse": "false",
    "tar.umask": "0022",
}

VARIABLES: Final = {
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "GIT_LFS_SKIP_SMUDGE": "1",
    "GIT_OPTIONAL_LOCKS": "0",
}


_NETWORK: Final = re.compile(
    r"unable to access|could not resolve|timed out|early EOF|RPC failed", re.IGNORECASE
)
"""git's words for what may pass by itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Transport:
    """How repositories are reached: protocols that git may speak, and other places for the start of a URL."""

    protocols: str
    instead: tuple[tuple[str, str], ...] = ()


TRANSPORT = Transport(protocols="https")
"""The tests alone put another in its place; nothing of a policy or a model reaches it."""


def commit_url(reference: SafeUrl) -> str:
    """Return the repository's URL of a ``git+https://…@commit#…`` reference."""
    parts = urlsplit(reference.secret.removeprefix("git+"))
    return parts._replace(path=parts.path.rpartition("@")[0] or parts.path, query="", fragment="").geturl()


def fetch_commit(reference: SafeUrl, commit: Commit, settings: Settings, shelf: Shelf) -> Path:
    """Return the archive of a commit's files on the shelf; fetched if the store does not know it.

    ``reference`` is the model's, or the repository's URL. Raises BuildError (``build/network``,
    ``build/vcs``), ToolError without git.
    """
    url = SafeUrl(commit_url(reference) if reference.secret.startswith("git+") else reference.secret)
    git = git_binary(settings)
    if settings.offline:
        raise BuildError(f"{url} is not fetched offline", code="build/network", hint="run without --offline")
    with neutral_directory() as directory:
        repository = _Repository(git=git, url=url, directory=directory, settings=settings)
        tar = repository.archive(commit.commit)
        return shelf.keep(FILENAME, lambda sink: pack(_members(tar, url), sink.write))


def git_binary(settings: Settings) -> Path:
    """Return the host's git. Raises ToolError."""
    found = next((p / "git" for p in settings.search_path if p.is_absolute() and (p / "git").is_file()), None)
    if found is None:
        raise ToolError(
            "git was not found", hint="install git, or put a wheel of the package into the model or an index"
        )
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Repository:
    """A bare repository of our own, in a neutral directory, for one commit."""

    git: Path
    url: SafeUrl
    directory: Path
    settings: Settings

    def archive(self, commit: str) -> Path:
        """Fetch the commit and return the tar of its files, as git makes it."""
        self._checked(self._git("init", "--quiet", "--bare", "repository", inside=False))
        # Servers that do not give any commit by its name give their branches and tags.
        for what in (["--depth=1", commit], ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]):
            options, wanted = [w for w in what if w.startswith("--")], [w for w in what if w[:2] != "--"]
            fetched = self._git(
                "fetch", "--quiet", "--no-tags", "--no-recurse-submodules",
                *options, "--", self.url.secret, *wanted,
            )  # fmt: skip
            if self._has(commit):
                break
        else:
            raise _unfetched(self.url, commit, fetched)
        tar = self.directory / "commit.tar"
        self._checked(self._git("archive", "--format=tar", f"--output={tar}", commit))
        return tar

    def _has(self, commit: str) -> bool:
        """Whether that very commit is here: git names its objects by the hash of what it received."""
        found = self._git("rev-parse", "--quiet", "--verify", "--end-of-options", f"{commit}^{{commit}}")
        return found.ok and found.stdout.strip() == commit

    def _git(self, *arguments: str, inside: bool = True) -> Finished:
        options = [f"--git-dir={self.directory / 'repository'}"] if inside else []
        for name, value in CONFIGURATION.items():
            options += ["-c", f"{name}={value}"]
        for start, place in TRANSPORT.instead:
            options += ["-c", f"url.{place}.insteadOf={start}"]
        return run(
            [str(self.git), *options, *arguments],
            directory=self.directory,
            variables=_variables(dict(self.settings.tool_variables)),
            seconds=SECONDS,
        )

    def _checked(self, done: Finished) -> None:
        if not done.ok:
            raise BuildError(
                f"git cannot read {self.url}", code="build/vcs", detail=done.tail(), hint="update git"
            )


def _variables(host: Mapping[str, str]) -> dict[str, str]:
    """The host's proxies and certificates in git's words, and our rules."""
    files = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
    bundle = next((host[name] for name in files if host.get(name)), "")
    certificates = {"GIT_SSL_CAINFO": bundle} if bundle else {}
    certificates |= {"GIT_SSL_CAPATH": host["SSL_CERT_DIR"]} if host.get("SSL_CERT_DIR") else {}
    return {**host, **VARIABLES, **certificates, "GIT_ALLOW_PROTOCOL": TRANSPORT.protocols}


def _unfetched(url: SafeUrl, commit: str, done: Finished) -> BuildError:
    passing = _NETWORK.search(done.stderr)
    return BuildError(
        f"commit {commit} cannot be had from {url}",
        code="build/network" if passing else "build/vcs",
        detail=done.tail(),
        hint="check that the repository still has it and can be read without a password",
    )


def _members(tar: Path, url: SafeUrl) -> Iterator[Member]:
    """Yield the files of git's tar by name; a link to a file inside becomes a copy of it."""
    with tarfile.open(tar, mode="r:") as archive:
        entries = {entry.name: entry for entry in archive if not entry.isdir()}
        if len(entries) > limits.TREE_FILES or sum(e.size for e in entries.values()) > limits.TREE_BYTES:
            raise BuildError(
                f"{url} is too large: more than {limits.TREE_FILES} files or {limits.TREE_BYTES} bytes",
                code="build/vcs",
                hint="publish the package in your index",
            )
        for name in sorted(entries, key=lambda name: name.split("/")):
            if not {"", ".", "..", ".git"}.isdisjoint(name.split("/")) or not name.isprintable():
                raise BuildError(f"{excerpt(name)} of {url} is no path of a source tree", code="build/vcs")
            entry = _file(name, entries, url)
            stream = archive.extractfile(entry)
            assert stream is not None  # noqa: S101
            yield Member(path=name, executable=bool(entry.mode & 0o100), content=stream.read())


def _file(name: str, entries: Mapping[str, tarfile.TarInfo], url: SafeUrl) -> tarfile.TarInfo:
    entry = entries[name]
    for _ in range(limits.LINKS):
        if entry.isreg():
            return entry
        target = _inside(PurePosixPath(entry.name).parent, entry.linkname) if entry.issym() else ""
        if target not in entries:
            break
        entry = entries[target]
    raise BuildError(
        f"{excerpt(name)} of {url} is a link that leads to no file of the repository",
        code="build/vcs",
        hint="publish the package in your index",
    )


def _inside(folder: PurePosixPath, target: str) -> str:
    """Return where a link leads, as a path of the tree; empty if that is outside."""
    parts = list(folder.parts)
    if target.startswith("/"):
        return ""
    for part in PurePosixPath(target).parts:
        if part == "..":
            if not parts:
                return ""
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)
