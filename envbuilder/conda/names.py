"""Which distribution a conda package brings: by the rewriter's table, never by a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.rewriter.names import Distribution, table

if TYPE_CHECKING:
    from envbuilder.spec import CondaName, PypiName


def distribution_of(name: CondaName) -> PypiName | None:
    """Return the distribution's name; None for what is none, or what nobody knows."""
    match table().get(name):
        case Distribution(name=distribution):
            return distribution
    return None
