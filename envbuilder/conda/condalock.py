"""A lock as ``conda-lock.yml`` (conda-lock's format, version 1) and back.

Written by conda-lock's own models, in a child process: the library promises no interface and loads much. Read
with PyYAML alone, since every known lock is read again. conda-lock, micromamba and pixi install from the
file; what they have no field for stands in ``custom_metadata`` (envbuilder.conda.facts).
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from envbuilder.conda.facts import Entry, facts_of, lock_from
from envbuilder.conda.subdirs import subdir_of
from envbuilder.errors import EnvbuilderError, ToolError
from envbuilder.lock import Commit, ModelFile, ModelTree
from envbuilder.process import neutral_directory, run
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envbuilder.lock import Artifact, CondaPackage, Lock

FILENAME = "conda-lock.yml"

HEADER = """\
# Made by envbuilder. A lock for one platform: every package with its hashes; envbuilder reads it back.
# Install it with `conda-lock install -n NAME {filename}` or `micromamba create -n NAME -f {filename}`.
"""

_CHILD = Path(__file__).with_name("condalock_child.py")
_COMMUNITY = "https://conda.anaconda.org/"
_SHA256 = re.compile("[0-9a-f]{64}")
_MISSING = 3
"""The child's exit code where it has no conda-lock."""

_FAULTS = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What reading raises of a file that is none of ours."""

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def write_conda_lock(lock: Lock) -> str:
    """Return the lock as text: the same bytes for the same lock, no credentials in it.

    Raises ToolError where conda-lock is missing, EnvbuilderError (``lock/unhashed``) for a package whose channel
    gives no md5: the format wants one.
    """
    return HEADER.format(filename=FILENAME) + _written(contents_of(lock))


def contents_of(lock: Lock) -> dict[str, Any]:
    """Return what the file is made of, in its own words. Raises as write_conda_lock() does."""
    entries = [*map(_conda_entry, lock.conda), *map(_pip_entry, lock.artifacts)]
    return {
        "platform": subdir_of(lock.target.platform),
        "channels": [_channel(url) for url in sorted({package.channel for package in lock.conda})],
        "content_hash": lock.spec_id,
        "custom_metadata": facts_of(lock, entries),
        "packages": [_fields(entry) for entry in entries],
    }


def read_conda_lock(text: str) -> Lock:
    """Return the lock in a ``conda-lock.yml`` of ours. Raises EnvbuilderError (``lock/unreadable``)."""
    try:
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
        if document["version"] != 1:
            raise ValueError("its version is not 1")
        entries = [_entry(package) for package in document["package"]]
        return lock_from(document["metadata"]["custom_metadata"], entries)
    except (yaml.YAMLError, *_FAULTS) as error:
        raise EnvbuilderError(
            f"the lock cannot be read: {excerpt(str(error), 200)}",
            code="lock/unreadable",
            hint="make it again: envbuilder lock MODEL --engine conda",
        ) from None


def _conda_entry(package: CondaPackage) -> Entry:
    if not package.md5:
        raise EnvbuilderError(
            f"{package.name} {package.version} cannot be locked: {package.channel} gives no md5 of it",
            code="lock/unhashed",
            hint="index the channel anew (conda's own tools and rattler-index write both hashes)",
        )
    return Entry(
        manager="conda", name=package.name, version=package.version, build=package.build,
        url=package.url.stripped, sha256=package.sha256, md5=package.md5,
        depends=_by_name(package.depends),
    )  # fmt: skip


def _by_name(depends: Iterable[str]) -> tuple[str, ...]:
    """The format has one constraint for each name, sorted; two on one name are joined."""
    found: dict[str, str] = {}
    for item in depends:
        name, _, constraint = item.partition(" ")
        earlier = found.get(name)
        plain = earlier and constraint and " " not in earlier + constraint
        found[name] = f"{earlier},{constraint}" if plain else constraint or earlier or ""
    return tuple(f"{name} {constraint}".strip() for name, constraint in sorted(found.items()))


def _pip_entry(artifact: Artifact) -> Entry:
    url = artifact.url.stripped
    match artifact.source:
        case Commit(commit=commit, subdirectory=subdirectory):
            url = f"git+{url}@{commit}" + (f"#subdirectory={subdirectory}" if subdirectory else "")
        case ModelFile(path=path) | ModelTree(path=path):
            url = f"./{path}"  # relative to the model
    return Entry(manager="pip", name=artifact.name, version=artifact.version, url=url, sha256=artifact.sha256)


def _fields(entry: Entry) -> dict[str, Any]:
    """One package in the words of the format."""
    hashes = {"md5": entry.md5} if entry.md5 else {}
    return {
        "name": entry.name,
        "version": entry.version,
        "manager": entry.manager,
        "dependencies": dict(_named(item) for item in entry.depends),
        "url": entry.url,
        "hash": {**hashes, "sha256": entry.sha256},
        "build": entry.build or None,
    }


def _named(item: str) -> tuple[str, str]:
    name, _, constraint = item.partition(" ")
    return name, constraint


def _entry(package: dict[str, Any]) -> Entry:
    name, hashes = _text(package, "name"), package["hash"]
    sha256 = _text(hashes, "sha256")
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"the sha256 of {name} is none")
    needs = package["dependencies"]
    return Entry(
        manager=_text(package, "manager"),
        name=name,
        version=_text(package, "version"),
        url=_text(package, "url"),
        sha256=sha256,
        md5=_text(hashes, "md5", ""),
        build=_text(package, "build", ""),
        depends=tuple(f"{other} {_text(needs, other)}".strip() for other in needs),
    )


def _text(table: dict[str, Any], key: str, default: str | None = None) -> str:
    value = table[key] if default is None else table.get(key, default)
    # Never made into text: of aliases that multiply, that would be too long for any host.
    if not isinstance(value, str) or not isinstance(key, str):
        raise TypeError("what has to be text is none")
    return value


def _channel(url: str) -> str:
    """A channel in the words that people and tools write."""
    return url.removeprefix(_COMMUNITY)


def _written(question: dict[str, Any]) -> str:
    with neutral_directory() as directory:
        asked, answer = directory / "question.json", directory / FILENAME
        asked.write_text(json.dumps(question), encoding="utf-8")
        argv = [sys.executable, "-I", str(_CHILD), str(asked), str(answer)]
        done = run(argv, directory=directory, variables={}, seconds=300)
        if done.returncode == _MISSING:
            raise ToolError(
                "conda-lock is not installed, whose format conda locks have",
                hint="install it: pip install 'envbuilder[conda]'",
            )
        if not done.ok:
            raise ToolError(
                "conda-lock did not write the lock", detail=done.tail(), hint="install conda-lock 4.0.3"
            )
        return answer.read_text("utf-8")
