"""Writing and removing on the disk: small files in one step, whole trees synced, leftovers swept."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sys
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NUMBERS = count()
RECORD_PREFIX = "record-"
_ATTEMPTS = 20


def write_synced(path: Path, content: bytes) -> None:
    """Write a new file and wait until it is on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    with open(descriptor, "wb") as stream:  # noqa: PTH123 - a descriptor
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())


def replace_file(path: Path, content: bytes, *, tmp: Path) -> None:
    """Put a file in its place in one step: readers see the old one or the new one, whole. Raises OSError.

    The unfinished file is locked while it is written, so that sweep_records() knows the dead ones.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished, descriptor = _locked_file(tmp)
    try:
        with open(descriptor, "wb", closefd=False) as stream:
            stream.write(content)
        os.fsync(descriptor)
        os.rename(unfinished, path)  # noqa: PTH104
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    finally:
        os.close(descriptor)


def _locked_file(tmp: Path) -> tuple[Path, int]:
    while True:
        path = tmp / f"{RECORD_PREFIX}{os.getpid()}-{next(_NUMBERS)}"
        with contextlib.suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            with contextlib.suppress(OSError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                # A sweeper may have taken it for a dead one between the two calls.
                if path.exists():
                    return path, descriptor
            os.close(descriptor)


def sweep_records(tmp: Path) -> None:
    """Remove what writers left that were killed. Never waits."""
    for path in tmp.glob(f"{RECORD_PREFIX}*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(descriptor).st_ino == path.stat().st_ino:
                    path.unlink()
            finally:
                os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Wait until a directory's entries are on the disk. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file_system(path: Path) -> None:
    """Wait until everything on the file system of ``path`` is on the disk: syncfs(2), else sync(2).

    One call for a whole tree: a third of the time that an fsync of every file takes. Raises OSError.
    """
    if sys.platform != "linux":
        os.sync()
        return
    import ctypes

    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.syncfs(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), str(path))
    finally:
        os.close(descriptor)


def discard(path: Path, trash: Path) -> Path:
    """Take something out of use in one step, and return where it waits to be deleted. Raises OSError."""
    trash.mkdir(exist_ok=True)
    while True:
        place = trash / f"{path.name}-{os.getpid()}-{next(_NUMBERS)}"
        if not os.path.lexists(place):
            os.rename(path, place)  # noqa: PTH104
            return place


def remove_tree(path: Path) -> None:
    """Remove a tree, read-only folders included; nothing there is fine. Raises OSError."""
    if path.is_symlink() or path.is_file():
        path.unlink()
        return
    import shutil

    # Somebody else may be removing the same one; then what is missed in between is no end of the work.
    for attempt in range(_ATTEMPTS):
        for folder in _folders(path):
            with contextlib.suppress(OSError):
                folder.chmod(0o700)
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            if not path.exists():
                return
            if attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _folders(path: Path) -> Iterator[Path]:
    for folder, _, _ in os.walk(path):
        yield Path(folder)
