"""Errors of the resolve stage: which of the model's own lines are at fault, in the engine's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.errors import ResolveError
from envbuilder.resolver.demand import UNASKED
from envbuilder.resolver.engine import Failure, FailureKind, Lack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.findings import Change, Origin
    from envbuilder.resolver.attempt import Attempt

HINTS = {
    Lack.NAME: "add the index that has it to the policy's [sources] indexes, or remove the line",
    Lack.VERSION: "require a release that the index has",
    Lack.PLATFORM: "lock for a platform that has it with --platform, or remove the line",
    Lack.PYTHON: "choose a python that has it with --python",
}


def failed(attempt: Attempt, failures: Sequence[Failure]) -> ResolveError:
    """Return the error at the ladder's end. The first failure is about the model as it was logged."""
    last = failures[-1]
    match last.kind:
        case FailureKind.NETWORK:
            return ResolveError(
                "the package index cannot be reached", code="resolve/network", detail=last.text,
                hint="check the network and the index settings, or use --offline with a filled cache",
            )  # fmt: skip
        case FailureKind.TOOL:
            return ResolveError(
                "the resolver failed", code="resolve/tool", detail=last.text, hint="update the engine"
            )
        case FailureKind.BUILD | FailureKind.NO_SOLUTION:
            return _no_solution(attempt, failures)


def refuse_steps(before: Sequence[Change], after: Sequence[Change]) -> None:
    """Raise ResolveError if a ladder took a step that strict forbids: of its changes only the day's may be."""
    forbidden = [step for step in after[len(before) :] if step.code != "date/raised"]
    if forbidden:
        raise refused_by_strict(forbidden)


def refused_by_strict(steps: Sequence[Change]) -> ResolveError:
    """Return the error for a lock that only substitutions would give."""
    taken = "; ".join(step.message for step in steps)
    return ResolveError(
        f"no lock without substitution; this would help: {taken}",
        code="resolve/strict",
        requirements=tuple((step.origin, step.before) for step in steps if step.origin),
        origin=next((step.origin for step in steps if step.origin), None),
        hint="allow it by leaving --strict out, or edit the requirements",
    )


def _no_solution(attempt: Attempt, failures: Sequence[Failure]) -> ResolveError:
    lines: tuple[tuple[Origin, str], ...] = ()
    for failure in reversed(failures):
        named = attempt.demand.named(failure.packages)
        lines = tuple((r.origin, r.text) for r in named if r.origin != UNASKED)
        if lines:
            break
    texts = ", ".join(text for _, text in lines[:6]) + (" …" if len(lines) > 6 else "")
    built = failures[-1].kind is FailureKind.BUILD
    message = "a source distribution cannot be built" if built else "nothing in the index satisfies"
    everything = message if built else f"{message} what the model asks for"
    lack = failures[-1].lack
    return ResolveError(
        f"{message}: {texts}" if texts else everything,
        code="resolve/build" if built else "resolve/no-solution",
        requirements=lines,
        origin=lines[0][0] if lines else None,
        hint=HINTS[lack] if lack else "change the lines named, or choose another --python or --as-of",
        detail=failures[-1].text,
    )
