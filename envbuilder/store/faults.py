"""Named points between the steps of publishing, where a test may stop or kill the process.

Nothing but a test ever sets ``hook``; no environment variable or option reaches it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

PUBLISHING = (
    "leased", "start", "flight", "staged", "publish", "surveyed", "listed", "synced", "manifest", "renamed",
)  # fmt: skip
"""The points of every build, in order. A builder that cannot move its tree has ``placed`` for ``staged``."""

COLLECTING = ("condemned", "trashed", "unpointed", "swept")
"""The points of a collection that removes an environment and its unpacked wheels."""

hook: Callable[[str], None] | None = None
"""Gets the name of the point: of those above, ``record`` after a small file, or a phase of the work that
somebody may wait for (``resolve``, ``download``, ``install``, ``build``, ``compile``, ``verify`` …)."""


def reach(point: str) -> None:
    """Tell a test that this point is reached."""
    if hook is not None:
        hook(point)
