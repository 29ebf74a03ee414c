"""Climbing the ladder: attempts until one gives files that fit, in as few runs of the engine as can be."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from envbuilder.resolver.attempt import Attempt, Found, Outcome, evaluate
from envbuilder.resolver.engine import Failure, FailureKind
from envbuilder.resolver.faults import failed, refused_by_strict
from envbuilder.resolver.ladder import Situation, loosened, mended, other_python
from envbuilder.resolver.selection import built_elsewhere

if TYPE_CHECKING:
    from collections.abc import Callable

    from envbuilder.policy import Builds
    from envbuilder.resolver.demand import Demand
    from envbuilder.resolver.engine import Engine
    from envbuilder.resolver.probe import Pins
    from envbuilder.resolver.targets import Place, Wish

MOST_ATTEMPTS = 16
"""Full resolutions at most; a ladder that is longer than that would hide the cause."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Climb:
    """One model's way up the ladder."""

    engine: Engine
    builds: Builds
    wishes: tuple[Wish, ...]
    place: Callable[[Wish], Place]
    strict: bool = False
    probes: dict[tuple[Demand, Place], Pins] = field(default_factory=dict)

    def run(self, attempt: Attempt) -> tuple[Attempt, Found]:
        """Return the attempt that worked and what it found. Raises ResolveError at the ladder's end."""
        first = attempt
        outcome = self._evaluate(attempt)
        if isinstance(outcome, Found):
            return self._second_thoughts(attempt, outcome)
        failures = [outcome]
        for step in (self._mend, *[self._loosen] * MOST_ATTEMPTS):
            better = step(attempt, failures[-1])
            if better is None:
                break
            if better == attempt:
                continue
            attempt, outcome = better, self._evaluate(better)
            if isinstance(outcome, Found):
                return self._allowed(first, attempt), outcome
            failures.append(outcome)
        raise failed(attempt, failures)

    def _evaluate(self, attempt: Attempt) -> Outcome:
        outcome = evaluate(attempt, self.engine, self.builds)
        if isinstance(outcome, Failure) and outcome.kind in (FailureKind.NETWORK, FailureKind.TOOL):
            raise failed(attempt, [outcome])
        return outcome

    def _situation(self, failure: Failure) -> Situation:
        return Situation(
            engine=self.engine, failure=failure, wishes=self.wishes, place=self.place, probes=self.probes
        )

    def _mend(self, attempt: Attempt, failure: Failure) -> Attempt:
        return mended(attempt, self._situation(failure))

    def _loosen(self, attempt: Attempt, failure: Failure) -> Attempt | None:
        return loosened(attempt, self._situation(failure))

    def _second_thoughts(self, attempt: Attempt, found: Found) -> tuple[Attempt, Found]:
        """A lock whose pins have wheels for other Pythons only resolves, and then seldom builds.

        Where the model's files name several Pythons, the one that the pins were made for is the true one.
        """
        suspects = _suspects(attempt, found)
        if not suspects or len({wish.text for wish in self.wishes}) < 2:
            return attempt, found
        failure = Failure(kind=FailureKind.NO_SOLUTION, text="", packages=())
        moved = other_python(attempt, self._situation(failure))
        if moved is None or moved.place == attempt.place:
            return attempt, found
        better, outcome = replace(self, wishes=()).run(moved)
        if _suspects(better, outcome) >= suspects:
            return attempt, found
        return self._allowed(attempt, better), outcome

    def _allowed(self, first: Attempt, attempt: Attempt) -> Attempt:
        """Raise ResolveError where strict forbids a step that was taken; only the day's may be."""
        steps = attempt.changes[len(first.changes) :]
        forbidden = [step for step in steps if step.code != "date/raised"]
        if self.strict and forbidden:
            raise refused_by_strict(forbidden)
        return attempt


def _suspects(attempt: Attempt, found: Found) -> int:
    """How many of the model's pins were made for other Pythons than the target's."""
    pins = {pin.name for pin in attempt.demand.pins}
    target = attempt.place.target
    return sum(bool(built_elsewhere(c.files, target)) for c in found.candidates if c.name in pins)
