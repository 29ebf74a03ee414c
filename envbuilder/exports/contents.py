"""What an export of a lock holds, once every member was found to be what its manifest and its lock say."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from envbuilder.archives.inspection import form_of, inspect_archive
from envbuilder.archives.unpacking import unpack_archive
from envbuilder.errors import EnvbuilderError
from envbuilder.exports.manifest import LOCK, NAME, WHEELS, Manifest, Mark
from envbuilder.exports.result import ExportError
from envbuilder.lock import Kind
from envbuilder.redact import excerpt
from envbuilder.references.shelf import sha256_of
from envbuilder.resolver.pylock import read_pylock
from envbuilder.store.fields import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.lock import Artifact, Lock

_LONGEST: Final = 16 * 1024 * 1024
"""Bytes of a manifest or a lock; one of a thousand packages has half a megabyte."""
_ENGINES: Final = ("uv", "pip")


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """An export that was unpacked and checked. ``wheels`` are in the order of the lock's artifacts."""

    manifest: Manifest
    lock: Lock
    wheels: tuple[Path, ...]


def unpack_export(archive: Path, folder: Path) -> Contents:
    """Unpack an export into an empty folder and check all of it.

    Raises ArchiveRefused (``archive/…``), ExportError (``export/…``), StoreError.
    """
    name = archive.name if form_of(archive.name) else f"{archive.name}.tar"
    unpack_archive(archive, folder, name=name)
    manifest = _read_manifest(folder)
    _check_members(folder, manifest)
    lock = _read_lock(folder, manifest)
    _check_lock(lock, manifest)
    wheels = tuple(folder / WHEELS / artifact.filename for artifact in lock.artifacts)
    for wheel in wheels:
        inspect_archive(wheel, contents=False)
    return Contents(manifest=manifest, lock=lock, wheels=wheels)


def _read_manifest(folder: Path) -> Manifest:
    try:
        return Manifest.parse(_read(folder / NAME))
    except (Unreadable, OSError) as error:
        raise ExportError(
            f"its {NAME} is none that this version reads: {excerpt(str(error))}",
            hint="export it again, with a version that is not newer than this one",
        ) from None


def _read_lock(folder: Path, manifest: Manifest) -> Lock:
    try:
        lock = read_pylock(_read(folder / LOCK).decode())
    except (UnicodeDecodeError, OSError) as error:
        raise ExportError(f"its {LOCK} cannot be read: {excerpt(str(error))}", hint=_AGAIN) from None
    except EnvbuilderError as error:
        raise ExportError(f"its {LOCK}: {error.message}", hint=_AGAIN) from None
    if lock.lock_id != manifest.lock_id:
        raise ExportError(
            f"its {LOCK} is not the lock that its manifest names",
            code="export/changed",
            detail=f"named {manifest.lock_id}\nfound {lock.lock_id}",
            hint=_AGAIN,
        )
    return lock


def _read(path: Path) -> bytes:
    if path.stat().st_size > _LONGEST:
        raise Unreadable("it is too long")
    return path.read_bytes()


def _check_members(folder: Path, manifest: Manifest) -> None:
    """Look that exactly the files are there that the manifest lists, with these bytes."""
    listed = {mark.path: mark for mark in manifest.members}
    found = set(_files(folder)) - {NAME}
    for path in sorted(found - listed.keys()):
        raise ExportError(
            f"it has a member {excerpt(path)!r} that its manifest does not list",
            code="export/extra-member",
            hint=_AGAIN,
        )
    for path in sorted(listed.keys() - found):
        raise ExportError(f"it lacks {excerpt(path)!r}", code="export/missing-member", hint=_AGAIN)
    if len(listed) != len(manifest.members):
        raise ExportError("its manifest lists a member twice", hint=_AGAIN)
    for mark in manifest.members:
        _check_member(folder, mark)


def _check_member(folder: Path, mark: Mark) -> None:
    path = folder / mark.path
    sha256 = sha256_of(path)
    if (path.stat().st_size, sha256) != (mark.size, mark.sha256):
        raise ExportError(
            f"{excerpt(mark.path)} is not the file that was exported",
            code="export/changed",
            detail=f"exported sha256 {mark.sha256}\nfound sha256 {sha256}",
            hint=_AGAIN,
        )


def _files(folder: Path) -> Iterator[str]:
    """Yield the paths of all files; links are none that an export has."""
    for top, folders, names in os.walk(folder):
        for name in (*folders, *names):
            path = Path(top, name)
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                yield path.relative_to(folder).as_posix()
            elif not stat.S_ISDIR(mode):
                raise ExportError(
                    f"it has a link {excerpt(path.name)!r}", code="export/extra-member", hint=_AGAIN
                )


def _check_lock(lock: Lock, manifest: Manifest) -> None:
    """Look that the lock names exactly the wheels that are there, each by a name of its own."""
    if lock.engine not in _ENGINES:
        raise ExportError(f"its lock is of an engine {excerpt(lock.engine)!r}", hint=_AGAIN)
    if not all(part.isidentifier() for module in lock.imports for part in module.split(".")):
        raise ExportError("its lock names modules that are none", hint=_AGAIN)
    wheels = {mark.path: mark.sha256 for mark in manifest.members if mark.path.startswith(f"{WHEELS}/")}
    asked = {f"{WHEELS}/{artifact.filename}": artifact.sha256 for artifact in lock.artifacts}
    if wheels != asked or len(asked) != len(lock.artifacts):
        raise ExportError("its wheels are not those of its lock", code="export/changed", hint=_AGAIN)
    for artifact in lock.artifacts:
        _check_name(artifact)
    built = {(mark.name, mark.version, mark.sha256) for mark in manifest.built}
    if not built <= {(str(a.name), a.version, a.sha256) for a in lock.artifacts}:
        raise ExportError("its manifest tells of a build that its lock does not have", hint=_AGAIN)


def _check_name(artifact: Artifact) -> None:
    try:
        name, version = parse_wheel_filename(artifact.filename)[:2]
        same = (str(name), str(version)) == (artifact.name, artifact.version)
    except InvalidWheelFilename:
        same = False
    if not same or artifact.kind is not Kind.WHEEL or artifact.source is not None:
        raise ExportError(f"{excerpt(artifact.filename)!r} is no wheel of {artifact.name}", hint=_AGAIN)


_AGAIN: Final = (
    "fetch or export it again, and compare the sha256 of the whole file with the one that was told"
)
