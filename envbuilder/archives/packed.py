"""Unpacking as a stream, counted: gzip, bzip2, xz, Zstandard, or nothing around a tar."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from typing import IO, TYPE_CHECKING, Final

from envbuilder.archives.zstandard import Readable, zstd_stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typing_extensions import Buffer

    from envbuilder.archives.limits import Budget

_CHUNK: Final = 64 * 1024
_STREAMS: Final = 10_000
"""Streams behind each other in one gzip file: bgzip makes one for each 64 KiB, nobody makes more."""

MAGIC: Final = {"gz": b"\x1f\x8b", "bz2": b"BZh", "xz": b"\xfd7zXZ\x00", "zst": b"\x28\xb5\x2f\xfd", "": b""}


class Unpacked:
    """Reads exactly what is asked for, never more than the budget allows."""

    def __init__(self, stream: IO[bytes], packing: str, budget: Budget) -> None:
        self._source = _source(stream, packing)
        self._budget = budget
        self._pending = b""

    def take(self, size: int) -> bytes:
        """Return the next bytes, fewer only at the end."""
        return b"".join(self.chunks(size))

    def chunks(self, size: int) -> Iterator[bytes]:
        """Yield the next ``size`` bytes in pieces, fewer only at the end. Raises TooLarge and what libraries raise."""
        while size:
            if not self._pending:
                self._pending = next(self._source, b"")
                self._budget.take(len(self._pending))
                if not self._pending:
                    return
            chunk, self._pending = self._pending[:size], self._pending[size:]
            size -= len(chunk)
            yield chunk

    def rest(self) -> Iterator[bytes]:
        """Yield all that is left."""
        yield self._pending
        for chunk in self._source:
            self._budget.take(len(chunk))
            yield chunk


class _Pipe(io.RawIOBase):
    """Bytes that another reader yields, as a stream."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._pending = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Buffer) -> int:
        view = memoryview(buffer)
        while not self._pending:
            chunk = next(self._chunks, None)
            if chunk is None:
                return 0
            self._pending = chunk
        size = min(len(view), len(self._pending))
        view[:size], self._pending = self._pending[:size], self._pending[size:]
        return size


def piped(chunks: Iterator[bytes]) -> IO[bytes]:
    """Return a stream of these bytes."""
    return io.BufferedReader(_Pipe(chunks), _CHUNK)


def _source(stream: IO[bytes], packing: str) -> Iterator[bytes]:
    if packing == "gz":
        return _gunzipped(stream)
    opened: Readable
    match packing:
        case "bz2":
            opened = bz2.BZ2File(stream)
        case "xz":
            opened = lzma.LZMAFile(stream)  # noqa: SIM115 - the stream is closed by its owner
        case "zst":
            opened = zstd_stream(stream)
        case _:
            opened = stream
    return iter(lambda: opened.read(_CHUNK), b"")


def _gunzipped(stream: IO[bytes]) -> Iterator[bytes]:
    """Unpack gzip (RFC 1952): the module of that name reads a file name of any length byte by byte."""
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
    streams = 1
    while packed := stream.read(_CHUNK):
        while packed:
            if inflater.eof:
                packed = packed.lstrip(b"\0")
                if not packed:
                    break
                inflater = zlib.decompressobj(zlib.MAX_WBITS | 16)
                streams += 1
                if streams > _STREAMS:
                    raise ValueError(f"more than {_STREAMS} gzip streams stand behind each other")
            if chunk := inflater.decompress(packed, _CHUNK):
                yield chunk
            packed = inflater.unused_data if inflater.eof else inflater.unconsumed_tail
    while not inflater.eof:
        chunk = inflater.decompress(inflater.unconsumed_tail, _CHUNK)
        if not chunk:
            raise EOFError("it is cut off")
        yield chunk
