"""Packages that a resolver walked back from a release with a wheel to an older one without."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.version import Version

from envbuilder.findings import Change, Effect
from envbuilder.lock import Kind
from envbuilder.resolver.engine import Failure
from envbuilder.resolver.selection import best

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.lock import Artifact
    from envbuilder.resolver.attempt import Attempt, Found
    from envbuilder.resolver.engine import Engine, Question


def walked_back(sources: Sequence[Artifact], question: Question, engine: Engine) -> tuple[Artifact, ...]:
    """Return those source distributions whose package has a younger release of the day with a compiled wheel.

    One question for all of them; a package that never had wheels (databricks-cli of its time) is none, and
    one in pure Python (alembic) builds anywhere.
    """
    if not sources:
        return ()
    names = tuple(artifact.name for artifact in sources)
    answer = engine.solve(
        replace(question, requirements=names, constraints=(), overrides=(), dependencies=False)
    )
    if isinstance(answer, Failure):
        return ()
    newest = {candidate.name: candidate for candidate in answer.candidates}
    return tuple(
        artifact
        for artifact in sources
        if (candidate := newest.get(artifact.name))
        and Version(candidate.version) > Version(artifact.version)
        and (file := best(candidate.files, question.target))
        and file.kind is Kind.WHEEL
        and not file.filename.endswith("-none-any.whl")
    )


def without_retreat(attempt: Attempt, found: Found, retreats: Sequence[Artifact]) -> Attempt:
    """Return the attempt that takes wheels of those packages.

    Nothing that the model names may get older for it (mlflow would be walked back for years), and what else
    is built stays as it is: every further release that the engine looks at would have to be built as well.
    """
    named = {requirement.name for requirement in attempt.demand.requirements}
    floors = [f"{c.name}>={c.version}" for c in found.candidates if c.name in named]
    others = [a for a in found.artifacts if a.kind is Kind.SDIST and a not in retreats]
    return replace(
        attempt,
        wheels_only=tuple(artifact.name for artifact in retreats),
        bounds=(*attempt.bounds, *floors, *(f"{a.name}=={a.version}" for a in others)),
    ).changed(*map(_avoided, retreats))


def _avoided(artifact: Artifact) -> Change:
    return Change(
        code="build/avoided",
        message=f"{artifact.name} {artifact.version} would be built from source though younger releases of the "
        "day have wheels; one of those is taken",
        effect=Effect.NONE,
        before=f"{artifact.name}=={artifact.version}",
    )
