"""The day whose packages are wanted, and the proof that a lock holds nothing younger."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envbuilder.errors import ResolveError
from envbuilder.findings import Change, Effect
from envbuilder.resolver.releases import SETTLED, settled

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from envbuilder.lock import Artifact
    from envbuilder.request import AsOf
    from envbuilder.resolver.probe import Pins
    from envbuilder.spec import PypiRequirement

SECOND = datetime.timedelta(seconds=1)

GRACE = datetime.timedelta(hours=1)
"""Releases that belong together (mlflow and mlflow-skinny) are uploaded one after the other."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dating:
    """The cut-off (aware, UTC, whole seconds) or None for everything, and what had to be guessed."""

    cutoff: datetime.datetime | None
    changes: tuple[Change, ...] = ()


def wanted_day(as_of: AsOf, created: datetime.datetime | None) -> datetime.datetime | None:
    """Return the day that is asked for; None for now, or where the model does not say."""
    if as_of == "now":
        return None
    moment = created if as_of == "logged" else as_of
    return whole(moment) if isinstance(moment, datetime.datetime) else None


def chosen(
    as_of: AsOf, created: datetime.datetime | None, requirements: Sequence[PypiRequirement]
) -> tuple[Change, ...]:
    """Tell that the caller chose another day than the model's: what is named without a version may differ."""
    if as_of == "logged" or (created and as_of == created):
        return ()
    loose = next((r for r in requirements if not r.pinned and r.origin.file), None)
    text = as_of if isinstance(as_of, str) else rfc3339(as_of)
    logged = f"; the model was logged on {rfc3339(created)}" if created else ""
    named = f", and {loose.name} has no version of its own" if loose else ""
    return (
        Change(
            code="date/requested",
            message=f"packages are those of {text}, as requested{logged}{named}",
            effect=Effect.DEGRADED if loose else Effect.ADAPTED,
            before=rfc3339(created) if created else "",
            after=text,
        ),
    )


def overruled(change: Change) -> Change:
    """Return a raised day as what it is where the caller named the day: not what was asked for."""
    return replace(change, effect=Effect.ADAPTED) if change.code == "date/raised" else change


def whole(moment: datetime.datetime) -> datetime.datetime:
    """Return the next whole second in UTC: resolvers compare seconds."""
    moment = moment.astimezone(datetime.timezone.utc)
    return moment.replace(microsecond=0) + SECOND if moment.microsecond else moment


def guessed(pins: Pins) -> Dating:
    """Return the newest pin's day for a model without a date: most models pin what was new when logged."""
    if pins.newest is None:
        change = Change(
            code="date/none",
            message="the model has no date and pins nothing; today's releases are used",
            effect=Effect.ADAPTED,
        )
        return Dating(cutoff=None, changes=(change,))
    moment, newest = pins.newest
    cutoff = whole(moment + GRACE)
    why = f"{newest.name} {newest.version}, its newest pin, stands for it"
    common = settled(pins.place.minor)
    if common and cutoff < common - SETTLED:
        cutoff = common
        why = "python {}.{} is younger than its pins; a year later stands for it".format(*pins.place.minor)
    change = Change(
        code="date/guessed",
        message=f"the model has no date; {why}",
        effect=Effect.NONE,
        after=rfc3339(cutoff),
    )
    return Dating(cutoff=cutoff, changes=(change,))


def raised(cutoff: datetime.datetime, pins: Pins) -> Dating | None:
    """Return the cut-off raised to the newest pin's upload; None if no pin is younger."""
    if pins.newest is None or pins.newest[0] < cutoff:
        return None
    moment, newest = pins.newest
    why = f"{newest.name} {newest.version} is younger than the model's date; its upload is the cut-off"
    return raised_to(moment, cutoff, why)


def raised_to(moment: datetime.datetime, cutoff: datetime.datetime, why: str) -> Dating:
    """Return the cut-off raised to what came at a moment, and that this was done."""
    later = whole(moment + GRACE)
    change = Change(
        code="date/raised", message=why, effect=Effect.NONE, before=rfc3339(cutoff), after=rfc3339(later)
    )
    return Dating(cutoff=later, changes=(change,))


def verify(
    artifacts: Sequence[Artifact], cutoff: datetime.datetime | None, exempt: Collection[str]
) -> tuple[Change, ...]:
    """Check each file's upload time against the cut-off, as verify_times() does."""
    dated = [(a.name, a.version, a.uploaded) for a in artifacts]
    return verify_times(dated, cutoff, exempt, untold="the index gives no upload time")


def verify_times(
    dated: Sequence[tuple[str, str, datetime.datetime | None]],
    cutoff: datetime.datetime | None,
    exempt: Collection[str],
    *,
    untold: str,
) -> tuple[Change, ...]:
    """Check names, versions and since when they can be had against the cut-off, whatever an engine promised.

    Returns a change that names those without a time; ``untold`` says who told none. Raises ResolveError if one is
    younger.
    """
    if cutoff is None:
        return ()
    late = [f"{name} {version}" for name, version, t in dated if t and t > cutoff and name not in exempt]
    if late:
        raise ResolveError(
            f"{', '.join(late)} came out after {rfc3339(cutoff)}, though the resolver was told that day",
            code="date/violated",
            hint="use --as-of now to do without a date",
        )
    unknown = ", ".join(name for name, _, moment in dated if moment is None)
    if not unknown:
        return ()
    message = f"{untold} for {unknown}; they may be of any day"
    return (Change(code="date/unverified", message=message, effect=Effect.NONE),)


def rfc3339(moment: datetime.datetime) -> str:
    """Return an aware time as RFC 3339 in UTC; uv reads a bare date in the local time zone."""
    return moment.astimezone(datetime.timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
