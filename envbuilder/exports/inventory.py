"""What compiled files of a tree ask of the host: the C library's version, libraries that the tree has not."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from envbuilder.exports.elf import Elf, read_elf

_LIBC: Final = re.compile(
    r"(ld-linux.*|ld-musl.*|libc|libm|libdl|librt|libpthread|libutil|libresolv|libnsl|libanl|libcrypt)\.so.*"
    r"|libc\.musl-.*|linux-vdso.*"
)
"""What comes with the C library; libcrypt.so.1 did until glibc 2.38."""
_CHUNK: Final = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Inventory:
    """What was found in all files of a tree."""

    glibc: tuple[int, ...]
    """The youngest version that is asked for; () for none."""
    libraries: tuple[str, ...]
    naming: tuple[str, ...]
    """Paths of files whose bytes name the place that they came from."""


def take_inventory(tree: Path, *, place: bytes) -> Inventory:
    """Read all files of a tree; ``place`` is what no file should name. Raises OSError."""
    elves: list[Elf] = []
    names: set[str] = set()
    naming = []
    for folder, _, files in os.walk(tree):
        names.update(files)
        for name in sorted(files):
            path = Path(folder, name)
            if path.is_symlink():
                continue
            if elf := read_elf(path):
                elves.append(elf)
            if _names(path, place):
                naming.append(path.relative_to(tree).as_posix())
    glibc = max((elf.glibc for elf in elves), default=())
    return Inventory(glibc=glibc, libraries=_outside(elves, names), naming=tuple(sorted(naming)))


def libraries_of(files: Iterable[Path]) -> tuple[str, ...]:
    """Return the libraries that these files ask for and that are none of them. Raises OSError."""
    paths = list(files)
    return _outside([elf for path in paths if (elf := read_elf(path))], {path.name for path in paths})


def _outside(elves: Sequence[Elf], names: set[str]) -> tuple[str, ...]:
    there = names | {elf.soname for elf in elves}
    needed = {name for elf in elves for name in elf.needed}
    return tuple(sorted(name for name in needed - there if not _LIBC.fullmatch(name)))


def _names(path: Path, place: bytes) -> bool:
    rest = b""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            if place in rest + chunk:
                return True
            rest = chunk[-len(place) :]
    return False
