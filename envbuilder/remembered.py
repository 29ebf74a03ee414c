"""What small files were understood as, for as long as they are what they were.

A process that takes one environment after the other would read and parse the same few files each time. A file is
believed to be the same while its inode, its size and its times are: nobody can set the time of its last change. One
that changed a moment before it was read is read again the next time, since the kernel's clock for files is coarse.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

COARSE_NS = 50_000_000
"""Nanoseconds for which a change may not show in a file's times, several times over."""

LARGEST = 1024 * 1024
"""Bytes of a file that is read; what is longer is cut there."""

MOST = 256
"""Files that are remembered at once."""


class Remembered(Generic[T]):
    """One way to understand files. Safe in threads: at worst a file is read twice."""

    def __init__(self, understand: Callable[[bytes], T]) -> None:
        self._understand = understand
        self._known: dict[str, tuple[tuple[int, ...], T]] = {}

    def of(self, path: str) -> T:
        """Return what a file is understood as. Raises OSError, and what understanding it raises."""
        found = self._known.get(path)
        if found and found[0] == stamp_of(os.stat(path)):  # noqa: PTH116 - several times in every hit
            return found[1]
        with open(path, "rb") as stream:  # noqa: PTH123
            status = os.fstat(stream.fileno())
            value = self._understand(stream.read(LARGEST))
        if time.time_ns() - status.st_ctime_ns > COARSE_NS:
            if len(self._known) >= MOST:
                self._known.clear()
            self._known[path] = (stamp_of(status), value)
        return value


def stamp_of(status: os.stat_result) -> tuple[int, int, int, int, int]:
    """Return what changes with every change of a file."""
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
