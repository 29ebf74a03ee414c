"""What the channels hold of everything that an attempt names, asked for in one go."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envbuilder.conda.attempt import Attempt, seed_spec
from envbuilder.conda.matchtext import pin_text, spec_text
from envbuilder.conda.wanted import PYTHON, Pin, without_build

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable

    from envbuilder.conda.matching import Channels, Release
    from envbuilder.spec import CondaRequirement, PypiRequirement


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """The releases of one name: that match as asked, that match without a build, and all."""

    exact: tuple[Release, ...]
    loose: tuple[Release, ...]
    named: tuple[Release, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdings:
    """What is held of the Python, the dependencies, the seeds and the pip side's pins, each in their order."""

    python: Held
    minor: tuple[Release, ...]
    """Every patch release of the Python's minor version."""
    requirements: tuple[tuple[CondaRequirement, Held], ...]
    seeds: tuple[tuple[PypiRequirement, Held], ...]
    pins: tuple[tuple[Pin, Held], ...]


def holdings_of(attempt: Attempt, channels: Channels) -> Holdings:
    """Ask the channels. Raises as Channels.matching() does."""
    minor = ".".join(map(str, attempt.python.minor))
    patches = pin_text(PYTHON, f"=={minor}.*")
    asked = [(attempt.python.spec, attempt.python.text, str(PYTHON))]
    asked += [(spec_text(r), spec_text(without_build(r)), _bare(r)) for r in attempt.requirements]
    asked += [(seed_spec(seed), seed_spec(seed), str(seed.name)) for seed in attempt.seeds]
    asked += [(pin.spec, pin.spec, str(pin.name)) for pin in attempt.pins]
    flat = list(dict.fromkeys([patches, *(spec for specs in asked for spec in specs)]))
    found = dict(zip(flat, channels.matching(flat, attempt.question), strict=True))
    held = iter([Held(exact=found[a], loose=found[b], named=found[c]) for a, b, c in asked])
    python = next(held)
    return Holdings(
        python=python,
        minor=found[patches],
        requirements=tuple((r, next(held)) for r in attempt.requirements),
        seeds=tuple((seed, next(held)) for seed in attempt.seeds),
        pins=tuple((pin, next(held)) for pin in attempt.pins),
    )


def _bare(item: CondaRequirement) -> str:
    """The name, within the channel that the dependency names."""
    return spec_text(replace(without_build(item), version=""))


def since(releases: Iterable[Release], minor: tuple[int, int]) -> datetime.datetime | None:
    """Return when the first of these releases was built for a Python; None where one has no time, or for none."""
    every = tuple(releases)
    fitting = [release for release in every if release.is_for(minor)] or list(every)
    times = [release.built for release in fitting]
    return None if not times or None in times else min(time for time in times if time)
