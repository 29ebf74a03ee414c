"""Which wheels uv's cache of this store got: an empty file for each, named by its sha256.

Uv fetches anew what an index lets nobody keep, wheels of the right hash among them. What these marks say is not
relied on: a wheel that has left the cache since is missed by uv, and then everything is fetched.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from envbuilder.lock import Artifact

FOLDER = "had"


def unmarked(packages: Path, wheels: Iterable[Artifact]) -> tuple[Artifact, ...]:
    """Return those that the cache most likely has not."""
    return tuple(wheel for wheel in wheels if not _mark(packages, wheel).exists())


def mark(packages: Path, wheels: Iterable[Artifact]) -> None:
    """Note that the cache has these. That it cannot be noted costs a download, and is no failure."""
    with contextlib.suppress(OSError):
        for wheel in unmarked(packages, wheels):
            path = _mark(packages, wheel)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


def unmark(packages: Path, wheels: Iterable[Artifact]) -> None:
    """Note that the cache lacks some of these."""
    with contextlib.suppress(OSError):
        for wheel in wheels:
            _mark(packages, wheel).unlink(missing_ok=True)


def _mark(packages: Path, wheel: Artifact) -> Path:
    return packages / FOLDER / wheel.sha256[:2] / wheel.sha256
