"""CPython's releases: when each minor version came out and what its last patch is.

Source: PEP 494, 537, 569, 596, 619, 664, 693, 719, 745 (release schedules).
"""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LAST_PATCH = {
    (3, 5): 10,
    (3, 6): 15,
    (3, 7): 17,
    (3, 8): 20,
    (3, 9): 25,
    (3, 10): 20,
    (3, 11): 15,
    (3, 12): 13,
    (3, 13): 12,
    (3, 14): 4,
}
"""The last patch of each minor version; for those that are still maintained, the last that we know of."""

RELEASED = {
    (3, 5): datetime.date(2015, 9, 13),
    (3, 6): datetime.date(2016, 12, 23),
    (3, 7): datetime.date(2018, 6, 27),
    (3, 8): datetime.date(2019, 10, 14),
    (3, 9): datetime.date(2020, 10, 5),
    (3, 10): datetime.date(2021, 10, 4),
    (3, 11): datetime.date(2022, 10, 24),
    (3, 12): datetime.date(2023, 10, 2),
    (3, 13): datetime.date(2024, 10, 7),
    (3, 14): datetime.date(2025, 10, 7),
}

SETTLED = datetime.timedelta(days=365)
"""A minor version is in common use, with wheels of every library, about a year after its release."""


def settled(minor: tuple[int, int]) -> datetime.datetime | None:
    """Return the day on which a minor version had been out for a year; None for one that is not known."""
    if minor not in RELEASED:
        return None
    day = RELEASED[minor] + SETTLED
    return datetime.datetime(day.year, day.month, day.day, tzinfo=datetime.timezone.utc)


def last_patch(minor: tuple[int, int]) -> str:
    """Return ``3.8.20`` for (3, 8)."""
    return f"{minor[0]}.{minor[1]}.{LAST_PATCH[minor]}"


def default_minor(moment: datetime.datetime) -> tuple[int, int]:
    """Return the newest minor version that had been out for a year; 3.6 before that."""
    return next(preferred_minors(moment))


def preferred_minors(moment: datetime.datetime) -> Iterator[tuple[int, int]]:
    """Yield every minor version in the order of preference on a day.

    First those that were a year old, newest first, then the younger ones, oldest first: they may not
    have been out, but a range that wants them leaves no choice.
    """
    settled = [m for m, day in RELEASED.items() if day + SETTLED <= moment.date() and m >= (3, 6)]
    yield from sorted(settled, reverse=True)
    yield from sorted(m for m in RELEASED if m not in settled and m >= (3, 6))
    yield (3, 5)
