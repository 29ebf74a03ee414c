"""One try at a lock: what is asked, and whether the answer can be installed on the target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

from envbuilder.errors import BuildError
from envbuilder.findings import Change, Effect
from envbuilder.resolver.carrying import Direct
from envbuilder.resolver.demand import line_of
from envbuilder.resolver.engine import Candidate, Failure, FailureKind, Question
from envbuilder.resolver.selection import select

if TYPE_CHECKING:
    import datetime
    from collections.abc import Sequence

    from envbuilder.lock import Artifact
    from envbuilder.policy import Builds
    from envbuilder.resolver.carrying import Carried
    from envbuilder.resolver.demand import Demand
    from envbuilder.resolver.engine import Engine, Yanked
    from envbuilder.resolver.targets import Place
    from envbuilder.spec import PypiName

NONE = Direct()


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """Everything that decides a lock; the ladder's steps make one attempt from another."""

    place: Place
    demand: Demand
    direct: Direct = NONE
    """The direct references that the policy admits."""
    cutoff: datetime.datetime | None = None
    exempt: tuple[PypiName, ...] = ()
    own_pins_win: bool = False
    """The model's pins count for more than what other packages say of the same name."""
    dependencies: bool = True
    prereleases: bool = False
    contested: tuple[PypiName, ...] = ()
    """Packages on which others disagree and whose release nobody's word decides."""
    wheels_only: tuple[PypiName, ...] = ()
    """Packages that must not be built from source."""
    bounds: tuple[str, ...] = ()
    """Further constraints: ``name!=version`` of what cannot be built, ``name>=version`` of what must not age."""
    changes: tuple[Change, ...] = ()
    """What the steps on the way to this attempt changed."""

    @property
    def question(self) -> Question:
        """What the engine is asked."""
        pins = self.demand.pins if self.own_pins_win else ()
        return Question(
            requirements=(*map(line_of, self.demand.requirements), *(c.line for c in self.carried)),
            constraints=(*map(line_of, self.demand.constraints), *self.bounds),
            overrides=(*map(line_of, pins), *self.contested),
            target=self.place.target,
            interpreter=self.place.interpreter,
            cutoff=self.cutoff,
            exempt=self.exempt,
            dependencies=self.dependencies,
            prereleases=self.prereleases,
            wheels_only=self.wheels_only,
        )

    @property
    def carried(self) -> tuple[Carried, ...]:
        """The direct references at this place. Raises EnvbuilderError."""
        return self.direct.at(self.place)

    def changed(self, *changes: Change) -> Attempt:
        """Return the same with these changes recorded."""
        return replace(self, changes=(*self.changes, *changes))


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A set of files that the target can install."""

    artifacts: tuple[Artifact, ...]
    candidates: tuple[Candidate, ...]
    changes: tuple[Change, ...] = ()
    """What is worth knowing of these files (built from source)."""


Outcome: TypeAlias = Found | Failure


def evaluate(attempt: Attempt, engine: Engine, builds: Builds) -> Outcome:
    """Ask the engine and choose one file of each release."""
    try:
        question = attempt.question
    except BuildError as error:
        return Failure(kind=FailureKind.BUILD, text=str(error))
    answer = engine.solve(question)
    if isinstance(answer, Failure):
        return answer
    own = {carried.artifact.name: carried for carried in attempt.carried}
    candidates = [
        _own(own[candidate.name], candidate) if candidate.name in own else _admissible(candidate, attempt)
        for candidate in answer.candidates
    ]
    artifacts, changes, refused = select(candidates, attempt.place.target, builds)
    if refused:
        return _refusal(refused)
    changes += tuple(_yanked(release, attempt.demand) for release in answer.yanked)
    return Found(artifacts=artifacts, candidates=tuple(candidates), changes=changes)


def _yanked(release: Yanked, demand: Demand) -> Change:
    pin = next((pin for pin in demand.pins if pin.name == release.name), None)
    reason = f": {release.reason}" if release.reason else ""
    return Change(
        code="pin/yanked",
        message=f"{release.name} {release.version} was taken back by its makers{reason}",
        effect=Effect.NONE,
        after=f"{release.name}=={release.version}",
        origin=pin.origin if pin else None,
    )


def _own(carried: Carried, candidate: Candidate) -> Candidate:
    """What is locked of a direct reference is what the model names, not the wheel that was built of it."""
    same = all(file.sha256 == carried.wheel_sha256 for file in candidate.files)
    return replace(candidate, files=(carried.artifact,) if same else ())


def _admissible(candidate: Candidate, attempt: Attempt) -> Candidate:
    """Leave the files that the cut-off and the requirement's own hashes allow.

    The engines have flags for both; they are bypassed too easily to be trusted (extra indexes).
    """
    files = candidate.files
    if attempt.cutoff and candidate.name not in attempt.exempt:
        cutoff = attempt.cutoff
        files = tuple(f for f in files if f.uploaded is None or f.uploaded <= cutoff)
    allowed = {
        digest.removeprefix("sha256:")
        for requirement in attempt.demand.requirements
        if requirement.name == candidate.name
        for digest in requirement.hashes
        if digest.startswith("sha256:")
    }
    if allowed:
        files = tuple(f for f in files if f.sha256 in allowed)
    return replace(candidate, files=files)


def _refusal(refused: Sequence[Candidate]) -> Failure:
    names = ", ".join(f"{candidate.name} {candidate.version}" for candidate in refused)
    return Failure(
        kind=FailureKind.NO_SOLUTION,
        text=f"no file that may be installed on the target (its wheels, hashes, upload times, "
        f"or the policy's [builds] leave none): {names}",
        packages=tuple(candidate.name for candidate in refused),
    )
