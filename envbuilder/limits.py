"""How large a store may grow and how long it keeps what nobody uses: sizes and ages as people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from envbuilder.errors import UsageError

_UNITS = {
    "": 1, "b": 1,
    "k": 10**3, "kb": 10**3, "m": 10**6, "mb": 10**6, "g": 10**9, "gb": 10**9, "t": 10**12, "tb": 10**12,
    "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40,
}  # fmt: skip
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_NUMBER = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,6})?)\s*([A-Za-z]*)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """What a collection keeps to; None is no limit."""

    max_size: int | None = None
    """Bytes on the disk of the whole store, hardlinked ones counted once."""
    min_free: int | None = None
    """Bytes that stay free on the store's disk."""
    max_age: int | None = None
    """Seconds since an environment was last used."""

    def __bool__(self) -> bool:
        return (self.max_size, self.min_free, self.max_age) != (None, None, None)

    def over(self, other: Limits) -> Limits:
        """Return these limits, and the other's where these say nothing."""
        return Limits(
            max_size=other.max_size if self.max_size is None else self.max_size,
            min_free=other.min_free if self.min_free is None else self.min_free,
            max_age=other.max_age if self.max_age is None else self.max_age,
        )


def read_size(text: str) -> int:
    """Return the bytes that ``20 GB``, ``512MiB`` or plain digits mean. Raises UsageError."""
    found = _NUMBER.fullmatch(text.strip())
    unit = _UNITS.get(found.group(2).lower()) if found else None
    if found is None or unit is None:
        raise UsageError(
            f"{text[:40]!r} is no size",
            code="usage/limit",
            hint="give it as 20GB, 512MiB or a number of bytes",
        )
    return int(float(found.group(1)) * unit)


def read_age(text: str) -> int:
    """Return the seconds that ``30d``, ``12h`` or ``2w`` mean. Raises UsageError."""
    found = _NUMBER.fullmatch(text.strip())
    unit = _SECONDS.get(found.group(2).lower()) if found else None
    if found is None or unit is None:
        raise UsageError(f"{text[:40]!r} is no age", code="usage/limit", hint="give it as 30d, 12h or 2w")
    return int(float(found.group(1)) * unit)
