"""What compiled files of a tree ask of the host: the C library's version, libraries that the tree has not."""

from __future__ import annotations

import os
import re
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
    names |= {elf.soname for elf in elves}
    needed = {name for elf in elves for name in elf.needed}
    outside = sorted(name for name in needed - names if not _LIBC.fullmatch(name))
    glibc = max((elf.glibc for elf in elves), default=())
    return Inventory(glibc=glibc, libraries=tuple(outside), naming=tuple(sorted(naming)))


def _names(path: Path, place: bytes) -> bool:
    rest = b""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            if place in rest + chunk:
                return True
            rest = chunk[-len(place) :]
    return False
