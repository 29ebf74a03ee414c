"""Reading single files out of a source distribution: as a stream, bounded, nothing is unpacked to a disk."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

from envbuilder.archives.faults import Faults, gathered
from envbuilder.archives.inspection import Reading
from envbuilder.archives.limits import LIMITS
from envbuilder.archives.members import MemberKind
from envbuilder.licensing.archive import unreadable
from envbuilder.licensing.metadata import LONGEST


def files_of_sdist(stream: IO[bytes], filename: str) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Yield path and bytes of the regular files, in order; what is not read of one is skipped.

    Raises EnvbuilderError (``license/unreadable``) for an archive that is damaged or no honest one.
    """
    faults = Faults(LIMITS)
    with gathered(faults):
        for entry in Reading(stream, filename, LIMITS).entries(faults):
            if entry.member.kind is MemberKind.FILE:
                yield entry.member.name.removeprefix("./"), entry.chunks
    if faults.refused:
        raise unreadable(f"{filename}: {faults.findings[0].message}")


@dataclass(kw_only=True, slots=True)
class Parts:
    """The files of a source distribution that tell of its licence and its requirements; b"" for none."""

    info: bytes = b""
    """PKG-INFO of the one folder."""
    requires: bytes = b""
    """setuptools' ``requires.txt``, looked for if PKG-INFO names no requirements."""
    project: bytes = b""
    """pyproject.toml of the one folder."""


def sdist_parts(stream: IO[bytes], filename: str) -> Parts:
    """Return those files. Raises EnvbuilderError (``license/unreadable``)."""
    parts = Parts()
    for path, chunks in files_of_sdist(stream, filename):
        top = path.count("/") == 1
        if top and path.endswith("/PKG-INFO"):
            parts.info = parts.info or beginning(chunks)
        elif top and path.endswith("/pyproject.toml"):
            parts.project = parts.project or beginning(chunks)
        elif path.endswith(".egg-info/requires.txt"):
            parts.requires = parts.requires or beginning(chunks)
        if parts.info and (parts.requires or b"\nRequires-Dist:" in parts.info):
            break
    return parts


def beginning(chunks: Iterator[bytes]) -> bytes:
    """Return a file's bytes, at most one more than LONGEST."""
    found = b""
    for chunk in chunks:
        found += chunk
        if len(found) > LONGEST:
            break
    return found[: LONGEST + 1]
