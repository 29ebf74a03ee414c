"""What envbuilder has to say about a model: findings (what is there) and changes (what we did)."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field, replace

from envbuilder.digests import digest


class Level(enum.Enum):
    """How much a finding weighs; an ``input/…`` finding of level ERROR refuses the model."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Effect(enum.Enum):
    """What a change does to fidelity.

    NONE: the change restates the logged environment (a cut-off moved, a duplicate folded).
    ADAPTED: every named version is the logged one; what differs cannot matter to the model's own packages.
    DEGRADED: a named version or package differs or is missing.
    """

    NONE = "none"
    ADAPTED = "adapted"
    DEGRADED = "degraded"


class Fidelity(enum.Enum):
    """How close an environment is to the logged one: the worst effect among its changes."""

    EXACT = "exact"
    ADAPTED = "adapted"
    DEGRADED = "degraded"


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Origin:
    """A spot in a file of the model: the path relative to the model, line and column counted from 1.

    ``line`` and ``column`` are 0 where the file as a whole is meant.
    """

    file: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        spot = self.file
        if self.line:
            spot += f":{self.line}"
            if self.column:
                spot += f":{self.column}"
        return spot


@dataclass(frozen=True, kw_only=True, slots=True)
class Fix:
    """How a finding can be mended: the text before and after, as ``rewrite`` would write it."""

    description: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing to report. ``code`` is ``area/what`` and stable for ever (see envbuilder.codes)."""

    code: str
    level: Level
    message: str
    origin: Origin | None = None
    hint: str = ""
    subject: str = ""
    """What the finding is about (a package, a channel, a key); it makes the fingerprint line-independent."""
    fix: Fix | None = None

    @property
    def fingerprint(self) -> str:
        """The same for the same cause in the same file, wherever the line has moved (20 hex digits)."""
        where = self.origin.file if self.origin else ""
        return digest([self.code, where, self.subject or self.message])[:20]

    @property
    def refuses(self) -> bool:
        """Whether it refuses the model: an ``input/…`` or ``archive/…`` finding of level ERROR."""
        return self.level is Level.ERROR and self.code.startswith(("input/", "archive/"))

    def at_level(self, level: Level) -> Finding:
        """Return the same finding with another level."""
        return replace(self, level=level)


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One substitution, drop or fallback that we made, with its reason. None is ever silent."""

    code: str
    message: str
    effect: Effect
    before: str = ""
    after: str = ""
    origin: Origin | None = field(default=None)


def fidelity_of(changes: tuple[Change, ...]) -> Fidelity:
    """Return EXACT if nothing was substituted, else the worst effect (interface: ``fidelity``)."""
    effects = {change.effect for change in changes}
    if Effect.DEGRADED in effects:
        return Fidelity.DEGRADED
    return Fidelity.ADAPTED if Effect.ADAPTED in effects else Fidelity.EXACT
