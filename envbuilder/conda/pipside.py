"""The pip side of a conda environment: what the package index adds to the solved packages."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.conda.beside import Beside, given
from envbuilder.conda.brought import by_distribution, conda_names_of
from envbuilder.conda.conflicts import conflict
from envbuilder.conda.matchtext import pin_text
from envbuilder.errors import InterpreterError, ResolveError
from envbuilder.findings import Change, Effect
from envbuilder.lock import Target
from envbuilder.resolver.attempt import Attempt as PipAttempt
from envbuilder.resolver.attempt import evaluate
from envbuilder.resolver.carrying import Carrier, Direct
from envbuilder.resolver.carrying import wanted as holds
from envbuilder.resolver.climb import Climb, Summit
from envbuilder.resolver.demand import Demand, demand_of
from envbuilder.resolver.engine import Failure
from envbuilder.resolver.targets import Interpreters, Place

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Mapping

    from envbuilder.lock import CondaPackage
    from envbuilder.policy import Builds
    from envbuilder.resolver.engine import Engine
    from envbuilder.resolver.wishes import Wish
    from envbuilder.spec import CondaRequirement, DirectReference, EnvSpec, PypiName, PypiRequirement


@dataclass(frozen=True, kw_only=True, slots=True)
class Unmet:
    """That the index needs others of the channels' packages than it was given, none of which anybody pinned."""

    choices: tuple[tuple[str, ...], ...]
    """Constraints on those packages under which it could add what is asked, the nearest first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PipSide:
    """What the model asks of the package index, and who answers."""

    spec: EnvSpec
    direct: tuple[DirectReference, ...]
    engine: Engine
    interpreters: Interpreters
    carrier: Carrier
    builds: Builds
    folder: Path
    """Where the wheels stand that say what the channels bring."""
    strict: bool = False
    seeds: tuple[PypiName, ...] = field(default=())
    """Seeds of which any release is taken, since no channel has the pinned one."""

    @property
    def demand(self) -> Demand:
        """Requirements and constraints, pip, setuptools and wheel among them."""
        demand = demand_of(self.spec)
        for name in self.seeds:
            demand = demand.respecified(name, "")
        return demand

    def requirements(self, target: Target) -> tuple[PypiRequirement, ...]:
        """Return requirements and constraints that hold for a target."""
        found = (*self.demand.requirements, *self.demand.constraints)
        return tuple(r for r in found if holds(r.marker, target))

    def place(self, target: Target) -> Place:
        """Return the place of a target: an interpreter of its minor version can look into source distributions."""
        minor = target.python.split(".")[:2]
        here = (i for i in self.interpreters.present() if i.platform == target.platform)
        return Place(
            target=target, interpreter=next((i for i in here if i.version.split(".")[:2] == minor), None)
        )

    def complete(
        self,
        packages: tuple[CondaPackage, ...],
        asked: tuple[CondaRequirement, ...],
        target: Target,
        cutoff: datetime.datetime | None,
        *,
        settle: bool = False,
    ) -> Summit | Unmet | None:
        """Return what the index adds to solved packages, None where that is nothing.

        ``settle`` takes what the channels gave as it is, even where pip's side needs another version of it.
        Raises ResolveError: ``resolve/conda-and-pip`` where both sides ask for one package in ways that exclude
        each other, and what the ladder of the index ends with.
        """
        brought = by_distribution(packages)
        told = conflict(self.requirements(target), asked, packages)
        if told:
            raise told
        self._refuse_located(brought)
        if not self.direct and all(r.name in brought and not r.extras for r in self.demand.requirements):
            return None
        engine = Beside(engine=self.engine, given=given(packages, self.folder))
        attempt = self._attempt(target, cutoff)
        if not settle:
            # Before the ladder would take other steps away from what was logged.
            outcome = evaluate(attempt, engine, self.builds)
            if isinstance(outcome, Failure) and (choices := self._needed(engine, attempt, outcome.packages)):
                return Unmet(choices=choices)
        summit = self._climbed(engine, attempt)
        stuck = tuple(name for name in summit.attempt.contested if name in brought)
        if stuck and not settle and (choices := self._needed(engine, attempt, stuck)):
            return Unmet(choices=choices)
        return _told(summit, stuck, brought)

    def _needed(
        self, engine: Beside, attempt: PipAttempt, names: Iterable[PypiName]
    ) -> tuple[tuple[str, ...], ...]:
        """Return what the index would take itself of those of the channels' packages that are in its way."""
        culprits = {item.name: item.version for item in engine.given if item.name in set(names)}
        if not culprits:
            return ()
        fewer = tuple(item for item in engine.given if item.name not in culprits)
        try:
            summit = self._climbed(Beside(engine=self.engine, given=fewer), attempt)
        except ResolveError:
            return ()
        others = [a for a in summit.found.artifacts if culprits.get(a.name, a.version) != a.version]
        exact = tuple(pin_text(n, f"=={a.version}") for a in others for n in conda_names_of(a.name))
        series = tuple(
            pin_text(n, f"=={_series(a.version)}.*") for a in others for n in conda_names_of(a.name)
        )
        return (exact, series) if exact else ()

    def _attempt(self, target: Target, cutoff: datetime.datetime | None) -> PipAttempt:
        attempt = PipAttempt(place=self.place(target), demand=self.demand, cutoff=cutoff)
        if not self.direct:
            return attempt
        references = Direct(references=self.direct, carrier=self.carrier, day=cutoff)
        references.at(attempt.place)  # at once: what cannot be had is told with its line
        return replace(attempt, direct=references)

    def _climbed(self, engine: Beside, attempt: PipAttempt) -> Summit:
        climb = Climb(engine=engine, builds=self.builds, wishes=(), place=_nowhere, strict=self.strict)
        return climb.run(attempt)

    def _refuse_located(self, brought: Mapping[PypiName, CondaPackage]) -> None:
        for reference in self.direct:
            package = brought.get(reference.name) if reference.name else None
            if package:
                raise ResolveError(
                    f"{reference.name} would be there twice: conda's side has {package.name} {package.version},"
                    f" pip's side names {reference.url}",
                    code="resolve/conda-and-pip",
                    origin=reference.origin,
                    requirements=((reference.origin, str(reference.url)),),
                    hint="keep one of the two",
                )


def _nowhere(wish: Wish) -> Place:
    """The Python is conda's: no other is chosen for the pip side."""
    raise InterpreterError(f"python {wish.text} is not the one that was solved")


def _series(version: str) -> str:
    """``1.19`` of ``1.19.5``: channels may lack the very release that the index has."""
    return ".".join(version.split(".")[:2])


def _told(summit: Summit, stuck: tuple[PypiName, ...], brought: Mapping[PypiName, CondaPackage]) -> Summit:
    """Return a summit whose changes say of packages that were kept against others' word what became of them."""
    if not stuck:
        return summit
    kept = ", ".join(f"{name} {brought[name].version}" for name in stuck)
    change = Change(
        code="pin/contested",
        message=f"packages of pip's side need other versions; what the channels have is kept: {kept}",
        effect=Effect.ADAPTED,
    )
    others = tuple(name for name in summit.attempt.contested if name not in stuck)
    left = [
        c for c in summit.attempt.changes if c.code != "pin/contested" or any(n in c.message for n in others)
    ]
    return replace(summit, attempt=replace(summit.attempt, changes=(*left, change)))
