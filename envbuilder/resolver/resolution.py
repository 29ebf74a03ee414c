"""From a rewritten spec to a lock: which Python, as of which day, which files."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import TYPE_CHECKING

from envbuilder.errors import InterpreterError
from envbuilder.flavors import imports_of
from envbuilder.lock import Lock
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.resolver.admission import admit, refuse_conda_only
from envbuilder.resolver.attempt import Attempt
from envbuilder.resolver.carrying import NOBODY, Direct
from envbuilder.resolver.climb import Climb, Summit
from envbuilder.resolver.dating import chosen, guessed, overruled, verify, wanted_day
from envbuilder.resolver.demand import demand_of
from envbuilder.resolver.probe import probe
from envbuilder.resolver.targets import Place, place_of, requested
from envbuilder.resolver.wishes import Wish, deciding, wishes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.findings import Change
    from envbuilder.policy import Policy
    from envbuilder.request import Request
    from envbuilder.resolver.carrying import Carrier
    from envbuilder.resolver.engine import Engine
    from envbuilder.resolver.targets import Interpreters
    from envbuilder.spec import Rewritten


def resolve(
    rewritten: Rewritten,
    *,
    request: Request,
    engine: Engine,
    interpreters: Interpreters,
    carrier: Carrier = NOBODY,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Lock:
    """Return the exact files for what a model asks for. ``carrier`` brings its direct references, if there are any.

    Raises PolicyError for a direct reference that the policy does not open, InterpreterError where the
    Python is unknown or ``strict`` forbids a substitute, ResolveError where even the ladder
    (envbuilder.resolver.ladder) ends without a lock; that one names the requirement lines at fault.
    """
    spec = rewritten.spec
    direct, admitted = admit(spec.direct, policy)
    refuse_conda_only(spec.conda, policy)
    day = wanted_day(request.as_of, spec.provenance.created)
    moment = day or datetime.datetime.now(datetime.timezone.utc)

    def place(wish: Wish | None) -> Place:
        return place_of(wish, request=request, interpreters=interpreters, moment=moment, progress=progress)

    wanted, choice = deciding(wishes(request, spec.python), spec.provenance.created)
    first = place(wanted[0] if wanted else None)
    choice += first.changes
    if request.strict:
        _refuse_substitutes(choice)
    choice += requested(request, spec.python, first.target)
    choice += (*admitted, *chosen(request.as_of, spec.provenance.created, spec.pypi))
    progress.phase("resolve", spec.provenance.model)
    attempt = Attempt(place=first, demand=demand_of(spec), cutoff=day, changes=choice)
    if day is None and request.as_of == "logged":
        dating = guessed(probe(attempt.demand, first, engine))
        attempt = replace(attempt, cutoff=dating.cutoff).changed(*dating.changes)
    if direct:
        references = Direct(references=direct, carrier=carrier, day=attempt.cutoff)
        # At once: what cannot be had here is told as what it is, with its line.
        references.at(first)
        attempt = replace(attempt, direct=references)
    climb = Climb(engine=engine, builds=policy.builds, wishes=wanted, place=place, strict=request.strict)
    return _lock(rewritten, climb.run(attempt), engine, request)


def _lock(rewritten: Rewritten, summit: Summit, engine: Engine, request: Request) -> Lock:
    attempt, found = summit.attempt, summit.found
    return Lock(
        target=attempt.place.target,
        artifacts=found.artifacts,
        spec_id=rewritten.spec_id,
        engine=engine.name,
        as_of=attempt.cutoff,
        changes=(
            *rewritten.changes,
            *(overruled(change) if request.as_of != "logged" else change for change in attempt.changes),
            *verify([a for a in found.artifacts if a.source is None], attempt.cutoff, attempt.exempt),
            *found.changes,
        ),
        imports=imports_of(rewritten.spec.flavors),
    )


def _refuse_substitutes(changes: Sequence[Change]) -> None:
    """Raise InterpreterError if the Python is not the one that was asked for."""
    for change in changes:
        missing = change.code == "python/patch"
        cure = f"install python {change.before}" if missing else "name the python with --python"
        raise InterpreterError(
            change.message, code=change.code, origin=change.origin, hint=f"{cure}, or leave --strict out"
        )
