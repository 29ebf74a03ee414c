"""files.tsv: every file of an environment with mode, size, mtime and sha256, so that damage can be found.

One line per entry, sorted by path: ``path kind mode size mtime_ns digest``, split by tabs. ``kind`` is ``f``,
``l`` (digest: the link's target) or ``d``; backslash, tab and line feed in names are escaped.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import itemgetter
from stat import S_IMODE
from typing import TYPE_CHECKING, TypeAlias

from envbuilder.store.hashing import Hashes, sha256_of
from envbuilder.store.manifest import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_Entry: TypeAlias = "tuple[str, str, os.stat_result, str]"
"""Path, kind, status and, of a link, its target."""

_WRITE = 0o222
_THREADS = 4
"""Hashing releases the interpreter lock; more threads gain nothing on one disk."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One entry of a tree. ``size`` in bytes, 0 for folders; a folder's mtime changes with its entries."""

    path: str
    kind: str
    mode: int
    size: int
    mtime_ns: int
    digest: str

    def line(self) -> str:
        """Return the row as text."""
        digest = escaped(self.digest) if self.kind == "l" else self.digest
        return f"{escaped(self.path)}\t{self.kind}\t{self.mode:o}\t{self.size}\t{self.mtime_ns}\t{digest}\n"


def escaped(text: str) -> str:
    """Return a path with backslash, tab and line feed escaped."""
    if "\\" not in text and "\t" not in text and "\n" not in text:
        return text
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def survey(prefix: Path, hashes: Hashes | None = None) -> tuple[Row, ...]:
    """Make everything below ``prefix`` read-only and list it, our own folder left out. Raises OSError.

    The top stays writable: a read-only directory cannot move to another parent (except for root). What
    ``hashes`` knows of files that did not change since is not read again.
    """
    root, known = str(prefix), hashes or Hashes()
    found = sorted(_walk(root), key=itemgetter(0))
    digests = [known.known(status) if kind == "f" else target for _, kind, status, target in found]
    unread = [entry[0] for entry, digest in zip(found, digests, strict=True) if digest is None]
    with ThreadPoolExecutor(_THREADS) as pool:
        read = pool.map(lambda path: sha256_of(f"{root}/{path}"), unread, chunksize=64)
        return tuple(
            _row(entry, next(read) if digest is None else digest)
            for entry, digest in zip(found, digests, strict=True)
        )


def to_tsv(rows: tuple[Row, ...]) -> bytes:
    """Return the text of files.tsv; names that are no UTF-8 keep their bytes."""
    return "".join(row.line() for row in rows).encode("utf-8", "surrogateescape")


def _walk(root: str) -> Iterator[_Entry]:
    waiting = [""]
    while waiting:
        start = waiting.pop()
        with os.scandir(f"{root}/{start}") as entries:
            for entry in entries:
                if not start and entry.name == FOLDER:
                    continue
                path = f"{start}{entry.name}"
                # Before the mode changes: what is known of a file is known of it as it was.
                status = entry.stat(follow_symlinks=False)
                if entry.is_symlink():
                    yield path, "l", status, os.readlink(entry.path)  # noqa: PTH115 - a text is wanted
                    continue
                folder = entry.is_dir(follow_symlinks=False)
                if folder:
                    waiting.append(f"{path}/")
                yield path, "d" if folder else "f", status, ""
                mode = S_IMODE(status.st_mode)
                if mode & _WRITE:
                    os.chmod(entry.path, mode & ~_WRITE)  # noqa: PTH101


def _row(entry: _Entry, digest: str) -> Row:
    path, kind, status, target = entry
    if kind == "l":
        return Row(path=path, kind=kind, mode=0, size=0, mtime_ns=0, digest=target)
    mode, size = S_IMODE(status.st_mode) & ~_WRITE, status.st_size if kind == "f" else 0
    return Row(path=path, kind=kind, mode=mode, size=size, mtime_ns=status.st_mtime_ns, digest=digest)
