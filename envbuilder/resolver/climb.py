"""Climbing the ladder: attempts until one gives files that fit, in as few runs of the engine as can be."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from envbuilder.errors import InterpreterError, ResolveError, UsageError
from envbuilder.lock import Kind
from envbuilder.resolver.attempt import Attempt, Found, Outcome, evaluate
from envbuilder.resolver.breaks import broken_by, without_breaks
from envbuilder.resolver.engine import Failure, FailureKind
from envbuilder.resolver.faults import failed, refuse_steps
from envbuilder.resolver.ladder import loosened, mended
from envbuilder.resolver.mending import moved
from envbuilder.resolver.retreat import walked_back, without_retreat
from envbuilder.resolver.situation import Situation
from envbuilder.resolver.wishes import other_wishes

if TYPE_CHECKING:
    from collections.abc import Callable

    from envbuilder.policy import Builds
    from envbuilder.resolver.demand import Demand
    from envbuilder.resolver.engine import Engine
    from envbuilder.resolver.probe import Pins
    from envbuilder.resolver.targets import Place
    from envbuilder.resolver.wishes import Wish

MOST_ATTEMPTS = 16
"""Full resolutions at most; a ladder that is longer than that would hide the cause."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Summit:
    """An attempt that worked and what it found."""

    attempt: Attempt
    found: Found

    @property
    def built(self) -> int:
        """How many of the model's pins have to be built from source."""
        pins = {pin.name for pin in self.attempt.demand.pins}
        return sum(a.kind is Kind.SDIST and a.name in pins for a in self.found.artifacts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Climb:
    """One model's way up the ladder."""

    engine: Engine
    builds: Builds
    wishes: tuple[Wish, ...]
    place: Callable[[Wish], Place]
    strict: bool = False
    probes: dict[tuple[Demand, Place], Pins] = field(default_factory=dict)

    def run(self, start: Attempt) -> Summit:
        """Return the best attempt that worked. Raises ResolveError at the ladder's end.

        Where the model's files name several Pythons, the one that its pins were made for is the true one:
        the first whose lock has the fewest of them to build from source. (A pin of 2020 resolves for the
        Python of today, and then does not build.)
        """
        best = self._climb(start)
        for wish in other_wishes(self.wishes, start.place.minor):
            if isinstance(best, Summit) and not best.built:
                break
            other = self._elsewhere(start, wish, best)
            if isinstance(other, Summit) and _better(other, best):
                best = other
        if isinstance(best, ResolveError):
            raise best
        if self.strict:
            refuse_steps(start.changes, best.attempt.changes)
        return best

    def _elsewhere(self, start: Attempt, wish: Wish, best: Summit | ResolveError) -> Summit | ResolveError:
        if isinstance(best, ResolveError) and best.code == "resolve/network":
            return best
        try:
            place = self.place(wish)
        except (InterpreterError, UsageError):
            return best
        many = f"{best.built} of the pins have no wheel" if isinstance(best, Summit) else "there is no lock"
        return self._climb(moved(start, place, wish, f"{many} for"))

    def _climb(self, attempt: Attempt) -> Summit | ResolveError:
        outcome = self._evaluate(attempt)
        failures: list[Failure] = []
        for step in (self._mend, *[self._loosen] * MOST_ATTEMPTS):
            if isinstance(outcome, Found):
                return self._without_breaks(self._with_wheels(Summit(attempt=attempt, found=outcome)))
            failures.append(outcome)
            if outcome.kind in (FailureKind.NETWORK, FailureKind.TOOL):
                break
            better = step(attempt, outcome)
            if better is None:
                break
            if better != attempt:
                attempt, outcome = better, self._evaluate(better)
        return failed(attempt, failures)

    def _with_wheels(self, summit: Summit) -> Summit:
        """Avoid old source distributions of packages whose newest release of the day has a compiled wheel.

        A resolver that keeps the newest numpy walks numba back to a release from before numba had an upper
        bound, and that one neither builds nor works.
        """
        attempt, found = summit.attempt, summit.found
        free = [
            a
            for a in found.artifacts
            if a.kind is Kind.SDIST and a.source is None and not attempt.demand.named((a.name,))
        ]
        retreats = walked_back(free, attempt.question, self.engine) if attempt.dependencies else ()
        while retreats:
            better = without_retreat(attempt, found, retreats)
            outcome = self._evaluate(better)
            if isinstance(outcome, Found):
                return Summit(attempt=better, found=outcome)
            # What the engine names has to be built; the others may still do without.
            fewer = tuple(artifact for artifact in retreats if artifact.name not in outcome.packages)
            retreats = fewer if len(fewer) < len(retreats) else ()
        return summit

    def _without_breaks(self, summit: Summit) -> Summit:
        """Hold back releases that are known to break others, where an answer without them exists."""
        breaks = broken_by(summit.attempt, summit.found.artifacts) if summit.attempt.dependencies else ()
        if not breaks:
            return summit
        better = without_breaks(summit.attempt, breaks)
        outcome = self._evaluate(better)
        return Summit(attempt=better, found=outcome) if isinstance(outcome, Found) else summit

    def _evaluate(self, attempt: Attempt) -> Outcome:
        return evaluate(attempt, self.engine, self.builds)

    def _situation(self, failure: Failure) -> Situation:
        return Situation(
            engine=self.engine, failure=failure, wishes=self.wishes, place=self.place, probes=self.probes
        )

    def _mend(self, attempt: Attempt, failure: Failure) -> Attempt:
        return mended(attempt, self._situation(failure))

    def _loosen(self, attempt: Attempt, failure: Failure) -> Attempt | None:
        return loosened(attempt, self._situation(failure))


def _better(one: Summit, other: Summit | ResolveError) -> bool:
    return isinstance(other, ResolveError) or one.built < other.built
