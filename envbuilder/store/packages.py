"""The package caches behind the environments: uv's, the bytecode, the fetched files.

Environments share their files with uv's cache and the bytecode by hardlinks; of conda packages archives are
kept, and no environment has a file of another. What is in a cache and in no environment is
worth a download, nothing more; what was damaged in an environment is damaged in the cache as well.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.store.faults import reach
from envbuilder.store.files import discard

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from envbuilder.store.layout import Layout

_POINTER = 64 * 1024
"""uv's pointers to an unpacked wheel have some hundred bytes."""
_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Unit:
    """What is removed as a whole: an unpacked wheel, one module's bytecode, one fetched file."""

    path: Path
    kind: str
    """``wheel``, ``conda`` (the archive of a conda package), ``bytecode`` or ``file``."""


def units(layout: Layout) -> Iterator[Unit]:
    """Yield everything in the caches that can be removed for itself. Raises OSError."""
    for archives in layout.uv_cache.glob("archive-v*"):
        for path in archives.iterdir():
            yield Unit(path, "wheel")
    for path in (layout.conda_cache / "archives").glob("*/*"):
        yield Unit(path, "conda")
    for folder in (layout.packages / "bytecode").glob("*/*"):
        for path in folder.iterdir():
            yield Unit(path, "bytecode")
    for path in (layout.packages / "files").glob("*/*"):
        yield Unit(path, "file")


@contextlib.contextmanager
def uv_lock(layout: Layout, *, seconds: float = 0.0) -> Iterator[bool]:
    """Hold uv's own lock on its cache; yields False if uv is at work for longer than ``seconds``.

    Every uv holds it shared while it runs, so nothing vanishes under one; one that starts now waits.
    """
    path = layout.uv_cache / ".lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        held = _try(descriptor, until=time.monotonic() + seconds)
        yield held
        if held:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def using_conda(layout: Layout) -> Iterator[None]:
    """Hold what channels gave: no list vanishes while somebody solves, no archive while he installs. Raises OSError."""
    with _conda_lock(layout) as descriptor:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def conda_lock(layout: Layout) -> Iterator[bool]:
    """Hold what channels gave alone; yields False if somebody solves or installs."""
    with _conda_lock(layout) as descriptor:
        yield _try(descriptor, until=time.monotonic())


@contextlib.contextmanager
def _conda_lock(layout: Layout) -> Iterator[int]:
    layout.conda_cache.mkdir(parents=True, exist_ok=True)
    path = layout.conda_cache / ".use"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        yield descriptor
    finally:
        # By hand: a child forked by another thread may hold the descriptor, and must not hold the lock.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _try(descriptor: int, *, until: float) -> bool:
    while True:
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(_POLL)


def remove_wheels(layout: Layout, archives: Collection[Path]) -> tuple[Path, ...]:
    """Take unpacked wheels out of uv's cache and return where they wait to be deleted; needs uv_lock().

    First every file that names one: a pointer to nothing makes uv fail. Raises OSError.
    """
    names = {os.fsencode(path.name) for path in archives}
    for pointer in _pointers(layout.uv_cache):
        if any(name in _content(pointer) for name in names):
            pointer.unlink(missing_ok=True)
    reach("unpointed")
    return tuple(discard(path, layout.trash) for path in archives if path.exists())


def _pointers(cache: Path) -> Iterator[Path]:
    for bucket in cache.iterdir():
        if not bucket.name.startswith(("wheels-", "sdists-")):
            continue
        for folder, folders, names in os.walk(bucket):
            # The source trees of packages hold none.
            folders[:] = [name for name in folders if name != "src"]
            yield from (Path(folder, name) for name in names)
            yield from (path for path in (Path(folder, name) for name in folders) if path.is_symlink())


def _content(pointer: Path) -> bytes:
    with contextlib.suppress(OSError):
        if pointer.is_symlink():
            return os.fsencode(pointer.readlink())
        if pointer.stat().st_size <= _POINTER:
            return pointer.read_bytes()
    return b""


def remove_inodes(layout: Layout, inodes: Collection[int], *, seconds: float) -> bool:
    """Take everything out of the caches that shares a file with these; False if uv left no gap for it.

    Raises OSError.
    """
    guilty = [unit for unit in units(layout) if inodes and any(ino in inodes for ino in _inodes(unit.path))]
    for unit in guilty:
        if unit.kind != "wheel":
            discard(unit.path, layout.trash)
    wheels = [unit.path for unit in guilty if unit.kind == "wheel"]
    if not wheels:
        return True
    with uv_lock(layout, seconds=seconds) as held:
        if held:
            remove_wheels(layout, wheels)
        return held


def remove_conda(layout: Layout, archives: Collection[Path]) -> None:
    """Take archives of conda packages out of their cache, unless somebody installs. Raises OSError."""
    with contextlib.ExitStack() as held:
        if not archives or not held.enter_context(conda_lock(layout)):
            return
        for path in archives:
            with contextlib.suppress(FileNotFoundError):
                discard(path, layout.trash)


def remove_lists(layout: Layout, *, now: float, age: float) -> None:
    """Take lists of conda channels out that nobody read for ``age`` seconds; conda-forge's have 300 MB.

    Not while somebody solves or installs. Raises OSError.
    """
    lists = [p for p in (layout.conda_cache / "repodata").glob("*/*.json") if p.name != "state.json"]
    if lists:
        with conda_lock(layout) as held:
            for path in lists if held else ():
                if now - path.stat().st_mtime > age:
                    discard(path, layout.trash)


def _inodes(path: Path) -> Iterator[int]:
    yield path.lstat().st_ino
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                yield os.lstat(f"{folder}/{name}").st_ino


def sweep_temporaries(layout: Layout) -> None:
    """Remove what killed runs of uv left in its cache, unless one is at work. Raises OSError."""
    with uv_lock(layout) as held:
        if held:
            for bucket in (layout.uv_cache, *layout.uv_cache.glob("*-v*")):
                for path in bucket.glob(".tmp*"):
                    discard(path, layout.trash)
