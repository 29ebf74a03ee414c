"""Virtual environment or conda environment: which of them a model gets, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.errors import PolicyError, ResolveError
from envbuilder.findings import Effect
from envbuilder.redact import excerpt
from envbuilder.rewriter.located import name_located
from envbuilder.rewriter.names import Absent, answer_for
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.rewriter.translation import why_conda

if TYPE_CHECKING:
    from envbuilder.lock import Lock
    from envbuilder.policy import Policy
    from envbuilder.request import EngineName, Request
    from envbuilder.spec import EnvSpec, Rewritten

_SHOWN = 6
"""Packages that a reason names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineChoice:
    """The engine that makes a model's lock."""

    engine: EngineName
    """``conda`` for a conda environment; else a virtual environment, by ``uv``, by ``pip``, or (``auto``) by
    whichever of them the host has."""
    reason: str
    names: tuple[str, ...] = ()
    """The conda packages that decided, sorted; none where something else did."""


def rewritten_for(spec: EnvSpec, *, request: Request, policy: Policy) -> tuple[Rewritten, EngineChoice]:
    """Return a spec as the engine that it gets can resolve it. Raises PolicyError (``policy/strict``, ``engine``)."""
    choice = choose_engine(spec, request, policy)
    return rewrite(spec, policy=policy, strict=request.strict, conda=choice.engine == "conda"), choice


def choose_engine(asked: EnvSpec, request: Request, policy: Policy) -> EngineChoice:
    """Choose by what the model's files ask for, the request and the policy; the host doesn't matter.

    ``auto`` is a virtual environment where the package index has all that is asked of conda, or where what it
    lacks cannot matter to a model; with ``strict``, which lets nothing take another's place, where nothing is
    asked of conda. Raises PolicyError (``policy/engine``) for a conda environment that the policy forbids.
    """
    if request.engine == "conda" and policy.conda.engine == "never":
        raise PolicyError(
            "the policy lets no model have a conda environment",
            code="policy/engine",
            hint="leave out --engine conda, or change `[conda] engine` in the policy",
        )
    if request.engine != "auto":
        return EngineChoice(engine=request.engine, reason=f"--engine {request.engine} was given")
    if policy.conda.engine == "always":
        return EngineChoice(engine="conda", reason='the policy says `[conda] engine = "always"`')
    spec, _ = name_located(asked, policy)
    names = tuple(sorted({str(item.name) for item in spec.conda}))
    lacking = {str(item.name): why for item in spec.conda if (why := why_conda(item, policy))}
    if policy.conda.engine == "never":
        return EngineChoice(engine="auto", reason='the policy says `[conda] engine = "never"`')
    if lacking:
        reason = f"not to be had from the package index: {_listed(lacking)}"
        return EngineChoice(engine="conda", reason=reason, names=tuple(sorted(lacking)))
    if names and request.strict:
        reason = "with --strict, what is asked of conda is taken from there"
        return EngineChoice(engine="conda", reason=reason, names=names)
    if names:
        return EngineChoice(engine="auto", reason=_sufficient(spec, policy), names=names)
    return EngineChoice(engine="auto", reason="nothing but Python is asked of conda")


def second_choice(
    choice: EngineChoice, rewritten: Rewritten, came_of: Lock | ResolveError, request: Request, policy: Policy
) -> EngineChoice | None:
    """Return the choice of a conda environment where the index turned out to lack what was asked of conda.

    ``came_of`` is what the first choice led to: a lock in which such a package is another than the named one, or
    no lock because of such lines. None where the first choice has to do.
    """
    if not choice.names or {choice.engine, request.engine, policy.conda.engine} != {"auto"}:
        return None
    lines = {item.origin: str(item.name) for item in rewritten.original.conda}
    if isinstance(came_of, ResolveError):
        unreached = came_of.code in {"resolve/network", "resolve/tool"}
        met = () if unreached else tuple(origin for origin, _ in came_of.requirements)
    else:
        told = frozenset(rewritten.changes)
        met = tuple(
            c.origin for c in came_of.changes if c.effect is Effect.DEGRADED and c not in told and c.origin
        )
    names = tuple(sorted({lines[origin] for origin in met if origin in lines}))
    if not names:
        return None
    shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
    return EngineChoice(
        engine="conda", reason=f"the package index lacks what is asked for: {shown}", names=names
    )


def _sufficient(spec: EnvSpec, policy: Policy) -> str:
    """Say why a virtual environment will do, and what of conda's it does without."""
    left = sorted({item.name for item in spec.conda if isinstance(answer_for(item.name, policy), Absent)})
    reason = "the package index has all that is asked of conda"
    if not left:
        return reason
    more = f" and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
    return f"{reason}, but for what a virtual environment can do without: {', '.join(left[:_SHOWN])}{more}"


def _listed(reasons: dict[str, str]) -> str:
    shown = [f"{excerpt(name, 60)} ({reasons[name]})" for name in sorted(reasons)[:_SHOWN]]
    more = len(reasons) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")
