"""What one look at the channels mends, or shows to be hopeless, where the model's own day gives no solution.

The same ideas as the ladder of the package index (envbuilder.resolver.ladder), in this order:

1.  pip, setuptools or wheel cannot be had as pinned: any; or, where no channel has them, the index's.
2.  A name is in no channel, or never was in that version: the end, with the nearest version.
3.  A build is not there, the version is: any build.
4.  The patch release of Python is not there: the nearest of the same minor version.
5.  A pin was built after the day: the day moves to it. ``--strict`` allows that.
6.  What nobody pinned has no release of the day: any.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from envbuilder.conda.holdings import since
from envbuilder.conda.matchtext import pin_text, spec_text
from envbuilder.conda.wanted import PYTHON, pinned, without_build
from envbuilder.errors import ResolveError
from envbuilder.findings import Change, Effect
from envbuilder.redact import excerpt
from envbuilder.resolver.dating import raised_to
from envbuilder.spec import CondaName

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable, Iterator, Sequence

    from envbuilder.conda.attempt import Attempt
    from envbuilder.conda.holdings import Held, Holdings
    from envbuilder.conda.matching import Release
    from envbuilder.findings import Origin
    from envbuilder.spec import CondaRequirement

_NEAREST = 3


def mended(attempt: Attempt, held: Holdings) -> Attempt:
    """Return the attempt with every step taken that has something to offer. Raises ResolveError."""
    attempt = _relax_seeds(attempt, held)
    _refuse_absent(attempt, held)
    attempt = _drop_builds(attempt, held)
    attempt = _other_patch(attempt, held)
    attempt = _raise_day(attempt, held)
    return _exempt_newcomers(attempt, held)


def _relax_seeds(attempt: Attempt, held: Holdings) -> Attempt:
    for seed, found in held.seeds:
        if not found.named:
            attempt = replace(attempt, seeds=tuple(s for s in attempt.seeds if s != seed))
        elif not found.exact:
            change = Change(
                code="pin/seed", message=f"{seed.text} is in none of the channels; any is taken",
                effect=Effect.DEGRADED, before=seed.text, after=seed.name, origin=seed.origin,
            )  # fmt: skip
            relaxed = tuple(replace(s, specifier="") if s == seed else s for s in attempt.seeds)
            attempt = replace(attempt, seeds=relaxed).changed(change)
    return attempt


def _refuse_absent(attempt: Attempt, held: Holdings) -> None:
    """Raise ResolveError for names and versions that no channel has."""
    strangers = [(item, found) for item, found in held.requirements if not found.loose]
    if not held.python.named:
        raise _absent(attempt, "python is in none of the channels", [], "name a channel that has it")
    if not strangers:
        return
    lines = [(item.origin, item.text) for item, _ in strangers]
    told = "; ".join(_stranger(item, found, attempt) for item, found in strangers[:6])
    unknown = [item.name for item, found in strangers if not found.named]
    hint = "require a version that the channels have"
    if unknown:
        hint = f"add the channel that has {unknown[0]}, or remove the line"
    raise _absent(attempt, told, lines, hint)


def _absent(attempt: Attempt, message: str, lines: Sequence[tuple[Origin, str]], hint: str) -> ResolveError:
    channels = ", ".join(source.channel for source in attempt.sources)
    return ResolveError(
        message,
        code="resolve/not-in-channels",
        requirements=tuple(lines),
        origin=lines[0][0] if lines else None,
        hint=hint,
        detail=f"channels, for {attempt.platform}: {channels}",
    )


def _stranger(item: CondaRequirement, found: Held, attempt: Attempt) -> str:
    shown = excerpt(item.text, 100)
    if not found.named:
        return f"{shown}: no channel has a package of that name for {attempt.platform}"
    nearest = ", ".join(nearest_versions(pinned(item), found.named))
    return f"{shown}: no channel ever had that version" + (f"; nearest are {nearest}" if nearest else "")


def nearest_versions(wanted: str, releases: Iterable[Release]) -> tuple[str, ...]:
    """Return the versions next to one that is not there, in their order; the last ones for a range."""
    known: dict[Version, str] = {}
    for release in releases:
        parsed = _version(release.version)
        if parsed:
            known.setdefault(parsed, release.version)
    ordered = sorted(known)
    target = _version(wanted)
    if target is None:
        return tuple(known[version] for version in ordered[-_NEAREST:])
    below = [version for version in ordered if version < target][-1:]
    above = [version for version in ordered if version > target][:1]
    return tuple(known[version] for version in (*below, *above))


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _drop_builds(attempt: Attempt, held: Holdings) -> Attempt:
    changes = []
    kept = []
    for item, found in held.requirements:
        bare = item if found.exact else without_build(item)
        kept.append(bare)
        if bare != item:
            changes.append(
                Change(
                    code="rewrite/build-string",
                    message=f"no channel has that build of {item.name}; any build will do",
                    effect=Effect.ADAPTED,
                    before=excerpt(item.text),
                    after=spec_text(bare),
                    origin=item.origin,
                )
            )
    return replace(attempt, requirements=tuple(kept)).changed(*changes) if changes else attempt


def _other_patch(attempt: Attempt, held: Holdings) -> Attempt:
    wanted = attempt.python
    if held.python.exact:
        return attempt
    if held.python.loose:
        return _any_build(attempt)
    named = "{}.{}".format(*wanted.minor)
    if not wanted.patch or not held.minor:
        origin = wanted.wish.origin if wanted.wish else None
        text = wanted.wish.text if wanted.wish else named
        lines = [(origin, f"python {text}")] if origin else []
        nearest = ", ".join(nearest_versions(named, held.python.named))
        raise _absent(
            attempt,
            f"no channel has python {text}; nearest are {nearest}",
            lines,
            "name another with --python",
        )
    patch = _nearest_patch(wanted.patch, _of_day(held.minor, attempt.cutoff))
    change = Change(
        code="python/patch",
        message=f"python {wanted.patch} is in none of the channels; {patch} of the same minor version is used",
        effect=Effect.ADAPTED,
        before=wanted.patch,
        after=patch,
        origin=wanted.wish.origin if wanted.wish else None,
    )
    asked = replace(wanted, text=pin_text(PYTHON, f"=={patch}"), build="")
    return replace(attempt, python=asked).changed(change)


def _any_build(attempt: Attempt) -> Attempt:
    wanted = attempt.python
    change = Change(
        code="rewrite/build-string",
        message="no channel has that build of python; any build will do",
        effect=Effect.ADAPTED,
        before=wanted.spec,
        after=wanted.text,
        origin=wanted.wish.origin if wanted.wish else None,
    )
    return replace(attempt, python=replace(wanted, build="")).changed(change)


def _of_day(releases: Sequence[Release], cutoff: datetime.datetime | None) -> Sequence[Release]:
    """Those that were there on the day; all where none was."""
    if cutoff is None:
        return releases
    return [r for r in releases if r.built is None or r.built <= cutoff] or releases


def _nearest_patch(wanted: str, releases: Iterable[Release]) -> str:
    """The nearest patch release, the newer one of two."""
    target = int(wanted.rpartition(".")[2])
    patches = {
        int(parts[2]): release.version
        for release in releases
        if len(parts := release.version.split(".")) == 3 and parts[2].isdigit()
    }
    return patches[min(patches, key=lambda patch: (abs(patch - target), -patch))] if patches else wanted


def _raise_day(attempt: Attempt, held: Holdings) -> Attempt:
    cutoff, minor = attempt.cutoff, attempt.python.minor
    times = [(time, text) for time, text in _times(held, minor) if time]
    if cutoff is None or not times or max(times)[0] <= cutoff:
        return attempt
    newest, text = max(times)
    why = f"{text} is younger in the channels than the model's date; its build is the cut-off"
    dating = raised_to(newest, cutoff, why)
    return replace(attempt, cutoff=dating.cutoff).changed(*dating.changes)


def _times(held: Holdings, minor: tuple[int, int]) -> Iterator[tuple[datetime.datetime | None, str]]:
    """Yield since when each pin can be had."""
    yield since(held.python.exact or held.python.loose or held.minor, minor), str(PYTHON)
    for item, found in held.requirements:
        if pinned(item):
            yield since(found.exact or found.loose, minor), f"{item.name} {pinned(item)}"
    for seed, found in held.seeds:
        if seed.pinned and found.exact:
            yield since(found.exact, minor), seed.text


def _exempt_newcomers(attempt: Attempt, held: Holdings) -> Attempt:
    """Also what the pip side pins: its release is as old as it says, only the channel's build is younger."""
    cutoff, minor = attempt.cutoff, attempt.python.minor
    if cutoff is None:
        return attempt
    loose = [(item.name, found.exact or found.loose) for item, found in held.requirements if not pinned(item)]
    loose += [(CondaName(seed.name), found.exact) for seed, found in held.seeds if not seed.pinned]
    loose += [(pin.name, found.exact) for pin, found in held.pins]
    late = [name for name, found in loose if (time := since(found, minor)) and time > cutoff]
    names = tuple(dict.fromkeys(name for name in late if name not in attempt.exempt))
    if not names:
        return attempt
    change = Change(
        code="date/exempt",
        message=f"{', '.join(names)}: the channels have no release of the day that does; any is allowed",
        effect=Effect.ADAPTED,
    )
    return replace(attempt, exempt=(*attempt.exempt, *names)).changed(change)


def guessed_day(attempt: Attempt, held: Holdings) -> tuple[datetime.datetime, str] | None:
    """Return the newest pin's day and what it is, for a model without a date; None where nothing tells."""
    times = [(time, text) for time, text in _times(held, attempt.python.minor) if time]
    return max(times) if times else None
