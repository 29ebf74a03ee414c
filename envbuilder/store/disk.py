"""Bytes on the disk of a store, hardlinked ones counted once, and what a removal would free."""

from __future__ import annotations

import contextlib
import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path

BLOCK = 512
"""Bytes of a block of st_blocks, whatever the file system's own are (stat(2))."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A tree: how often each inode has a name in it."""

    names: Counter[int]


@dataclass(slots=True)
class Disk:
    """Every inode that was seen: its bytes, and how many names it has, inside the store or outside."""

    bytes: dict[int, int] = field(default_factory=dict)
    links: dict[int, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All bytes, each inode once."""
        return sum(self.bytes.values())

    def measure(self, path: Path, *, skip: Container[str] = ()) -> Measured:
        """Count a tree or a file without the paths to ``skip``; what vanishes meanwhile counts as nothing."""
        names: Counter[int] = Counter()
        for status in _statuses(str(path), skip):
            names[status.st_ino] += 1
            self.bytes[status.st_ino] = status.st_blocks * BLOCK
            folder = (status.st_mode & 0o170000) == 0o040000
            self.links[status.st_ino] = 1 if folder else status.st_nlink
        return Measured(names)

    def remove(self, tree: Measured) -> int:
        """Count a tree as removed, and return the bytes that this frees: of inodes with no name left."""
        freed = 0
        for inode, count in tree.names.items():
            self.links[inode] -= count
            if self.links[inode] <= 0:
                freed += self.bytes.pop(inode, 0)
        return freed

    def shared(self, tree: Measured) -> bool:
        """Whether anything in a tree has a name elsewhere too."""
        return any(self.links[inode] > count for inode, count in tree.names.items())


def _statuses(path: str, skip: Container[str]) -> Iterator[os.stat_result]:
    with contextlib.suppress(OSError):
        status = os.lstat(path)
        yield status
        if (status.st_mode & 0o170000) != 0o040000:
            return
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.path in skip:
                    continue
                if entry.is_dir(follow_symlinks=False):
                    yield from _statuses(entry.path, skip)
                else:
                    with contextlib.suppress(OSError):
                        yield entry.stat(follow_symlinks=False)
