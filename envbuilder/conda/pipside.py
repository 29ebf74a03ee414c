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
from envbuilder.lock import Target
from envbuilder.resolver.attempt import Attempt as PipAttempt
from envbuilder.resolver.carrying import Carrier, Direct
from envbuilder.resolver.carrying import wanted as holds
from envbuilder.resolver.climb import Climb, Summit
from envbuilder.resolver.demand import Demand, demand_of
from envbuilder.resolver.targets import Interpreters, Place

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

    from envbuilder.lock import CondaPackage
    from envbuilder.policy import Builds
    from envbuilder.resolver.engine import Engine, Failure
    from envbuilder.resolver.wishes import Wish
    from envbuilder.spec import CondaRequirement, DirectReference, EnvSpec, PypiName, PypiRequirement


@dataclass(frozen=True, kw_only=True, slots=True)
class Unmet:
    """That the index cannot add what is asked to what the channels gave."""

    error: ResolveError
    further: tuple[str, ...] = ()
    """Constraints on packages of the channels that nobody pinned under which it could; empty for none."""


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
    ) -> Summit | Unmet | None:
        """Return what the index adds to solved packages, None where that is nothing; else why it cannot.

        Raises ResolveError: ``resolve/conda-and-pip`` where both sides ask for one package in ways that exclude
        each other.
        """
        brought = by_distribution(packages)
        told = conflict(self.requirements(target), asked, packages)
        if told:
            raise told
        self._refuse_located(brought)
        if not self.direct and all(r.name in brought and not r.extras for r in self.demand.requirements):
            return None
        engine = Beside(engine=self.engine, given=given(packages, self.folder))
        try:
            return self._climbed(engine, target, cutoff)
        except ResolveError as error:
            if error.code != "resolve/no-solution" or engine.failure is None:
                raise
            return Unmet(error=error, further=self._needed(engine, engine.failure, target, cutoff))

    def _needed(
        self, engine: Beside, failure: Failure, target: Target, cutoff: datetime.datetime | None
    ) -> tuple[str, ...]:
        """Return what the index would take itself of the channels' packages that are in its way."""
        culprits = {item.name for item in engine.given} & set(failure.packages)
        fewer = tuple(item for item in engine.given if item.name not in culprits)
        if not culprits:
            return ()
        try:
            summit = self._climbed(Beside(engine=self.engine, given=fewer), target, cutoff)
        except ResolveError:
            return ()
        return tuple(
            pin_text(name, f"=={artifact.version}")
            for artifact in summit.found.artifacts
            if artifact.name in culprits
            for name in conda_names_of(artifact.name)
        )

    def _climbed(self, engine: Beside, target: Target, cutoff: datetime.datetime | None) -> Summit:
        place = self.place(target)
        attempt = PipAttempt(place=place, demand=self.demand, cutoff=cutoff)
        if self.direct:
            references = Direct(references=self.direct, carrier=self.carrier, day=cutoff)
            references.at(place)  # at once: what cannot be had is told with its line
            attempt = replace(attempt, direct=references)
        return Climb(engine=engine, builds=self.builds, wishes=(), place=_nowhere, strict=self.strict).run(
            attempt
        )

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
