"""Frames: a head in JSON and any number of buffers, whose lengths stand before both.

What comes is bounded before memory is taken for it, and memory is taken as it fills.
"""

import json
import mmap
import struct
from typing import Any, List

from .faults import Closed

HEAD = struct.Struct("<QQ")
"""Bytes of the JSON, number of buffers."""

LARGEST_HEAD = 1 << 28
"""Bytes; long values travel in buffers, so a longer head is not ours."""

MOST_BUFFERS = 1 << 22

LARGEST = 1 << 36
"""Bytes of all buffers of a frame."""

SMALL = 1 << 16
"""Bytes up to which parts are sent together, and read ahead."""

ON_THE_WAY = 1 << 20
"""Bytes that the kernel is asked to take before the other side has read them: fewer turns for large frames."""

LARGE = 1 << 20
"""Bytes from which a buffer has pages of its own, which are not filled with zeros first."""


def send(write: Any, head: Any, buffers: Any = ()) -> None:
    """Send one frame; ``write`` takes a view and returns when all of it has gone."""
    text = json.dumps(head, separators=(",", ":"), check_circular=False).encode("ascii")
    views = [memoryview(buffer).cast("B") for buffer in buffers]
    lengths = struct.pack("<{}Q".format(len(views)), *[view.nbytes for view in views])
    pending: List[Any] = [HEAD.pack(len(text), len(views)), lengths, text]
    size = len(text)
    for view in views:
        if view.nbytes > SMALL:
            write(memoryview(b"".join(pending)))
            write(view)
            pending, size = [], 0
            continue
        pending.append(view)
        size += view.nbytes
        if size > SMALL:
            write(memoryview(b"".join(pending)))
            pending, size = [], 0
    if pending:
        write(memoryview(b"".join(pending)))


class Reader:
    """Reads frames; ``receive`` puts what has come into a view, and returns how much that was."""

    def __init__(self, receive: Any) -> None:
        self._receive = receive
        self._ahead = memoryview(bytearray(SMALL))
        self._start = self._end = 0

    def frame(self) -> Any:
        """Return the next head and its buffers. Raises Closed at the end, ValueError for what is no frame."""
        length, count = HEAD.unpack(self._read(HEAD.size))
        if length > LARGEST_HEAD or count > MOST_BUFFERS:
            raise ValueError("a frame with a head of {} bytes and {} buffers".format(length, count))
        sizes = struct.unpack("<{}Q".format(count), self._read(8 * count))
        if sum(sizes) > LARGEST:
            raise ValueError("a frame of {} bytes".format(sum(sizes)))
        text = bytes(self._read(length))
        try:
            head = json.loads(text.decode("ascii"))
        except RecursionError:
            raise ValueError("a head that is nested too deeply")
        return head, [self._read(size) for size in sizes]

    def _read(self, size: int) -> Any:
        content = room(size)
        view = memoryview(content)
        ready = min(size, self._end - self._start)
        view[:ready] = self._ahead[self._start : self._start + ready]
        self._start += ready
        view = view[ready:]
        while view.nbytes:
            if view.nbytes >= SMALL:
                view = view[self._some(view) :]
                continue
            self._start, self._end = 0, self._some(self._ahead)
            ready = min(view.nbytes, self._end)
            view[:ready] = self._ahead[:ready]
            self._start = ready
            view = view[ready:]
        return content

    def _some(self, view: Any) -> int:
        got: int = self._receive(view)
        if not got:
            raise Closed
        return got


def room(size: int) -> Any:
    """Return memory that can be written to, and takes none before it is."""
    if size < LARGE:
        return bytearray(size)
    return mmap.mmap(
        -1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=mmap.PROT_READ | mmap.PROT_WRITE
    )
