"""Named points between the steps of publishing, where a test may stop or kill the process.

Nothing but a test ever sets ``hook``; no environment variable or option reaches it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

Point: TypeAlias = Literal[
    "leased", "flight", "staged", "placed", "surveyed", "listed", "synced", "manifest", "renamed", "record"
]

hook: Callable[[Point], None] | None = None


def reach(point: Point) -> None:
    """Tell a test that this point is reached."""
    if hook is not None:
        hook(point)
