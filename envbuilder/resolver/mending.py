"""The ladder's first six steps: told by one look at the model's pins alone (see envbuilder.resolver.ladder)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envbuilder.errors import InterpreterError, ResolveError, UsageError
from envbuilder.findings import Change, Effect
from envbuilder.resolver.dating import raised
from envbuilder.resolver.engine import Failure, Lack
from envbuilder.resolver.nearest import nearest_release
from envbuilder.resolver.targets import Place
from envbuilder.resolver.wishes import Wish, demanded, other_wishes
from envbuilder.spec import SEED_NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.resolver.attempt import Attempt
    from envbuilder.resolver.situation import Situation
    from envbuilder.spec import PypiName


def relax_seeds(attempt: Attempt, situation: Situation) -> Attempt | None:
    """1. Any pip, setuptools or wheel of the day, where the pinned one cannot be had."""
    for fault in situation.pins(attempt).faults:
        pin = fault.pin
        if pin.name in SEED_NAMES:
            change = Change(
                code="pin/seed", message=f"{pin.text} cannot be had ({_reason(fault.failure)}); any is taken",
                effect=Effect.DEGRADED, before=pin.text, after=pin.name, origin=pin.origin,
            )  # fmt: skip
            attempt = replace(attempt, demand=attempt.demand.respecified(pin.name, "")).changed(change)
    return attempt


def other_python(attempt: Attempt, situation: Situation) -> Attempt | None:
    """2. Another Python, where pins cannot be had for this one: first what another file names."""
    homeless = situation.pins(attempt).homeless
    if not homeless:
        return None
    faults = situation.pins(attempt).lacking(Lack.PYTHON)
    specifiers = {fault.failure.python for fault in faults if fault.failure.python and fault.pin.primary}
    others = [*other_wishes(situation.wishes, attempt.place.minor)]
    others += demanded(",".join(sorted(specifiers)), near=attempt.place.minor) if specifiers else ()
    best: tuple[int, Attempt] = (len(homeless), attempt)
    for wish in others:
        place = _place(wish, situation)
        if place and (left := len(situation.pins_at(attempt, place).homeless)) < best[0]:
            best = left, moved(attempt, place, wish, f"{_some(homeless)} cannot be had for")
        if best[0] == 0:
            break
    return best[1]


def drop_secondary(attempt: Attempt, situation: Situation) -> Attempt | None:
    """3. What only a file that does not decide names."""
    for fault in situation.pins(attempt).faults:
        if not fault.pin.primary:
            attempt = _dropped(attempt, fault.pin.name, "pin/secondary", _reason(fault.failure))
    return attempt


def drop_foreign(attempt: Attempt, situation: Situation) -> Attempt | None:
    """4. What has files for other operating systems only: nothing of it can be installed here."""
    system = attempt.place.target.platform.partition("-")[0]
    ours = {"linux": ("manylinux", "musllinux", "linux"), "macos": ("macosx",)}.get(system, ())
    for fault in situation.pins(attempt).lacking(Lack.PLATFORM):
        platforms = fault.failure.platforms
        if platforms and not any(tag.startswith(ours) for tag in platforms):
            reason = f"its files are for {', '.join(platforms)} only"
            attempt = _dropped(attempt, fault.pin.name, "pin/other-platform", reason)
    return attempt


def replace_vanished(attempt: Attempt, situation: Situation) -> Attempt | None:
    """5. The nearest release that is left."""
    for fault in situation.pins(attempt).lacking(Lack.VERSION):
        pin = fault.pin
        version = nearest_release(pin, attempt.place, situation.engine)
        if version:
            change = Change(
                code="pin/vanished", message=f"{pin.text} is not in the index; {version} is the nearest release",
                effect=Effect.DEGRADED, before=pin.text, after=f"{pin.name}=={version}", origin=pin.origin,
            )  # fmt: skip
            demand = attempt.demand.respecified(pin.name, f"=={version}")
            attempt = replace(attempt, demand=demand).changed(change)
    return attempt


def raise_cutoff(attempt: Attempt, situation: Situation) -> Attempt | None:
    """6. The day is the newest pin's where that is younger."""
    dating = raised(attempt.cutoff, situation.pins(attempt)) if attempt.cutoff else None
    if dating is None:
        return None
    return replace(attempt, cutoff=dating.cutoff).changed(*dating.changes)


def moved(attempt: Attempt, place: Place, wish: Wish, why: str) -> Attempt:
    """Return the attempt for another Python with the change recorded; ``why`` ends before the old one."""
    named = wish.origin is not None
    change = Change(
        code="python/other",
        message=f"{why} python {attempt.place.target.python}; {place.target.python} is used"
        + (f", as {wish.origin} says" if named else ""),
        # Where another file of the model names it, nothing but the choice between files differs.
        effect=Effect.ADAPTED if named else Effect.DEGRADED,
        before=attempt.place.target.python,
        after=place.target.python,
        origin=wish.origin,
    )
    kept = tuple(old for old in attempt.changes if old not in attempt.place.changes)
    return replace(attempt, place=place, changes=kept).changed(change, *place.changes)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")


def _dropped(attempt: Attempt, name: PypiName, code: str, reason: str) -> Attempt:
    changes = [
        Change(
            code=code,
            message=f"{pin.text} is left out: {reason}",
            effect=Effect.DEGRADED,
            before=pin.text,
            origin=pin.origin,
        )
        for pin in attempt.demand.pins
        if pin.name == name
    ]
    return replace(attempt, demand=attempt.demand.without((name,))).changed(*changes)


def _place(wish: Wish, situation: Situation) -> Place | None:
    try:
        return situation.place(wish)
    except (InterpreterError, ResolveError, UsageError):
        return None


def _reason(failure: Failure) -> str:
    return failure.lack.value if failure.lack else "it conflicts"
