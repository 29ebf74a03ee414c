"""files.tsv: every file of an environment with mode, size, mtime and sha256, so that damage can be found.

One line per entry, sorted by path: ``path kind mode size mtime_ns digest``, split by tabs. ``kind`` is ``f``,
``l`` (digest: the link's target) or ``d``; backslash, tab and line feed in names are escaped.
"""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from stat import S_IMODE
from typing import TYPE_CHECKING

from envbuilder.store.manifest import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

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
        digest = escaped(self.digest)
        return f"{escaped(self.path)}\t{self.kind}\t{self.mode:o}\t{self.size}\t{self.mtime_ns}\t{digest}\n"


def escaped(text: str) -> str:
    """Return a path with backslash, tab and line feed escaped."""
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def survey(prefix: Path) -> tuple[Row, ...]:
    """Make everything below ``prefix`` read-only and list it, our own folder left out. Raises OSError.

    The top stays writable: a read-only directory cannot move to another parent (except for root).
    """
    found = sorted(_walk(str(prefix), ""), key=lambda row: row.path)
    files = [row for row in found if row.kind == "f"]
    with ThreadPoolExecutor(_THREADS) as pool:
        digests = pool.map(lambda row: _sha256(prefix / row.path), files, chunksize=64)
    known = dict(zip((row.path for row in files), digests, strict=True))
    return tuple(row if row.kind != "f" else _with_digest(row, known[row.path]) for row in found)


def to_tsv(rows: tuple[Row, ...]) -> bytes:
    """Return the text of files.tsv; names that are no UTF-8 keep their bytes."""
    return "".join(row.line() for row in rows).encode("utf-8", "surrogateescape")


def _walk(folder: str, relative: str) -> Iterator[Row]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if not relative and entry.name == FOLDER:
                continue
            path = f"{relative}{entry.name}"
            if entry.is_symlink():
                yield Row(
                    path=path, kind="l", mode=0, size=0, mtime_ns=0, digest=str(Path(entry.path).readlink())
                )
                continue
            status = entry.stat(follow_symlinks=False)
            mode = S_IMODE(status.st_mode) & ~_WRITE
            if entry.is_dir(follow_symlinks=False):
                yield from _walk(entry.path, f"{path}/")
                yield Row(path=path, kind="d", mode=mode, size=0, mtime_ns=status.st_mtime_ns, digest="")
            else:
                size, mtime = status.st_size, status.st_mtime_ns
                yield Row(path=path, kind="f", mode=mode, size=size, mtime_ns=mtime, digest="")
            if S_IMODE(status.st_mode) & _WRITE:
                os.chmod(entry.path, mode)  # noqa: PTH101


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def _with_digest(row: Row, digest: str) -> Row:
    return Row(
        path=row.path, kind=row.kind, mode=row.mode, size=row.size, mtime_ns=row.mtime_ns, digest=digest
    )
