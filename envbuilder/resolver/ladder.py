"""What is tried when the model's own day gives no lock: one ladder of small steps, each one recorded.

The steps, in order. Those of ``MENDING`` are told by one look at the model's pins alone and are taken
together before the engine is asked again; those of ``LOOSENING`` are taken one at a time.

1.  A pin is younger than the day: the day moves to the newest pin. This is what "the logged day" means
    for a model whose files were edited after it was logged, so ``--strict`` allows it.
2.  A pin of pip, setuptools or wheel cannot be had: any release of the day.
3.  A pin needs another Python: another file's wish, else a minor version that all failing pins accept.
4.  A pin that only another file of the model names cannot be had: dropped.
5.  A pin exists for other operating systems only: dropped.
6.  A pinned release has vanished: the newest one of its series, else the nearest older one.
7.  The pins contradict what packages say of each other (a freeze): the pins win.
8.  A package that nobody pinned has no release of the day: any.
9.  A release cannot be read because its build fails: another one.
10. Prereleases are allowed.
11. The packages at fault are exempt from the day.
12. The model pins everything: its list is taken as it stands, without looking at dependencies.
13. The day is given up.

Besides, where the files name several Pythons and the first one's lock has to build pins from source,
envbuilder.resolver.climb tries the others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

from envbuilder.errors import InterpreterError, ResolveError, UsageError
from envbuilder.findings import Change, Effect
from envbuilder.resolver.dating import raised, rfc3339
from envbuilder.resolver.engine import Failure, FailureKind, Lack
from envbuilder.resolver.nearest import nearest_release
from envbuilder.resolver.probe import Pins, probe
from envbuilder.resolver.targets import Place, Wish, demanded
from envbuilder.spec import SEED_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from envbuilder.resolver.attempt import Attempt
    from envbuilder.resolver.demand import Demand
    from envbuilder.resolver.engine import Engine
    from envbuilder.spec import PypiName

FULL_FREEZE = 20
"""So many requirements, all of them pinned, are an environment that somebody wrote down whole."""

MOST_EXEMPT = 8
MOST_EXCLUDED = 3
"""A package whose releases all fail to build is not worth a longer walk through them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What the steps may look at besides the attempt."""

    engine: Engine
    failure: Failure
    wishes: tuple[Wish, ...]
    """Every Python that a file of the model names."""
    place: Callable[[Wish], Place]
    probes: dict[tuple[Demand, Place], Pins] = field(default_factory=dict)
    """What was asked already."""

    def pins(self, attempt: Attempt) -> Pins:
        """Return what the index knows of the attempt's pins; asked once."""
        return self.pins_at(attempt, attempt.place)

    def pins_at(self, attempt: Attempt, place: Place) -> Pins:
        """Return the same for another place."""
        key = (attempt.demand, place)
        if key not in self.probes:
            self.probes[key] = probe(attempt.demand, place, self.engine)
        return self.probes[key]


Step: TypeAlias = "Callable[[Attempt, Situation], Attempt | None]"
"""Returns a better attempt with its change recorded, or None where the step has nothing to offer."""


def raise_cutoff(attempt: Attempt, situation: Situation) -> Attempt | None:
    """1. The day is the newest pin's where that is younger."""
    dating = raised(attempt.cutoff, situation.pins(attempt)) if attempt.cutoff else None
    if dating is None:
        return None
    return replace(attempt, cutoff=dating.cutoff).changed(*dating.changes)


def relax_seeds(attempt: Attempt, situation: Situation) -> Attempt | None:
    """2. Any pip, setuptools or wheel of the day, where the pinned one cannot be had."""
    for fault in situation.pins(attempt).faults:
        pin = fault.pin
        if pin.name in SEED_NAMES:
            change = Change(
                code="pin/seed", message=f"{pin.text} cannot be had ({_reason(fault.failure)}); any is taken",
                effect=Effect.ADAPTED, before=pin.text, after=pin.name, origin=pin.origin,
            )  # fmt: skip
            attempt = replace(attempt, demand=attempt.demand.respecified(pin.name, "")).changed(change)
    return attempt


def other_python(attempt: Attempt, situation: Situation) -> Attempt | None:
    """3. Another Python, where pins cannot be had for this one: first what another file names."""
    homeless = situation.pins(attempt).homeless
    if not homeless:
        return None
    faults = situation.pins(attempt).lacking(Lack.PYTHON)
    specifiers = {fault.failure.python for fault in faults if fault.failure.python and fault.pin.primary}
    others = [*other_wishes(situation.wishes, attempt.place)]
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
    """4. What only a file that does not decide names."""
    for fault in situation.pins(attempt).faults:
        if not fault.pin.primary:
            attempt = _dropped(attempt, fault.pin.name, "pin/secondary", _reason(fault.failure))
    return attempt


def drop_foreign(attempt: Attempt, situation: Situation) -> Attempt | None:
    """5. What has files for other operating systems only: nothing of it can be installed here."""
    system = attempt.place.target.platform.partition("-")[0]
    ours = {"linux": ("manylinux", "musllinux", "linux"), "macos": ("macosx",)}.get(system, ())
    for fault in situation.pins(attempt).lacking(Lack.PLATFORM):
        platforms = fault.failure.platforms
        if platforms and not any(tag.startswith(ours) for tag in platforms):
            reason = f"its files are for {', '.join(platforms)} only"
            attempt = _dropped(attempt, fault.pin.name, "pin/other-platform", reason)
    return attempt


def replace_vanished(attempt: Attempt, situation: Situation) -> Attempt | None:
    """6. The nearest release that is left."""
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


def let_pins_win(attempt: Attempt, situation: Situation) -> Attempt | None:
    """7. An environment that existed is locked as it was, even where its packages disagree."""
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


def avoid_unbuildable(attempt: Attempt, situation: Situation) -> Attempt | None:
    """9. Another release of a package that nobody pinned and whose build fails."""
    if situation.failure.kind is not FailureKind.BUILD or not situation.failure.release:
        return None
    name, version = situation.failure.release
    excluded = f"{name}!={version}"
    if (
        excluded in attempt.excluded
        or len(attempt.excluded) >= MOST_EXCLUDED
        or any(pin.name == name for pin in attempt.demand.pins)
    ):
        return None
    change = Change(
        code="build/unreadable", message=f"{name} {version} cannot be built here; another release is taken",
        effect=Effect.NONE, before=f"{name}=={version}",
    )  # fmt: skip
    return replace(attempt, excluded=(*attempt.excluded, excluded)).changed(change)


def allow_prereleases(attempt: Attempt, situation: Situation) -> Attempt | None:
    """10. Alphas, betas and candidates of what nobody pinned."""
    if attempt.prereleases or "pre-release" not in situation.failure.text.lower():
        return None
    change = Change(
        code="pin/prerelease", message="no final release satisfies all; prereleases are allowed",
        effect=Effect.ADAPTED,
    )  # fmt: skip
    return replace(attempt, prereleases=True).changed(change)


def exempt_newcomers(attempt: Attempt, situation: Situation) -> Attempt | None:
    """8. What nobody pinned and what had no fitting release on the day (the old ones have been removed)."""
    pins = {pin.name for pin in attempt.demand.pins}
    return _exempt(attempt, [name for name in situation.failure.younger if name not in pins])


def exempt_culprits(attempt: Attempt, situation: Situation) -> Attempt | None:
    """11. All packages that the engine names may be younger."""
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
    """12. A whole environment written down needs no dependencies."""
    own = [r for r in attempt.demand.requirements if r.name not in SEED_NAMES]
    if not attempt.dependencies or len(own) < FULL_FREEZE or not all(r.pinned for r in own):
        return None
    change = Change(
        code="pin/freeze", message="every package is pinned, yet they do not fit; the list is taken as it stands",
        effect=Effect.NONE,
    )  # fmt: skip
    return replace(attempt, dependencies=False).changed(change)


def forget_day(attempt: Attempt, _: Situation) -> Attempt | None:
    """13. Today's releases."""
    if attempt.cutoff is None:
        return None
    change = Change(
        code="date/undated", message="nothing of the model's day fits; releases of any day are allowed",
        effect=Effect.ADAPTED, before=rfc3339(attempt.cutoff),
    )  # fmt: skip
    return replace(attempt, cutoff=None, exempt=()).changed(change)


MENDING: tuple[Step, ...] = (
    relax_seeds, other_python, drop_secondary, drop_foreign, replace_vanished, raise_cutoff,
)  # fmt: skip
LOOSENING: tuple[Step, ...] = (
    exempt_newcomers, avoid_unbuildable, let_pins_win, allow_prereleases, exempt_culprits, take_freeze, forget_day,
)  # fmt: skip


def mended(attempt: Attempt, situation: Situation) -> Attempt:
    """Return the attempt after all steps that a look at the pins suggests; the same if there are none."""
    for step in MENDING:
        attempt = step(attempt, situation) or attempt
    return attempt


def loosened(attempt: Attempt, situation: Situation) -> Attempt | None:
    """Return the attempt after the next step that has something to offer; None at the ladder's end."""
    for step in LOOSENING:
        better = step(attempt, situation)
        if better is not None:
            return better
    return None


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
    return replace(attempt, place=place).changed(change)


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


def other_wishes(wishes: Sequence[Wish], place: Place) -> tuple[Wish, ...]:
    """Return the wishes for another minor version than the place's, one of each."""
    found = {minor: wish for wish in reversed(wishes) if (minor := _minor(wish)) not in (None, place.minor)}
    return tuple(wish for wish in wishes if wish in found.values())


def _minor(wish: Wish) -> tuple[int, int] | None:
    version = wish.version
    return (version[0], version[1]) if version and len(version) > 1 else None


def _reason(failure: Failure) -> str:
    return failure.lack.value if failure.lack else "it conflicts"
