"""Answers that lead nowhere any more: requests whose environment is gone, and tickets that nobody renewed.

Both only save time. Without them the next one goes the long way, which finds the lock, and writes them again.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from envbuilder.digests import PATH_HEX
from envbuilder.store.records import read_request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envbuilder.store.layout import Layout

DAY = 86400.0
TICKET_AGE = 7 * DAY
"""Seconds; one is written for each command line in each folder, so that jobs in fresh folders heap them up."""


def forget_answers(layout: Layout, *, now: float) -> None:
    """Remove requests that lead to no environment, a day after they were answered, and tickets after a week.

    One that is dated in the future is as old as it is far from now. Raises OSError.
    """
    there = {path.name[:PATH_HEX] for path in layout.environments.iterdir()}
    for path in _aged(layout.record("requests"), "*.json", DAY, now):
        record = read_request(path)
        if record and record.env_id[:PATH_HEX] not in there:
            path.unlink(missing_ok=True)
    for path in _aged(layout.record("requests"), "*.ticket", TICKET_AGE, now):
        path.unlink(missing_ok=True)


def _aged(folder: Path, pattern: str, age: float, now: float) -> Iterator[Path]:
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            if abs(now - path.lstat().st_mtime) > age:
                yield path
