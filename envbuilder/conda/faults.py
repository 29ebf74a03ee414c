"""Errors of conda's side that more than one step raises."""

from __future__ import annotations

from envbuilder.errors import ResolveError


def unreachable(detail: str) -> ResolveError:
    """Return the error for a channel that gives no list."""
    return ResolveError(
        "a conda channel cannot be reached",
        code="resolve/network",
        detail=detail,
        hint="check the network and the policy's [channels.mirrors], or use --offline with a filled cache",
    )
