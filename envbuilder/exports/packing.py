"""Around a tar: gzip, Zstandard or nothing, by the end of the file's name."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import Any, Final

from envbuilder.archives.inspection import Form, form_of
from envbuilder.errors import ToolError, UsageError
from envbuilder.redact import excerpt

_FORMS: Final = (Form.TAR_GZ, Form.TGZ, Form.TAR_ZST, Form.TAR)

Write = Callable[[bytes], int]


def packing_of(name: str) -> Form:
    """Return how a tree is packed in a file of this name. Raises UsageError."""
    form = form_of(name)
    if form not in _FORMS or form is None:
        raise UsageError(
            f"{excerpt(name)!r} is no name of a tree",
            hint=f"let it end in {', '.join(f.value for f in _FORMS)}",
        )
    return form


class Packer:
    """Packs a stream of bytes; the same bytes for the same stream with the same library. Raises ToolError."""

    def __init__(self, form: Form, write: Write) -> None:
        self._write = write
        self._packer = _packer(form)

    def write(self, data: bytes) -> int:
        """Take the next bytes."""
        self._write(self._packer.compress(data) if self._packer else data)
        return len(data)

    def close(self) -> None:
        """Write what is left."""
        if self._packer:
            self._write(self._packer.flush())


def _packer(form: Form) -> Any:
    match form:
        case Form.TAR_GZ | Form.TGZ:
            # With 16: the header of gzip, without a name or a time (RFC 1952).
            return zlib.compressobj(6, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        case Form.TAR_ZST:
            return _zstandard().ZstdCompressor(level=10)
    return None


def _zstandard() -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise ToolError(
            "this Python has no Zstandard",
            hint="let the file's name end in .tar.gz, or install envbuilder[conda]",
        ) from None
    return zstd
