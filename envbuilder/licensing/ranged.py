"""A file on a server that is read in pieces, so that a wheel of a gigabyte costs some kilobytes (RFC 9110, 14)."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

from envbuilder.web import WebError, retried

if TYPE_CHECKING:
    from envbuilder.redact import SafeUrl
    from envbuilder.web import Answer, Web

BLOCK = 64 * 1024
"""Bytes of one request, at least. The directory of most wheels fits into the last block."""

MOST_READ = 8 * 1024 * 1024
"""Bytes of one file over all; the directory of the largest wheels has some four megabytes."""

WHOLE = 16 * 1024 * 1024
"""Bytes of a file that is taken whole from a server that knows no ranges."""

_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})")


class RangedFile(io.RawIOBase):
    """A seekable file; what was read stays in memory. Reading raises WebError.

    Servers that ignore ranges send everything: that is kept if it is small, else refused.
    """

    def __init__(self, web: Web, url: SafeUrl) -> None:
        self._web = web
        self._url = url
        self._blocks: dict[int, bytes] = {}
        self._spent = 0
        self._place = 0
        self._size = retried(self._open)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; no request is made."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(base + offset, 0)
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place

    def read(self, size: int = -1) -> bytes:
        """Return bytes from the place on."""
        end = self._size if size < 0 else min(self._place + size, self._size)
        if end <= self._place:
            return b""
        first, last = self._place // BLOCK, (end - 1) // BLOCK
        self._fetch(first, last)
        data = b"".join(self._blocks[number] for number in range(first, last + 1))
        start = self._place - first * BLOCK
        found = data[start : start + end - self._place]
        self._place += len(found)
        return found

    def _open(self) -> int:
        """Ask for the end of the file, which tells its size."""
        with self._web.open(self._url, headers={"Range": f"bytes=-{BLOCK}"}) as answer:
            if answer.status != 206:
                return self._keep(0, answer.whole(WHOLE))
            start, size = self._place_of(answer)
            tail = answer.whole(BLOCK)
            # Blocks begin at multiples of their size: the first part of the tail's may be missing.
            whole = -(-start // BLOCK) * BLOCK
            self._keep(whole, tail[whole - start :])
            return size

    def _fetch(self, first: int, last: int) -> None:
        missing = [number for number in range(first, last + 1) if number not in self._blocks]
        if not missing:
            return
        start, end = missing[0] * BLOCK, min((missing[-1] + 1) * BLOCK, self._size)
        self._spent += end - start
        if self._spent > MOST_READ:
            raise WebError(self._url, f"more than {MOST_READ} bytes to read", code="web/size", passing=False)
        self._keep(start, retried(lambda: self._piece(start, end)))

    def _piece(self, start: int, end: int) -> bytes:
        headers = {"Range": f"bytes={start}-{end - 1}"}
        with self._web.open(self._url, headers=headers) as answer:
            if answer.status != 206 or self._place_of(answer) != (start, self._size):
                raise WebError(self._url, "another piece than the one asked for", passing=False)
            piece = answer.whole(end - start)
        if len(piece) != end - start:
            raise WebError(self._url, "a piece ends too early", passing=True)
        return piece

    def _place_of(self, answer: Answer) -> tuple[int, int]:
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if found is None:
            raise WebError(self._url, "a piece without its place", passing=False)
        return int(found[1]), int(found[3])

    def _keep(self, start: int, data: bytes) -> int:
        for offset in range(0, len(data), BLOCK):
            self._blocks[(start + offset) // BLOCK] = data[offset : offset + BLOCK]
        return start + len(data)
