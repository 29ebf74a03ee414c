"""Packages of a ``pylock.toml`` that no index has, in the words of PEP 751: archive, directory, vcs.

``packages.archive`` has a sha256 by itself; that of our own archive of a source tree or a commit stands in
``packages.tool``. Paths are relative to the model: there the lock file belongs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from envbuilder.lock import Artifact, Commit, Kind, LinkedArchive, ModelFile, ModelTree
from envbuilder.redact import SafeUrl
from envbuilder.spec import PypiName

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.pylock import Package, PackageVcs

_SHA256 = re.compile("[0-9a-f]{64}")
_COMMIT = re.compile("[0-9a-f]{40}")


def located_package(artifact: Artifact) -> dict[str, Any]:
    """Return the package's table."""
    facts: dict[str, Any] = {"version": artifact.version, "kind": artifact.kind.value}
    facts |= {"filename": artifact.filename, "sha256": artifact.sha256, "size": artifact.size}
    package: dict[str, Any] = {"name": artifact.name}
    hashes = {"hashes": {"sha256": artifact.sha256}} | ({"size": artifact.size} if artifact.size else {})
    match artifact.source:
        case ModelFile(path=path):
            package |= {"version": artifact.version, "archive": {"path": path, **hashes}}
        case ModelTree(path=path):
            package["directory"] = {"path": path}
        case Commit(commit=commit, subdirectory=subdirectory):
            vcs = {"type": "git", "url": artifact.url.stripped, "commit-id": commit}
            package["vcs"] = vcs | ({"subdirectory": subdirectory} if subdirectory else {})
        case _:
            package |= {"version": artifact.version, "archive": {"url": artifact.url.stripped, **hashes}}
    return package | {"tool": {"envbuilder": facts}}


def located_artifact(package: Package) -> Artifact:
    """Return the artifact of such a table. Raises KeyError, TypeError, ValueError for what is none of ours."""
    facts = (package.tool or {})["envbuilder"]
    sha256 = _text(facts, "sha256")
    if not _SHA256.fullmatch(sha256) or (package.archive and package.archive.hashes.get("sha256") != sha256):
        raise ValueError(f"the sha256 of {package.name} is none, or not that of its archive")
    return Artifact(
        name=PypiName(package.name),
        version=_text(facts, "version"),
        kind=Kind(facts["kind"]),
        filename=_text(facts, "filename"),
        url=SafeUrl((package.archive and package.archive.url) or (package.vcs and package.vcs.url) or ""),
        sha256=sha256,
        size=int(facts["size"]),
        source=_source(package),
    )


def _source(package: Package) -> LinkedArchive | ModelFile | ModelTree | Commit:
    if package.vcs:
        return _commit(package.vcs)
    if package.directory:
        return ModelTree(path=package.directory.path)
    assert package.archive is not None  # noqa: S101
    return ModelFile(path=package.archive.path) if package.archive.path else LinkedArchive()


def _commit(vcs: PackageVcs) -> Commit:
    folder = vcs.subdirectory or ""
    if vcs.type != "git" or not _COMMIT.fullmatch(vcs.commit_id):
        raise ValueError("a commit is not named by the 40 digits that git gives it")
    if folder.startswith("/") or ".." in folder.split("/"):
        raise ValueError("the folder of a commit leaves it")
    return Commit(commit=vcs.commit_id, subdirectory=folder)


def _text(facts: Mapping[str, Any], key: str) -> str:
    value = facts[key]
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    return value
