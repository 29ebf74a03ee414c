"""What a compiled file of Linux asks the loader for, and the one text in it that may name a place (ELF, gABI).

Only what every loader reads: the dynamic section by the program headers, never section headers.
"""

from __future__ import annotations

import mmap
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_LOAD, _DYNAMIC = 1, 2
_NEEDED, _STRTAB, _STRSZ, _SONAME, _RPATH, _RUNPATH = 1, 5, 10, 14, 15, 29
_VERNEED, _VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
_MOST: Final = 10_000
"""Entries of any table; real ones have some dozens."""
_GLIBC: Final = "GLIBC_"


@dataclass(frozen=True, kw_only=True, slots=True)
class Elf:
    """A file that the loader of Linux takes."""

    needed: tuple[str, ...]
    """Names of the libraries that have to be found."""
    soname: str
    path: str
    """Where they are looked for first (RUNPATH or RPATH), folders with colons between."""
    path_at: int
    """Where in the file that text stands; 0 if there is none."""
    glibc: tuple[int, ...]
    """The youngest version of glibc's symbols that is asked for, (2, 17); () for none."""


def read_elf(path: Path) -> Elf | None:
    """Return what a file asks for; None if it is no dynamic ELF file of 64 bits and this byte order, or is broken.

    Raises OSError.
    """
    with path.open("rb") as stream:
        if stream.read(6) != b"\x7fELF\x02\x01":
            return None
        with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content:
            try:
                return _Reader(content).read()
            except (struct.error, ValueError, IndexError, OverflowError):
                return None


class _Reader:
    def __init__(self, content: mmap.mmap) -> None:
        self._content = content
        self._segments = list(self._headers())

    def read(self) -> Elf | None:
        entries = list(self._dynamic())
        if not entries:
            return None
        table = dict(entries)
        strings = self._offset(table[_STRTAB]) if _STRTAB in table else 0
        if not strings:
            return None
        at = table.get(_RUNPATH, table.get(_RPATH))
        return Elf(
            needed=tuple(self._text(strings + value) for tag, value in entries if tag == _NEEDED),
            soname=self._text(strings + table[_SONAME]) if _SONAME in table else "",
            path="" if at is None else self._text(strings + at),
            path_at=0 if at is None else strings + at,
            glibc=self._glibc(table, strings),
        )

    def _headers(self) -> list[tuple[int, int, int, int]]:
        """Return kind, offset, address and size in the file of every segment."""
        (start,) = struct.unpack_from("<Q", self._content, 32)
        size, count = struct.unpack_from("<HH", self._content, 54)
        found = []
        for number in range(min(count, _MOST)):
            kind, _, offset, address, _, length = struct.unpack_from(
                "<IIQQQQ", self._content, start + number * size
            )
            found.append((kind, offset, address, length))
        return found

    def _dynamic(self) -> list[tuple[int, int]]:
        for kind, offset, _, length in self._segments:
            if kind == _DYNAMIC:
                count = min(length // 16, _MOST)
                pairs = [struct.unpack_from("<QQ", self._content, offset + 16 * n) for n in range(count)]
                return [(tag, value) for tag, value in pairs if tag]
        return []

    def _offset(self, address: int) -> int:
        """Return where in the file the byte of an address stands; 0 for none."""
        for kind, offset, start, length in self._segments:
            if kind == _LOAD and start <= address < start + length:
                return address - start + offset
        return 0

    def _text(self, at: int) -> str:
        end = self._content.find(b"\0", at, at + 65536)
        if end < 0:
            raise ValueError("a text without an end")
        return self._content[at:end].decode("utf-8", "replace")

    def _glibc(self, table: dict[int, int], strings: int) -> tuple[int, ...]:
        """Return the youngest ``GLIBC_2.N`` among the needed versions (LSB, symbol versioning)."""
        best: tuple[int, ...] = ()
        at = self._offset(table.get(_VERNEED, 0))
        for _ in range(min(table.get(_VERNEEDNUM, 0), _MOST) if at else 0):
            _, count, _, first, following = struct.unpack_from("<HHIII", self._content, at)
            inner = at + first
            for _ in range(count):
                _, _, _, name, after = struct.unpack_from("<IHHII", self._content, inner)
                best = max(best, _version(self._text(strings + name)))
                inner += after
            at += following
        return best


def _version(name: str) -> tuple[int, ...]:
    parts = name.removeprefix(_GLIBC).split(".") if name.startswith(_GLIBC) else []
    return tuple(map(int, parts)) if parts and all(part.isdigit() for part in parts) else ()


def replace_path(path: Path, elf: Elf, text: str) -> bool:
    """Write another search path over the one in the file; False if it is longer. Raises OSError.

    What follows it up to the old end becomes NUL, as ``chrpath`` does.
    """
    old, new = elf.path.encode(), text.encode()
    if len(new) > len(old) or not elf.path_at:
        return False
    with path.open("r+b") as stream:
        stream.seek(elf.path_at)
        stream.write(new.ljust(len(old), b"\0"))
    return True
