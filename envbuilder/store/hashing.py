"""What files of a tree hash to, learned while something else is waited for, and believed only if nothing changed.

A file is known by its inode, size and both times as they were before it was read. The time of its last change
(ctime) is the kernel's own: no program can set it, so whatever writes to a file, renames it or links it makes it
unknown here, and it is read again. A file that changed a moment before it was read is not kept: the kernel's clock
for files may be as coarse as 10 ms, and a second change would not show.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from typing import TYPE_CHECKING

from envbuilder.remembered import COARSE_NS, stamp_of
from envbuilder.store.manifest import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Hashes:
    """The sha256 of files of one tree. One thread may learn while others ask."""

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], str] = {}

    def known(self, status: os.stat_result) -> str | None:
        """Return what a file with this status hashed to; None if it is not known, or not as it is now."""
        return self._known.get(stamp_of(status))

    def of(self, path: str, status: os.stat_result) -> str:
        """Return what a file hashes to, read if it has to be. ``status`` is of before. Raises OSError."""
        stamp = stamp_of(status)
        found = self._known.get(stamp)
        if found is None:
            settled = time.time_ns() - status.st_ctime_ns > COARSE_NS
            found = sha256_of(path)
            if settled:
                self._known[stamp] = found
        return found

    def learn(self, tree: str, stopped: Callable[[], bool]) -> None:
        """Hash the files of a tree, our own folder left out, until ``stopped``. Never fails."""
        for path, status in _files(tree):
            if stopped():
                return
            with contextlib.suppress(OSError):
                self.of(path, status)


def sha256_of(path: str) -> str:
    """Return the sha256 of a file's content. Raises OSError."""
    with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - thousands of times
        return hashlib.sha256(stream.read()).hexdigest()


def _files(tree: str) -> Iterator[tuple[str, os.stat_result]]:
    folders = [tree]
    while folders:
        with contextlib.suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name != FOLDER:
                        folders.append(entry.path)
                elif entry.is_file(follow_symlinks=False):
                    with contextlib.suppress(OSError):
                        yield entry.path, entry.stat(follow_symlinks=False)
