"""Whether an environment is still what was published: by sizes and times in milliseconds, or by every hash.

files.tsv, written when it was published, is what it is compared with; its own sha256 stands in the manifest.
"""

from __future__ import annotations

import enum
import hashlib
import os
from dataclasses import dataclass
from stat import S_IFREG, S_ISDIR, S_ISLNK, S_ISREG
from typing import TYPE_CHECKING

from envbuilder.store.index import unchanged
from envbuilder.store.manifest import FOLDER, LISTING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envbuilder.store.manifest import Manifest

_EXECUTABLE = 0o111
_CACHE = "__pycache__"


class Harm(enum.Enum):
    """What happened to a file of an environment, as a code."""

    MISSING = "damage/missing"
    CHANGED = "damage/changed"
    SIZE = "damage/size"
    KIND = "damage/kind"
    MODE = "damage/mode"
    ADDED = "damage/added"
    LISTING = "damage/listing"
    MANIFEST = "damage/manifest"
    INTERPRETER = "damage/interpreter"


@dataclass(frozen=True, kw_only=True, slots=True)
class Damage:
    """One harmed file; ``path`` is relative to the prefix, or absolute for a file of the interpreter."""

    harm: Harm
    path: str


_whole: set[tuple[str, str]] = set()
"""Prefix and digest of the listing of what was looked at and found whole; once per process is enough."""


def whole(prefix: Path, manifest: Manifest) -> bool:
    """Whether no file is amiss by size and time; looks only once per process.

    Added files are for ``cache verify``: some packages write beside their own modules when root imports them,
    and building such an environment again for every process would help nobody.
    """
    key = (str(prefix), manifest.files_digest)
    if key not in _whole:
        if not unchanged(prefix, FOLDER, manifest.files_digest) and any(
            found.harm is not Harm.ADDED for found in damages(prefix, manifest, deep=False)
        ):
            return False
        _whole.add(key)
    return True


def forget(prefix: Path) -> None:
    """Look again the next time."""
    _whole.difference_update([key for key in _whole if key[0] == str(prefix)])


def damages(prefix: Path, manifest: Manifest, *, deep: bool) -> Iterator[Damage]:
    """Yield what is amiss. ``deep`` reads every byte, else a file whose size and time are right is believed.

    A file that has only another time is read: copying a store by a tool that drops times does no harm.
    """
    try:
        listing = (prefix / FOLDER / LISTING).read_bytes()
    except OSError:
        listing = b""
    if hashlib.sha256(listing).hexdigest() != manifest.files_digest:
        yield Damage(harm=Harm.LISTING, path=f"{FOLDER}/{LISTING}")
        return
    yield from _compare(str(prefix), listing.decode("utf-8", "surrogateescape"), deep=deep)


def _compare(prefix: str, listing: str, *, deep: bool) -> Iterator[Damage]:
    lstat = os.lstat
    paths: list[str] = []
    suspects = [""]
    for line in listing.split("\n")[:-1]:
        path, kind, mode, size, mtime, digest = line.split("\t")
        if "\\" in line:
            path, digest = unescaped(path), unescaped(digest)
        paths.append(path)
        whole_path = f"{prefix}/{path}"
        try:
            found = lstat(whole_path)
        except OSError:
            yield Damage(harm=Harm.MISSING, path=path)
            continue
        if kind == "f":
            if found.st_mtime_ns == int(mtime) and found.st_size == int(size) and not deep:
                harm = None if found.st_mode == S_IFREG | int(mode, 8) else _mode_harm(found, int(mode, 8))
            else:
                harm = _file_harm(whole_path, found, int(size), digest) or _mode_harm(found, int(mode, 8))
        elif kind == "l":
            harm = _link_harm(whole_path, found, digest)
        else:
            harm = None if S_ISDIR(found.st_mode) else Harm.KIND
            if harm is None and (deep or found.st_mtime_ns != int(mtime)):
                suspects.append(path)
        if harm:
            yield Damage(harm=harm, path=path)
    yield from _added(prefix, suspects, set(paths))


def _mode_harm(found: os.stat_result, mode: int) -> Harm | None:
    """A file that became writable still is what it was; one that cannot be run any more is not."""
    if not S_ISREG(found.st_mode):
        return Harm.KIND
    return Harm.MODE if (found.st_mode ^ mode) & _EXECUTABLE else None


def _file_harm(path: str, found: os.stat_result, size: int, digest: str) -> Harm | None:
    if not S_ISREG(found.st_mode):
        return Harm.KIND
    if found.st_size != size:
        return Harm.SIZE
    try:
        with open(path, "rb") as stream:  # noqa: PTH123 - thousands of times
            same = hashlib.sha256(stream.read()).hexdigest() == digest
    except OSError:
        return Harm.CHANGED
    return None if same else Harm.CHANGED


def _link_harm(path: str, found: os.stat_result, target: str) -> Harm | None:
    if not S_ISLNK(found.st_mode):
        return Harm.KIND
    try:
        return None if os.readlink(path) == target else Harm.CHANGED  # noqa: PTH115 - a text is wanted
    except OSError:
        return Harm.CHANGED


def _added(prefix: str, folders: list[str], known: set[str]) -> Iterator[Damage]:
    """Yield what stands in these folders and in no list.

    Bytecode is none: Python itself writes it for root, who may write everywhere, with ``-O`` for one.
    """
    for folder in folders:
        start = f"{folder}/" if folder else ""
        if folder.rpartition("/")[2] == _CACHE:
            continue
        try:
            names = os.listdir(f"{prefix}/{folder}")  # noqa: PTH208
        except OSError:
            yield Damage(harm=Harm.MISSING, path=folder)
            continue
        for name in sorted(names):
            if f"{start}{name}" not in known and name != _CACHE and (folder or name != FOLDER):
                yield Damage(harm=Harm.ADDED, path=f"{start}{name}")


def unescaped(text: str) -> str:
    """Undo envbuilder.store.survey.escaped()."""
    if "\\" not in text:
        return text
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\t", "\t").replace("\\n", "\n") for part in parts)
