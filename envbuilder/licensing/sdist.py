"""Reading single files out of a packed source distribution: bounded, and nothing is ever unpacked to a disk."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
from collections.abc import Callable, Iterator
from typing import IO, cast

from envbuilder.errors import EnvbuilderError
from envbuilder.licensing.archive import unreadable
from envbuilder.licensing.metadata import LONGEST
from envbuilder.redact import excerpt

UNPACKED = 1024 * 1024 * 1024
"""Bytes that are decompressed at most; what stands behind them is not looked at."""

_PIECE = 16 * 1024 * 1024
"""Bytes in one read: a header that claims to be longer is an attack."""

_MEMBERS = 100_000

_OPENERS: dict[bytes, Callable[[IO[bytes]], IO[bytes]]] = {
    b"\x1f\x8b": lambda stream: cast("IO[bytes]", gzip.GzipFile(fileobj=stream)),
    b"BZ": lambda stream: cast("IO[bytes]", bz2.BZ2File(stream)),
    b"\xfd7": lambda stream: cast("IO[bytes]", lzma.LZMAFile(stream)),  # noqa: SIM115 - whoever reads closes
}


def files_of_tar(stream: IO[bytes]) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield name and content of the regular files of a tar archive, in order; each is read before the next.

    Ends at the bounds. Raises EnvbuilderError (``license/unreadable``) where it is damaged.
    """
    opener = _OPENERS.get(stream.read(2))
    stream.seek(0)
    try:
        plain = opener(stream) if opener else stream
        with tarfile.open(fileobj=_Bounded(plain), mode="r:") as archive:
            for number, member in enumerate(archive):
                if number >= _MEMBERS or archive.offset > UNPACKED:
                    return
                content = archive.extractfile(member) if member.isreg() else None
                if content:
                    yield member.name, content
                # tarfile remembers every member it has seen.
                archive.members = []  # type: ignore[attr-defined]
    except EnvbuilderError:
        raise
    except Exception as error:  # lzma, zlib, EOF, tar and value errors
        raise unreadable(f"the archive is damaged: {excerpt(str(error))}") from error


def sdist_parts(stream: IO[bytes]) -> tuple[bytes, bytes]:
    """Return PKG-INFO and (if PKG-INFO names no requirements) setuptools' ``requires.txt``, b"" for none.

    Raises EnvbuilderError (``license/unreadable``) if there is no PKG-INFO.
    """
    info, requires = b"", b""
    for name, content in files_of_tar(stream):
        path = name.removeprefix("./")
        if path.endswith("/PKG-INFO") and path.count("/") == 1 and not info:
            info = content.read(LONGEST + 1)
        elif path.endswith(".egg-info/requires.txt") and not requires:
            requires = content.read(LONGEST)
        if info and (requires or b"\nRequires-Dist:" in info):
            break
    if not info:
        raise unreadable("the source distribution has no PKG-INFO")
    return info, requires


class _Bounded(io.RawIOBase):
    """A stream that refuses to be read in huge pieces, or beyond the bound."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._stream.tell()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_SET and offset > UNPACKED + _PIECE:
            raise unreadable("the archive is larger than any real one")
        return self._stream.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        if not 0 <= size <= _PIECE:
            raise unreadable("the archive has a header that is larger than any real one")
        return self._stream.read(size)
