"""What the ladder's steps may look at, and what a step is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from envbuilder.resolver.probe import Pins, probe

if TYPE_CHECKING:
    from collections.abc import Callable

    from envbuilder.resolver.attempt import Attempt
    from envbuilder.resolver.demand import Demand
    from envbuilder.resolver.engine import Engine, Failure
    from envbuilder.resolver.targets import Place
    from envbuilder.resolver.wishes import Wish


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What the steps may look at besides the attempt."""

    engine: Engine
    failure: Failure
    wishes: tuple[Wish, ...]
    """Every Python that a file of the model names."""
    place: Callable[[Wish], Place]
    probes: dict[tuple[Demand, Place], Pins] = field(default_factory=dict)
    """What was asked already."""

    def pins(self, attempt: Attempt) -> Pins:
        """Return what the index knows of the attempt's pins; asked once."""
        return self.pins_at(attempt, attempt.place)

    def pins_at(self, attempt: Attempt, place: Place) -> Pins:
        """Return the same for another place."""
        key = (attempt.demand, place)
        if key not in self.probes:
            self.probes[key] = probe(attempt.demand, place, self.engine)
        return self.probes[key]


Step: TypeAlias = "Callable[[Attempt, Situation], Attempt | None]"
"""Returns a better attempt with its change recorded, or None where the step has nothing to offer."""
