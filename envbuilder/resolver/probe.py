"""What the index knows of the model's own pins: their files, and which of them the target cannot have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.resolver.demand import line_of
from envbuilder.resolver.engine import Failure, FailureKind, Lack, Question
from envbuilder.resolver.selection import available_since

if TYPE_CHECKING:
    import datetime

    from envbuilder.resolver.demand import Demand
    from envbuilder.resolver.engine import Candidate, Engine
    from envbuilder.resolver.targets import Place
    from envbuilder.spec import PypiName, PypiRequirement

MOST_FAILURES = 24
"""Each failing pin costs one run of the engine; a freeze that fails this often needs another Python anyway."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """A pin that the target cannot have, and the engine's reason."""

    pin: PypiRequirement
    failure: Failure


@dataclass(frozen=True, kw_only=True, slots=True)
class Pins:
    """The pins that exist for the target, whatever their date, and those that do not."""

    place: Place
    candidates: tuple[Candidate, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def newest(self) -> tuple[datetime.datetime, Candidate] | None:
        """The pin that could be installed last, and since when; None if no upload time is known."""
        times = [(available_since(c.files, self.place.target), c) for c in self.candidates]
        known = [(moment, candidate) for moment, candidate in times if moment]
        return max(known, key=lambda pair: pair[0], default=None)

    def lacking(self, *lacks: Lack) -> tuple[Fault, ...]:
        """Return the faults of those kinds."""
        return tuple(fault for fault in self.faults if fault.failure.lack in lacks)

    @property
    def homeless(self) -> tuple[PypiName, ...]:
        """The pins that have nothing for this Python.

        Pins that only a file names which does not decide are left out: they can be dropped.
        """
        return tuple(fault.pin.name for fault in self.lacking(Lack.PYTHON) if fault.pin.primary)


def probe(demand: Demand, place: Place, engine: Engine) -> Pins:
    """Ask for the pins alone, without dependencies or date, and set aside each one that fails."""
    pins = list(demand.pins)
    faults: list[Fault] = []
    while pins:
        answer = engine.solve(
            Question(
                requirements=tuple(map(line_of, pins)),
                target=place.target,
                interpreter=place.interpreter,
                dependencies=False,
                prereleases=True,
            )
        )
        if not isinstance(answer, Failure):
            return Pins(place=place, candidates=answer.candidates, faults=tuple(faults))
        culprits = [pin for pin in pins if pin.name in answer.packages]
        if not culprits or answer.kind is FailureKind.NETWORK or len(faults) >= MOST_FAILURES:
            break
        faults += [Fault(pin=pin, failure=answer) for pin in culprits]
        pins = [pin for pin in pins if pin not in culprits]
    return Pins(place=place, faults=tuple(faults))
