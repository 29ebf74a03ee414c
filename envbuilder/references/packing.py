"""Source trees as archives: the same bytes for the same files, on every host and with every Python.

A ``.tar.gz`` whose gzip part stores without compressing: what zlib makes of a text differs between its
versions. Times, owners and all modes but "executable" are fixed; the files stand below ``source/``.
"""

from __future__ import annotations

import io
import struct
import tarfile
import zlib
from pathlib import PurePosixPath
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from envbuilder.reader.trees import Member

FILENAME = "source.tar.gz"
TOP = "source"

EPOCH = 315532800
"""1980-01-01 UTC, in seconds: the first time that a wheel (a zip file) can hold."""

_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
"""gzip (RFC 1952) without a name, time or system."""
_BLOCK = 0xFFFF
"""Bytes of a stored block of DEFLATE (RFC 1951)."""


def pack(members: Iterable[Member], write: Callable[[bytes], None]) -> None:
    """Write the archive of these files, in their order."""
    stored = _StoredGzip(write)
    stream = cast("IO[bytes]", stored)
    with tarfile.open(mode="w|", fileobj=stream, format=tarfile.PAX_FORMAT, encoding="utf-8") as archive:
        for member in members:
            entry = tarfile.TarInfo(f"{TOP}/{member.path}")
            entry.size = len(member.content)
            entry.mode = 0o755 if member.executable else 0o644
            entry.mtime = EPOCH
            archive.addfile(entry, io.BytesIO(member.content))
    stored.finish()


def unpack(archive: Path, folder: Path) -> Path:
    """Write the files of an archive of pack() below an empty folder and return the tree. Raises ValueError."""
    with tarfile.open(archive, mode="r|gz") as stream:
        for entry in stream:
            path = PurePosixPath(entry.name)
            content = stream.extractfile(entry) if entry.isreg() else None
            if content is None or path.is_absolute() or ".." in path.parts or path.parts[0] != TOP:
                raise ValueError(f"{archive} is no archive of ours")
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content.read())
            place.chmod(entry.mode)
    (folder / TOP).mkdir(exist_ok=True)
    return folder / TOP


class _StoredGzip:
    """gzip made of stored blocks: a file to write to."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self._write = write
        self._crc = 0
        self._size = 0
        self._pending = bytearray()
        write(_HEADER)

    def write(self, data: bytes) -> int:
        self._crc = zlib.crc32(data, self._crc)
        self._size += len(data)
        self._pending += data
        full = len(self._pending) // _BLOCK * _BLOCK
        for start in range(0, full, _BLOCK):
            self._block(bytes(self._pending[start : start + _BLOCK]), last=False)
        del self._pending[:full]
        return len(data)

    def finish(self) -> None:
        self._block(bytes(self._pending), last=True)
        self._write(struct.pack("<LL", self._crc, self._size & 0xFFFFFFFF))

    def _block(self, data: bytes, *, last: bool) -> None:
        self._write(struct.pack("<BHH", last, len(data), len(data) ^ _BLOCK) + data)
