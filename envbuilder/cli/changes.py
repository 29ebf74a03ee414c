"""How changes are told to people: the weightiest first, each with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.cli.terminal import BOLD, RED, YELLOW, styled
from envbuilder.findings import Effect, fidelity_of
from envbuilder.redact import visible

if TYPE_CHECKING:
    from envbuilder.findings import Change

_ORDER = (Effect.DEGRADED, Effect.ADAPTED, Effect.NONE)
_STYLES = {Effect.DEGRADED: RED, Effect.ADAPTED: YELLOW, Effect.NONE: BOLD}
_WORDS = {Effect.DEGRADED: "degraded", Effect.ADAPTED: "adapted", Effect.NONE: "note"}


def change_lines(changes: tuple[Change, ...]) -> list[str]:
    """Return a line per change."""
    ordered = sorted(changes, key=lambda change: _ORDER.index(change.effect))
    return [change_line(change) for change in ordered]


def change_line(change: Change) -> str:
    """Return a change on one line: effect, code, place, what."""
    place = f" {visible(str(change.origin))}" if change.origin else ""
    word = styled(_WORDS[change.effect], _STYLES[change.effect])
    return f"{word}[{change.code}]{place}: {visible(change.message)}"


def fidelity_line(changes: tuple[Change, ...]) -> str:
    """Return the verdict on one line."""
    substituted = [change for change in changes if change.effect is not Effect.NONE]
    fidelity = fidelity_of(changes).value
    if not substituted:
        return f"fidelity: {fidelity}"
    return f"fidelity: {fidelity} ({len(substituted)} substitution{'s' if len(substituted) > 1 else ''})"
