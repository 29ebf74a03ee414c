"""The difference of two models' environments, as data."""

from __future__ import annotations

import datetime
import enum
from dataclasses import dataclass

from envbuilder.findings import Fidelity, Finding, Level, Origin
from envbuilder.report.report import Skipped, worse


class Step(enum.Enum):
    """How the one becomes the other."""

    ADDED = "added"
    REMOVED = "removed"
    UPGRADED = "upgraded"
    DOWNGRADED = "downgraded"
    CHANGED = "changed"
    """The files ask for it in other words, or for versions that have no order."""
    REPLACED = "replaced"
    """Another file of the same version for the same target, or a source distribution in place of a wheel."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """A line of a model's files that asks for something. ``origin`` is None for what is implied."""

    text: str
    meaning: str
    """One text for all spellings of the same wish."""
    origin: Origin | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What one of the two models has of a thing. Texts are masked, as all that is shown of a model."""

    version: str | None = None
    """As locked; without a lock as pinned. None where none is chosen."""
    wishes: tuple[Wish, ...] = ()
    """The lines that ask for it; none for what only other packages bring."""
    sha256: str = ""
    """Of the locked file; empty without a lock."""
    from_source: bool = False
    licence: str = ""
    """An SPDX expression, else what the package says of itself; empty where nobody has looked it up."""
    chain: tuple[str, ...] = ()
    """The requirements that brought it, from the model's own to the package itself, where known."""

    @property
    def asked(self) -> frozenset[str]:
        """What the lines mean, however they are spelt and wherever they stand."""
        return frozenset(wish.meaning for wish in self.wishes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Delta:
    """One thing that is not the same on both sides; never are both sides None."""

    kind: str
    """``python``, ``pypi``, ``conda``, ``channel``, ``option``, or a direct reference's kind."""
    name: str
    step: Step
    before: State | None
    after: State | None

    @property
    def named(self) -> bool:
        """Whether a file of either model asks for it."""
        return any(state.wishes for state in (self.before, self.after) if state)

    @property
    def relicensed(self) -> bool:
        """Whether both licences are known and are not the same."""
        licences = [state.licence for state in (self.before, self.after) if state]
        return len(licences) == 2 and all(licences) and licences[0] != licences[1]


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One of the two models. ``created`` and ``as_of`` are aware and in UTC."""

    model: str
    created: datetime.datetime | None = None
    as_of: datetime.datetime | None = None
    """The cut-off of the lock."""
    spec_id: str
    lock_id: str | None = None
    """None where only the files were compared."""
    python: str | None = None
    packages: int | None = None
    """How many the lock has."""
    fidelity: Fidelity


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """All that changes from ``before`` to ``after``."""

    before: Side
    after: Side
    python: Delta | None = None
    packages: tuple[Delta, ...] = ()
    """By kind and name."""
    channels: tuple[Delta, ...] = ()
    """One named ``order`` tells that the channels of both stand in another order."""
    sources: tuple[Delta, ...] = ()
    """Options of the files (indexes and the like) and direct references."""
    new: tuple[Finding, ...] = ()
    """Findings of ``after`` that ``before`` does not have, wherever they stand."""
    gone: tuple[Finding, ...] = ()
    unlicensed: int = 0
    """Packages that change and of whose licences nobody has looked one up yet."""
    skipped: tuple[Skipped, ...] = ()
    """What was asked for and could not be had: licences."""

    @property
    def locked(self) -> bool:
        """Whether locks were compared, not only files."""
        return self.before.lock_id is not None and self.after.lock_id is not None

    @property
    def deltas(self) -> tuple[Delta, ...]:
        """Everything but the findings."""
        return (*((self.python,) if self.python else ()), *self.packages, *self.channels, *self.sources)

    @property
    def empty(self) -> bool:
        """Whether nothing changes."""
        return not (self.deltas or self.new or self.gone)

    def fails(self, level: Level) -> bool:
        """Whether a finding of this level or a worse one is new."""
        return any(worse(finding.level, level) for finding in self.new)
