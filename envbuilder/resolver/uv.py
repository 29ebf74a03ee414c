"""The default engine: ``uv pip compile`` as a subprocess that sees only files we wrote."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w
from packaging.pylock import Package, PackageSdist, PackageWheel, Pylock, PylockValidationError
from packaging.requirements import Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    parse_sdist_filename,
    parse_wheel_filename,
)

from envbuilder.errors import ToolError, UsageError
from envbuilder.interpreters.managed import uv_binary
from envbuilder.lock import Artifact, Kind
from envbuilder.policy import Builds
from envbuilder.process import neutral_directory, run
from envbuilder.redact import SafeUrl, excerpt
from envbuilder.relay.passage import Passage, passage
from envbuilder.resolver.archives import archive_of, located
from envbuilder.resolver.dating import rfc3339
from envbuilder.resolver.engine import Answer, Candidate, Question, Solution
from envbuilder.resolver.permits import with_permits
from envbuilder.resolver.uv_words import read_failure, read_yanked
from envbuilder.spec import PypiName

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from contextlib import AbstractContextManager

    from envbuilder.lock import Target
    from envbuilder.settings import Settings

FLAGS = (
    "--no-header", "--no-annotate", "--no-progress", "--color", "never",
    "--format", "pylock.toml", "--index-strategy", "first-index", "--keyring-provider", "disabled",
)  # fmt: skip
"""First-index: a name is looked up in one index only, so no other index can slip in a higher version."""

NO_REFERENCES: Mapping[PypiName, Requirement] = {}

GLIBC_PLATFORMS = (17, 28, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40)
"""The minor versions of glibc 2 that uv knows by name."""


class UvEngine:
    """Resolves for Python 3.6 and later with uv.

    ``cache`` is uv's own cache directory. ``index`` are the indexes to ask, in order; empty means the
    host's (``settings.index``), else uv's own default. ``builds`` says what may be built to read its
    metadata; since package code runs then, credentials never reach uv (envbuilder.relay). Raises ToolError
    if there is no uv.
    """

    name = "uv"

    def __init__(
        self, *, settings: Settings, cache: Path, index: Sequence[SafeUrl] = (), builds: Builds | None = None
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._index = tuple(index) or ((settings.index,) if settings.index else ())
        self._builds = builds or Builds()
        self._binary = uv_binary(settings)

    def solve(self, question: Question) -> Answer:
        """Answer one question. Raises ToolError if uv hangs or answers with nonsense."""
        return with_permits(question, self._builds, self._ask)

    def _ask(self, question: Question, sources: tuple[PypiName, ...]) -> Answer:
        with self._passage() as way, neutral_directory() as directory:
            argv = [str(self._binary), "pip", "compile", *FLAGS, *self._arguments(question)]
            argv += [f"--no-binary={name}" for name in sources]
            argv += ["--config-file", str(_configuration(way, directory))]
            argv += _input_files(question, way, directory)
            done = way.told(run(argv, directory=directory, variables=_variables(question, way)))
        if not done.ok:
            return read_failure(done.stderr)
        candidates = read_candidates(done.stdout, located(question.requirements))
        return Solution(candidates=candidates, yanked=read_yanked(done.stderr))

    def _arguments(self, question: Question) -> list[str]:
        interpreter = question.interpreter
        arguments = ["--cache-dir", str(self._cache.absolute()), "--python-version", question.target.python]
        arguments += ["--python", str(interpreter.path if interpreter else Path(sys.executable))]
        if not (interpreter and (interpreter.platform, interpreter.floor) == _place(question.target)):
            arguments += ["--python-platform", platform_name(question.target)]
        if question.cutoff:
            arguments += ["--exclude-newer", rfc3339(question.cutoff)]
            for name in question.exempt:
                arguments += ["--exclude-newer-package", f"{name}=false"]
        arguments += [] if question.dependencies else ["--no-deps"]
        arguments += ["--prerelease", "allow"] if question.prereleases else []
        arguments += [] if self._builds.sdist == "locked" else ["--only-binary", ":all:"]
        arguments += [f"--only-binary={name}" for name in question.wheels_only]
        arguments += ["--offline"] if self._settings.offline else []
        return arguments

    def _passage(self) -> AbstractContextManager[Passage]:
        variables = dict(self._settings.tool_variables)
        return passage(indexes=self._index, variables=variables, offline=self._settings.offline)


def _variables(question: Question, way: Passage) -> dict[str, str]:
    variables = {**way.variables, "UV_PYTHON_DOWNLOADS": "never"}
    if question.target.platform.startswith("macos-"):
        variables["MACOSX_DEPLOYMENT_TARGET"] = question.target.floor.removeprefix("macos-")
    return variables


def _configuration(way: Passage, directory: Path) -> Path:
    """Write the one configuration file that uv reads: the indexes in our order, nothing else."""
    tables: list[dict[str, str | bool]] = [{"url": url} for url in way.indexes]
    if tables:
        tables[-1] |= {"default": True}
    path = directory / "configuration.toml"
    path.write_text(tomli_w.dumps({"index": tables}), encoding="utf-8")
    return path


def platform_name(target: Target) -> str:
    """Return uv's name for the target's platform: the newest that the target's floor allows."""
    system, _, machine = target.platform.partition("-")
    machine = {"arm64": "aarch64"}.get(machine, machine)
    library, _, version = target.floor.partition("-")
    if machine in ("x86_64", "aarch64"):
        if system == "macos":
            return f"{machine}-apple-darwin"
        if library == "musl":
            return f"{machine}-unknown-linux-musl"
        if library == "glibc":
            minor = int(version.split(".")[1])
            return f"{machine}-manylinux_2_{max((m for m in GLIBC_PLATFORMS if m <= minor), default=17)}"
    raise UsageError(
        f"uv cannot resolve for {target.platform} ({target.floor}) from another platform",
        hint="lock on such a machine, with an interpreter of the version that is asked for",
    )


def read_candidates(
    text: str, direct: Mapping[PypiName, Requirement] = NO_REFERENCES
) -> tuple[Candidate, ...]:
    """Return the packages of a pylock (PEP 751) that uv wrote, sorted. Raises ToolError if it is none.

    ``direct`` are the requirements by URL that uv was asked for.
    """
    try:
        document: dict[str, Any] = tomllib.loads(text)
        for package in document.get("packages", []):
            _keep_readable_files(package)
        packages = Pylock.from_dict(document).packages
    except (tomllib.TOMLDecodeError, PylockValidationError, TypeError, AttributeError) as error:
        raise ToolError(f"uv's lock cannot be read: {excerpt(str(error))}", hint="update uv") from None
    return tuple(sorted((_candidate(package, direct) for package in packages), key=lambda c: c.name))


def _keep_readable_files(package: dict[str, Any]) -> None:
    """Drop files whose names no standard allows: one odd old upload must not spoil the whole lock."""
    wheels = [wheel for wheel in package.get("wheels", []) if _named_well(wheel, Kind.WHEEL)]
    package["wheels"] = wheels
    if "sdist" in package and not _named_well(package["sdist"], Kind.SDIST) and wheels:
        del package["sdist"]


def _named_well(file: dict[str, Any], kind: Kind) -> bool:
    name = str(file.get("name") or str(file.get("url", "")).rpartition("/")[2]).replace("%2B", "+")
    try:
        if kind is Kind.WHEEL:
            parse_wheel_filename(name)
        else:
            parse_sdist_filename(name)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return False
    return True


def _candidate(package: Package, direct: Mapping[PypiName, Requirement]) -> Candidate:
    name, version = PypiName(package.name), str(package.version)
    if package.archive:
        digest = package.archive.hashes.get("sha256", "")
        # By our own words: uv tells a file of this host by a path that it makes relative.
        url = (direct[name].url or "").partition("#")[0] if name in direct else package.archive.url
        return archive_of(Requirement(f"{package.name} @ {url}#sha256={digest}"))
    files = [_artifact(name, version, Kind.WHEEL, wheel) for wheel in package.wheels or ()]
    files += [_artifact(name, version, Kind.SDIST, package.sdist)] if package.sdist else []
    return Candidate(name=name, version=version, files=tuple(files))


def _artifact(name: PypiName, version: str, kind: Kind, file: PackageWheel | PackageSdist) -> Artifact:
    return Artifact(
        name=name,
        version=version,
        kind=kind,
        filename=file.filename,
        url=SafeUrl(file.url or file.path or ""),
        sha256=file.hashes.get("sha256", ""),
        size=file.size or 0,
        uploaded=file.upload_time,
    )


def _place(target: Target) -> tuple[str, str]:
    return target.platform, target.floor


def _input_files(question: Question, way: Passage, directory: Path) -> list[str]:
    """Write what is asked into files of the neutral directory and return the arguments that name them."""
    arguments: list[str] = []
    files = {"--constraints": question.constraints, "--overrides": question.overrides}
    for option, lines in files.items():
        if lines:
            path = directory / f"{option.strip('-')}.txt"
            path.write_text(way.shown("\n".join(lines) + "\n"), encoding="utf-8")
            arguments += [option, str(path)]
    path = directory / "requirements.in"
    path.write_text(way.shown("\n".join(question.requirements) + "\n"), encoding="utf-8")
    return [*arguments, "--", str(path)]
