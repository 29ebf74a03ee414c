"""The ladder's other steps: taken one at a time (see envbuilder.resolver.ladder)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envbuilder.findings import Change, Effect
from envbuilder.resolver.dating import rfc3339
from envbuilder.resolver.engine import FailureKind
from envbuilder.spec import SEED_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.resolver.attempt import Attempt
    from envbuilder.resolver.situation import Situation
    from envbuilder.spec import PypiName

FULL_FREEZE = 60
"""So many requirements, all of them pinned, are an environment that somebody wrote down whole."""

MOST_EXEMPT = 8
MOST_CONTESTED = 3
MOST_EXCLUDED = 3
"""A package whose releases all fail to build is not worth a longer walk through them."""


def exempt_newcomers(attempt: Attempt, situation: Situation) -> Attempt | None:
    """7. What nobody pinned and what had no fitting release on the day (the old ones have been removed)."""
    pins = {pin.name for pin in attempt.demand.pins}
    return _exempt(attempt, [name for name in situation.failure.younger if name not in pins])


def avoid_unbuildable(attempt: Attempt, situation: Situation) -> Attempt | None:
    """8. Another release of a package that nobody pinned and whose build fails."""
    if situation.failure.kind is not FailureKind.BUILD or not situation.failure.release:
        return None
    name, version = situation.failure.release
    excluded = f"{name}!={version}"
    if (
        excluded in attempt.bounds
        or len(attempt.bounds) >= MOST_EXCLUDED
        or any(pin.name == name for pin in attempt.demand.pins)
    ):
        return None
    change = Change(
        code="build/unreadable", message=f"{name} {version} cannot be built here; another release is taken",
        effect=Effect.NONE, before=f"{name}=={version}",
    )  # fmt: skip
    return replace(attempt, bounds=(*attempt.bounds, excluded)).changed(change)


def let_pins_win(attempt: Attempt, situation: Situation) -> Attempt | None:
    """9. An environment that existed is locked as it was, even where its packages disagree."""
    failure = situation.failure
    pins = {pin.name for pin in attempt.demand.pins}
    if attempt.own_pins_win or failure.kind is FailureKind.BUILD or not pins.intersection(failure.packages):
        return None
    change = Change(
        code="pin/contradiction",
        message="the pins contradict what packages say of each other; the pins win",
        effect=Effect.NONE,
    )
    return replace(attempt, own_pins_win=True).changed(change)


def settle_contested(attempt: Attempt, situation: Situation) -> Attempt | None:
    """10. What nobody pinned and others disagree about: any release of the day."""
    pins = {pin.name for pin in attempt.demand.pins}
    failure = situation.failure
    names = tuple(n for n in failure.packages if n not in pins and n not in attempt.contested)
    if failure.kind is FailureKind.BUILD or failure.lack or not 0 < len(names) <= MOST_CONTESTED:
        return None
    change = Change(
        code="pin/contested",
        message=f"no release of {', '.join(names)} satisfies all that need it; the newest of the day is taken",
        effect=Effect.ADAPTED,
    )
    return replace(attempt, contested=(*attempt.contested, *names)).changed(change)


def allow_prereleases(attempt: Attempt, situation: Situation) -> Attempt | None:
    """11. Alphas, betas and candidates of what nobody pinned."""
    if attempt.prereleases or "pre-release" not in situation.failure.text.lower():
        return None
    change = Change(
        code="pin/prerelease", message="no final release satisfies all; prereleases are allowed",
        effect=Effect.ADAPTED,
    )  # fmt: skip
    return replace(attempt, prereleases=True).changed(change)


def exempt_culprits(attempt: Attempt, situation: Situation) -> Attempt | None:
    """12. All packages that the engine names may be younger."""
    return _exempt(attempt, situation.failure.packages)


def _exempt(attempt: Attempt, names: Sequence[PypiName]) -> Attempt | None:
    new = tuple(name for name in names if name not in attempt.exempt)
    if not attempt.cutoff or not new or len(attempt.exempt) >= MOST_EXEMPT:
        return None
    change = Change(
        code="date/exempt",
        message=f"{', '.join(new)}: no release of the day does; any is allowed",
        effect=Effect.ADAPTED,
    )
    return replace(attempt, exempt=(*attempt.exempt, *new)).changed(change)


def take_freeze(attempt: Attempt, _: Situation) -> Attempt | None:
    """13. A whole environment written down needs no dependencies."""
    own = [r for r in attempt.demand.requirements if r.name not in SEED_NAMES]
    if not attempt.dependencies or len(own) < FULL_FREEZE or not all(r.pinned for r in own):
        return None
    change = Change(
        code="pin/freeze", message="every package is pinned, yet they do not fit; the list is taken as it stands",
        effect=Effect.NONE,
    )  # fmt: skip
    freed = _forgotten(
        attempt, "pin/contradiction", "pin/contested", "pin/prerelease", "date/exempt", "build/unreadable"
    )
    return replace(
        freed, dependencies=False, own_pins_win=False, contested=(), prereleases=False, exempt=(), bounds=()
    ).changed(change)


def forget_day(attempt: Attempt, _: Situation) -> Attempt | None:
    """14. Today's releases."""
    if attempt.cutoff is None:
        return None
    change = Change(
        code="date/undated", message="nothing of the model's day fits; releases of any day are allowed",
        effect=Effect.ADAPTED, before=rfc3339(attempt.cutoff),
    )  # fmt: skip
    freed = _forgotten(attempt, "date/exempt", "date/raised", "build/unreadable")
    return replace(freed, cutoff=None, exempt=(), bounds=()).changed(change)


def _forgotten(attempt: Attempt, *codes: str) -> Attempt:
    """Return the attempt without the changes of steps that a stronger one makes needless."""
    return replace(attempt, changes=tuple(change for change in attempt.changes if change.code not in codes))
