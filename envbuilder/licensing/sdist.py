"""Reading single files out of a source distribution: as a stream, bounded, nothing is unpacked to a disk."""

from __future__ import annotations

from collections.abc import Iterator
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


def sdist_parts(stream: IO[bytes], filename: str) -> tuple[bytes, bytes]:
    """Return PKG-INFO and (if PKG-INFO names no requirements) setuptools' ``requires.txt``, b"" for none.

    Raises EnvbuilderError (``license/unreadable``), also if there is no PKG-INFO.
    """
    info, requires = b"", b""
    for path, chunks in files_of_sdist(stream, filename):
        if path.endswith("/PKG-INFO") and path.count("/") == 1 and not info:
            info = beginning(chunks)
        elif path.endswith(".egg-info/requires.txt") and not requires:
            requires = beginning(chunks)
        if info and (requires or b"\nRequires-Dist:" in info):
            break
    if not info:
        raise unreadable(f"{filename} has no PKG-INFO")
    return info, requires


def beginning(chunks: Iterator[bytes]) -> bytes:
    """Return a file's bytes, at most one more than LONGEST."""
    found = b""
    for chunk in chunks:
        found += chunk
        if len(found) > LONGEST:
            break
    return found[: LONGEST + 1]
