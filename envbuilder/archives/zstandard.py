"""Zstandard, of which conda packages are made: Python's own from 3.14 on, before that its backport."""

from __future__ import annotations

import sys
from typing import IO, Protocol

from envbuilder.errors import ToolError

WINDOW_LOG = 27
"""128 MiB, the largest that any level of ``zstd`` makes without ``--long``: memory is bounded by it."""


class Readable(Protocol):
    """All that is asked of a stream."""

    def read(self, size: int, /) -> bytes:
        """Return at most so many bytes, none at the end."""


def zstd_stream(stream: IO[bytes]) -> Readable:
    """Return a stream of the unpacked bytes. Raises ToolError where nothing here can unpack them."""
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd
        else:
            from backports import zstd
    except ImportError:
        raise ToolError(
            "conda packages cannot be read: this Python has no Zstandard",
            hint="install envbuilder[conda]",
        ) from None
    options = {int(zstd.DecompressionParameter.window_log_max): WINDOW_LOG}
    return zstd.ZstdFile(stream, options=options)
