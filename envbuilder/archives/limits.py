"""How much an archive may hold, and the count of what it has held so far."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MIB: Final = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The largest archive that is read. Sizes are in bytes."""

    members: int = 100_000
    """The largest packages (headers of boost, all of Qt) have about a quarter of that."""
    unpacked: int = 16 * 1024 * MIB
    ratio: int = 200
    """Unpacked bytes for each packed one. Real packages stay below 50; deflate alone reaches 1032."""
    free: int = 64 * MIB
    """Bytes that may be unpacked whatever the ratio: small archives of zeros harm nobody."""
    path: int = 1024
    part: int = 255
    """What the file systems take (Linux, APFS)."""
    depth: int = 64
    text: int = 16 * MIB
    """A file of metadata that is read as a whole; RECORD of the largest wheel is 2 MiB. It lists no more files
    than an archive may have members."""
    scripts: int = MIB
    """A list of scripts; real ones have a few lines."""
    header: int = 64 * 1024
    """Extended headers of one member of a tar; longer ones hold no path that is allowed."""
    link: int = 4096
    findings: int = 100


LIMITS: Final = Limits()


class TooLarge(Exception):
    """More than the limits allow; the text says what."""


class Budget:
    """Counts unpacked bytes of one archive of ``packed`` bytes."""

    def __init__(self, packed: int, limits: Limits) -> None:
        by_ratio = max(limits.free, limits.ratio * packed)
        self.limit = min(limits.unpacked, by_ratio)
        self.taken = 0
        self._why = f"{limits.ratio} times its size" if by_ratio < limits.unpacked else "the largest allowed"

    def take(self, size: int) -> None:
        """Count bytes before they are used. Raises TooLarge."""
        self.taken += size
        self.fits(0)

    def fits(self, size: int) -> None:
        """Raise TooLarge if so many more are too many."""
        if self.taken + size > self.limit:
            raise TooLarge(f"it unpacks to more than {self.limit // MIB} MiB ({self._why})")
