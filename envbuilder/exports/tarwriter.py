"""Writing tar archives: the same bytes for the same files, whoever writes them and when."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tarfile
from typing import IO, TYPE_CHECKING, Final, cast

from envbuilder.errors import UsageError
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

EPOCH: Final = 315532800
"""1980-01-01 UTC, in seconds: the first time that a wheel (a zip file) can hold."""


class Sink:
    """A file to write to that hashes what it is given. ``size`` is in bytes."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """Of everything so far, 64 hex digits."""
        return self._hash.hexdigest()

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        self._hash.update(data)
        self.size += len(data)
        return self._stream.write(data)


@contextlib.contextmanager
def new_file(place: Path) -> Iterator[Sink]:
    """Write a file for the user, whole or not at all, never through a link. Raises UsageError."""
    if place.is_symlink() or place.is_dir():
        raise UsageError(
            f"{excerpt(str(place), 200)} is a {'link' if place.is_symlink() else 'folder'}",
            hint="name another file with -o",
        )
    unfinished = place.with_name(f".{place.name}.{os.getpid()}")
    try:
        with _told(place):
            place.parent.mkdir(parents=True, exist_ok=True)
            stream = unfinished.open("xb")
        with stream:
            sink = Sink(stream)
            with _told(place):
                yield sink
                stream.flush()
                os.fsync(stream.fileno())
        with _told(place):
            unfinished.replace(place)
    finally:
        with contextlib.suppress(OSError):
            unfinished.unlink()


@contextlib.contextmanager
def _told(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{excerpt(str(place), 200)} cannot be written: {reason}", hint="name another file with -o"
        ) from error


class TarWriter:
    """A tar archive (POSIX.1-2017 pax) that is written as a stream: owners, times and modes are fixed."""

    def __init__(self, write: Callable[[bytes], int], top: str = "") -> None:
        stream = cast("IO[bytes]", _Writable(write))
        self._archive = tarfile.open(  # noqa: SIM115 - closed by close()
            mode="w|", fileobj=stream, format=tarfile.PAX_FORMAT, encoding="utf-8"
        )
        self._top = top

    def close(self) -> None:
        """Write the end."""
        self._archive.close()

    def add_bytes(self, name: str, content: bytes, *, runnable: bool = False) -> None:
        """Add a file of these bytes."""
        self._add_stream(name, io.BytesIO(content), len(content), runnable=runnable)

    def add_file(self, name: str, path: Path) -> None:
        """Add a file. Raises OSError."""
        with path.open("rb") as stream:
            found = os.fstat(stream.fileno())
            self._add_stream(name, stream, found.st_size, runnable=bool(found.st_mode & 0o100))

    def add_link(self, name: str, target: str) -> None:
        """Add a symbolic link."""
        entry = self._entry(name, tarfile.SYMTYPE, 0o777)
        entry.linkname = target
        self._archive.addfile(entry)

    def add_folder(self, name: str) -> None:
        """Add a folder."""
        self._archive.addfile(self._entry(name, tarfile.DIRTYPE, 0o755))

    def _add_stream(self, name: str, stream: IO[bytes], size: int, *, runnable: bool) -> None:
        entry = self._entry(name, tarfile.REGTYPE, 0o755 if runnable else 0o644)
        entry.size = size
        self._archive.addfile(entry, stream)

    def _entry(self, name: str, kind: bytes, mode: int) -> tarfile.TarInfo:
        entry = tarfile.TarInfo(f"{self._top}{name}")
        entry.type = kind
        entry.mode = mode
        entry.mtime = EPOCH
        return entry


class _Writable:
    """The one method of a file that tarfile's streams need."""

    def __init__(self, write: Callable[[bytes], int]) -> None:
        self.write = write
