"""From an attempt to packages: what one look at the channels mends, then ever larger steps away from the day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envbuilder.conda.conflicts import conflict
from envbuilder.conda.faults import unreachable
from envbuilder.conda.holdings import holdings_of
from envbuilder.conda.mending import mended
from envbuilder.conda.questions import CondaFailure
from envbuilder.errors import ResolveError
from envbuilder.findings import Change, Effect
from envbuilder.resolver.dating import rfc3339
from envbuilder.resolver.demand import UNASKED
from envbuilder.resolver.engine import FailureKind
from envbuilder.resolver.faults import refuse_steps
from envbuilder.spec import CondaName

if TYPE_CHECKING:
    from collections.abc import Callable

    from envbuilder.conda.attempt import Attempt
    from envbuilder.conda.matching import Channels
    from envbuilder.findings import Origin
    from envbuilder.lock import CondaPackage

ROUNDS = 4
"""How often what the solver names may be younger; it names what is missing first."""

MOST_EXEMPT = 24


@dataclass(frozen=True, kw_only=True, slots=True)
class Solved:
    """An attempt that worked and its packages, sorted by name."""

    attempt: Attempt
    packages: tuple[CondaPackage, ...]


def climb(start: Attempt, channels: Channels, *, strict: bool = False) -> Solved:
    """Return the first attempt that works.

    Raises ResolveError: ``resolve/not-in-channels``, ``resolve/conda-and-pip`` where only the pip side's pins are
    in the way, ``resolve/no-solution``, ``resolve/network``, ``resolve/strict``; and as ``channels`` does.
    """
    attempt, outcome = start, solved_once(start, channels)
    first = outcome
    steps: list[Callable[[Attempt, CondaFailure], Attempt | None]] = [
        lambda attempt, _: mended(attempt, holdings_of(attempt, channels)),
        _whole_range,
        *[_exempt_culprits] * ROUNDS,
        _forget_day,
    ]
    for step in steps:
        if isinstance(outcome, Solved):
            break
        better = step(attempt, outcome)
        if better is not None and better != attempt:
            attempt, outcome = better, solved_once(better, channels)
    if isinstance(outcome, Solved):
        if strict:
            refuse_steps(start.changes, outcome.attempt.changes)
        return outcome
    free = solved_once(replace(attempt, pins=(), further=()), channels) if attempt.pins else outcome
    if isinstance(free, Solved):
        told = conflict([pin.requirement for pin in attempt.pins], attempt.requirements, free.packages)
        if told:
            raise told
    raise _no_solution(attempt, first if isinstance(first, CondaFailure) else outcome)


def solved_once(attempt: Attempt, channels: Channels) -> Solved | CondaFailure:
    """Ask once, and take no step. Raises ResolveError for what no other question would change."""
    answer = channels.solve(attempt.question)
    if not isinstance(answer, CondaFailure):
        return Solved(attempt=attempt, packages=answer.packages)
    if answer.kind is FailureKind.NETWORK:
        raise unreachable(answer.text)
    if answer.kind is FailureKind.TOOL:
        raise ResolveError(
            "the resolver failed", code="resolve/tool", detail=answer.text, hint="update py-rattler"
        )
    return answer


def _whole_range(attempt: Attempt, _: CondaFailure) -> Attempt | None:
    """Any Python of the range that a file names, or of all, where the day's favourite does not do."""
    python = attempt.python
    if not python.whole:
        return None
    freed = replace(attempt, python=replace(python, text=python.whole, whole=""))
    if python.wish:
        return freed
    change = Change(
        code="python/default",
        message="no file names a python; one that the other packages need is taken",
        effect=Effect.ADAPTED,
    )
    kept = tuple(c for c in freed.changes if c.code != "python/default")
    return replace(freed, changes=(*kept, change))


def _exempt_culprits(attempt: Attempt, failure: CondaFailure) -> Attempt | None:
    """What the solver names and nobody pinned may be younger than the day."""
    named = {CondaName("python"), *(item.name for item in attempt.requirements if item.version)}
    names = tuple(n for n in failure.packages if n not in named and n not in attempt.exempt)
    exempt = (*attempt.exempt, *names)
    if attempt.cutoff is None or not names or len(exempt) > MOST_EXEMPT:
        return None
    change = Change(
        code="date/exempt",
        message=f"{', '.join(names)}: no release of the day does; any is allowed",
        effect=Effect.ADAPTED,
    )
    return replace(attempt, exempt=exempt).changed(change)


def _forget_day(attempt: Attempt, _: CondaFailure) -> Attempt | None:
    if attempt.cutoff is None:
        return None
    change = Change(
        code="date/undated", message="nothing of the model's day fits; releases of any day are allowed",
        effect=Effect.ADAPTED, before=rfc3339(attempt.cutoff),
    )  # fmt: skip
    kept = tuple(c for c in attempt.changes if c.code not in {"date/exempt", "date/raised"})
    return replace(attempt, cutoff=None, exempt=(), changes=(*kept, change))


def _no_solution(attempt: Attempt, failure: CondaFailure) -> ResolveError:
    named = [item for item in attempt.requirements if item.name in failure.packages]
    lines: list[tuple[Origin, str]] = [(item.origin, item.text) for item in named or attempt.requirements]
    lines += [
        (seed.origin, seed.text)
        for seed in attempt.seeds
        if CondaName(seed.name) in failure.packages and seed.specifier and seed.origin != UNASKED
    ]
    wish = attempt.python.wish
    if wish and wish.origin and (CondaName("python") in failure.packages or not lines):
        lines.insert(0, (wish.origin, f"python {wish.text}"))
    texts = ", ".join(text for _, text in lines[:6]) + (" …" if len(lines) > 6 else "")
    return ResolveError(
        f"no packages of the channels satisfy: {texts}" if texts else "the channels have no solution",
        code="resolve/no-solution",
        requirements=tuple(lines),
        origin=lines[0][0] if lines else None,
        hint="change the lines named, or choose another --python or --as-of",
        detail=failure.text,
    )
