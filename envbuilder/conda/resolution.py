"""From a rewritten spec to the lock of a conda environment: packages of channels, then what the index adds."""

from __future__ import annotations

import contextlib
import datetime
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envbuilder.conda.attempt import Attempt
from envbuilder.conda.brought import with_distributions
from envbuilder.conda.climb import Solved, climb, solved_once
from envbuilder.conda.holdings import holdings_of
from envbuilder.conda.host import virtual_packages
from envbuilder.conda.matching import Channels, RattlerChannels
from envbuilder.conda.mending import guessed_day
from envbuilder.conda.pipside import PipSide, Unmet
from envbuilder.conda.pythons import wanted_python
from envbuilder.conda.sources import sources_of
from envbuilder.conda.subdirs import subdir_of
from envbuilder.conda.wanted import PYTHON, pins_of
from envbuilder.errors import ResolveError
from envbuilder.findings import Change, Effect
from envbuilder.flavors import imports_of
from envbuilder.lock import Lock, Target
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.resolver import dating
from envbuilder.resolver.admission import admit
from envbuilder.resolver.carrying import NOBODY
from envbuilder.resolver.climb import Summit
from envbuilder.resolver.demand import demand_of
from envbuilder.resolver.faults import refused_by_strict
from envbuilder.resolver.probe import probe
from envbuilder.resolver.targets import FOREIGN_FLOORS, host_platform, requested
from envbuilder.resolver.wishes import Wish, deciding, other_wishes, wishes
from envbuilder.spec import SEED_NAMES, PypiName

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.lock import Artifact, CondaPackage
    from envbuilder.policy import Policy
    from envbuilder.request import Request
    from envbuilder.resolver.carrying import Carrier
    from envbuilder.resolver.engine import Engine
    from envbuilder.resolver.targets import Interpreters
    from envbuilder.settings import Settings
    from envbuilder.spec import Rewritten

ENGINE = "conda"
ROUNDS = 3
"""How often the channels are asked again for what the index turned out to need."""


def resolve_conda(
    rewritten: Rewritten,
    *,
    request: Request,
    settings: Settings,
    policy: Policy = DEFAULT,
    engine: Engine,
    interpreters: Interpreters,
    cache: Path,
    carrier: Carrier = NOBODY,
    progress: Progress = SILENT,
    channels: Channels | None = None,
) -> Lock:
    """Return the exact packages for what a model asks for, as of its day: the channels' and the index's.

    ``rewritten`` is a spec whose conda dependencies stay conda's (``rewrite(conda=True)``); ``engine`` resolves
    what is left to the index; ``cache`` is the store's folder for what channels give. Raises PolicyError for a
    channel or a direct reference that the policy does not open, ResolveError where there is no lock (it names
    the requirement lines at fault), UsageError for a platform that no channel has, StoreError, ToolError.
    """
    spec = rewritten.spec
    direct, admitted = admit(spec.direct, policy)
    task = _Task(
        rewritten=rewritten,
        request=request,
        policy=policy,
        channels=channels or RattlerChannels(cache=cache, settings=settings, progress=progress),
        pip=PipSide(
            spec=spec, direct=direct, engine=engine, interpreters=interpreters, carrier=carrier,
            builds=policy.builds, folder=cache / "given", strict=request.strict,
        ),
        admitted=admitted,
    )  # fmt: skip
    progress.phase("resolve", spec.provenance.model)
    return task.lock()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Task:
    rewritten: Rewritten
    request: Request
    policy: Policy
    channels: Channels
    pip: PipSide
    admitted: tuple[Change, ...]

    def lock(self) -> Lock:
        """Try each Python that a file names until one gives a lock."""
        spec, created = self.rewritten.spec, self.rewritten.spec.provenance.created
        day = dating.wanted_day(self.request.as_of, created)
        wanted, choice = deciding(wishes(self.request, spec.python), created)
        first: ResolveError | None = None
        for wish in _in_order(wanted):
            changes = choice if first is None else (*choice, _moved(wanted[0], wish))
            try:
                return self._lock(wish, day, changes)
            except ResolveError as error:
                first = first or error
                if error.code != "resolve/no-solution" or self.request.strict:
                    break
        assert first is not None  # noqa: S101
        raise first

    def _lock(self, wish: Wish | None, day: datetime.datetime | None, choice: tuple[Change, ...]) -> Lock:
        start = self._start(wish, day, choice)
        solved = climb(start, self.channels, strict=self.request.strict)
        solved, target, summit = self._completed(solved)
        return self._made(solved, target, summit)

    def _start(self, wish: Wish | None, day: datetime.datetime | None, choice: tuple[Change, ...]) -> Attempt:
        """Say what is asked first. Raises ResolveError where ``strict`` forbids the choice of the Python."""
        spec, created = self.rewritten.spec, self.rewritten.spec.provenance.created
        build = next((p.build for p in spec.python if wish and p.origin == wish.origin), "")
        python, guess = wanted_python(wish, day or datetime.datetime.now(datetime.timezone.utc), build)
        target = self._target("{}.{}.0".format(*python.minor))
        choice += guess
        if self.request.strict and choice:
            raise refused_by_strict(choice)
        choice += requested(self.request, spec.python, replace(target, python=python.patch or target.python))
        choice += (*self.admitted, *dating.chosen(self.request.as_of, created, spec.pypi))
        demand = demand_of(spec)
        named = {item.name for item in spec.pypi}
        attempt = Attempt(
            python=python,
            requirements=spec.conda,
            seeds=tuple(r for r in demand.requirements if r.name in SEED_NAMES and r.name not in named),
            pins=pins_of((*spec.pypi, *spec.constraints), target),
            sources=sources_of(spec, self.policy),
            platform=target.platform,
            virtual=virtual_packages(
                target.platform, floor=target.floor, cuda=self.policy.conda.cuda or None
            ),
            cutoff=day,
            changes=choice,
        )
        return attempt if day or self.request.as_of != "logged" else self._guessed(attempt, target)

    def _guessed(self, attempt: Attempt, target: Target) -> Attempt:
        """Let the newest pin of either side stand for the day of a model that has none."""
        place = self.pip.place(target)
        ours = guessed_day(attempt, holdings_of(attempt, self.channels))
        pip = probe(self.pip.demand, place, self.pip.engine) if self.rewritten.spec.pypi else None
        theirs = pip.newest if pip else None
        known = [ours] if ours else []
        known += [(theirs[0], f"{theirs[1].name} {theirs[1].version}")] if theirs else []
        if not known:
            change = Change(
                code="date/none",
                message="the model has no date and pins nothing; today's releases are used",
                effect=Effect.ADAPTED,
            )
            return attempt.changed(change)
        moment, text = max(known)
        cutoff = dating.whole(moment + dating.GRACE)
        change = Change(
            code="date/guessed",
            message=f"the model has no date; {text}, its newest pin, stands for it",
            effect=Effect.NONE,
            after=dating.rfc3339(cutoff),
        )
        return replace(attempt, cutoff=cutoff).changed(change)

    def _target(self, python: str) -> Target:
        """Return the target for a version of Python. Raises UsageError."""
        platform = self.request.platform or host_platform()
        subdir_of(platform)
        floor = ""
        if platform == host_platform():
            floor = next((i.floor for i in self.pip.interpreters.present()), "")
        return Target(
            python=python,
            platform=platform,
            floor=floor or FOREIGN_FLOORS.get(platform.partition("-")[0], ""),
        )

    def _completed(self, solved: Solved, rounds: int = ROUNDS) -> tuple[Solved, Target, Summit | None]:
        """Add what the index adds; where it needs others of the channels' packages, ask the channels again."""
        packages, attempt = with_distributions(solved.packages), solved.attempt
        target, pip = self._solved_target(packages), self._pip(attempt)

        def completed(*, settle: bool) -> Summit | Unmet | None:
            return pip.complete(packages, attempt.requirements, target, attempt.cutoff, settle=settle)

        found = completed(settle=rounds == 0)
        for further in found.choices if isinstance(found, Unmet) else ():
            more = replace(attempt, further=(*attempt.further, *further))
            other = solved_once(more, self.channels)
            if isinstance(other, Solved):
                with contextlib.suppress(ResolveError):
                    return self._completed(other, rounds - 1)
        if isinstance(found, Unmet):
            found = completed(settle=True)
        assert not isinstance(found, Unmet)  # noqa: S101
        return solved, target, found

    def _pip(self, attempt: Attempt) -> PipSide:
        """The pip side without pins of seeds that the channels could not meet."""
        relaxed = tuple(PypiName(c.after) for c in attempt.changes if c.code == "pin/seed")
        return replace(self.pip, seeds=relaxed)

    def _solved_target(self, packages: tuple[CondaPackage, ...]) -> Target:
        python = next((p.version for p in packages if p.name == PYTHON), None)
        if python is None:
            raise ResolveError(
                "the solution has no python", code="resolve/no-solution", hint="name a channel that has it"
            )
        return self._target(python)

    def _made(self, solved: Solved, target: Target, summit: Summit | None) -> Lock:
        attempt, packages = solved.attempt, with_distributions(solved.packages)
        artifacts: tuple[Artifact, ...] = ()
        added: tuple[Change, ...] = ()
        changes, as_of = attempt.changes, attempt.cutoff
        if summit:
            artifacts, as_of = summit.found.artifacts, summit.attempt.cutoff
            changes += summit.attempt.changes
            indexed = [a for a in artifacts if a.source is None]
            added = (*dating.verify(indexed, as_of, summit.attempt.exempt), *summit.found.changes)
        if self.request.as_of != "logged":
            changes = tuple(map(dating.overruled, changes))
        return Lock(
            target=target,
            artifacts=artifacts,
            spec_id=self.rewritten.spec_id,
            engine=ENGINE,
            as_of=as_of,
            changes=(
                *self.rewritten.changes,
                *changes,
                *dating.verify_times(
                    [(p.name, p.version, p.built) for p in packages],
                    attempt.cutoff,
                    attempt.exempt,
                    untold="the channels give no time",
                ),
                *added,
            ),
            imports=imports_of(self.rewritten.spec.flavors),
            conda=packages,
        )


def _in_order(wanted: tuple[Wish, ...]) -> tuple[Wish | None, ...]:
    """The deciding wish, then those of other files for other minor versions."""
    if not wanted:
        return (None,)
    version = wanted[0].version or ()
    minor = (version[0], version[1]) if len(version) > 1 else (0, 0)
    return (wanted[0], *(wish for wish in other_wishes(wanted, minor) if wish != wanted[0]))


def _moved(first: Wish, wish: Wish | None) -> Change:
    assert wish is not None  # noqa: S101
    said = f", as {wish.origin} says" if wish.origin else ""
    return Change(
        code="python/other",
        message=f"there is no lock for python {first.text}; {wish.text} is used{said}",
        effect=Effect.ADAPTED,
        before=first.text,
        after=wish.text,
        origin=wish.origin,
    )
