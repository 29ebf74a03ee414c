"""A lock's closure against what is installed: which packages differ, how, and how much that matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from envbuilder.findings import Level
from envbuilder.inspection.installed import installed
from envbuilder.inspection.mismatches import Kind, Mismatch
from envbuilder.inspection.roles import Role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.inspection.closure import Closure, Wanted
    from envbuilder.inspection.places import Python

_WEIGHTS = {
    Role.PYTHON: 100,
    Role.LIBRARY: 90,
    Role.PICKLED: 75,
    Role.NAMED: 60,
    Role.TRANSITIVE: 25,
    Role.TOOL: 5,
}
"""Of a package that is missing, or of another major version."""

_LEVELS = {Role.TRANSITIVE: Level.WARNING, Role.TOOL: Level.NOTE}

_MINOR, _PATCH, _LABEL = 80, 50, 10
"""Percent of that weight where the minor version is the first that differs, a later one, only the label."""

_OTHER_PATCH = 5
"""Of two Pythons of one minor version: they read each other's bytes."""


class _Step(NamedTuple):
    percent: int
    label: bool = False


def mismatches_of(closure: Closure, python: Python) -> tuple[Mismatch, ...]:
    """Return what a Python has otherwise than a lock, the weightiest first; nothing of it is imported.

    Packages that the lock does not hold are no mismatch.
    """
    found = installed(python.folders, {wanted.name for wanted in closure.packages})
    items = [
        *_python(closure, python),
        *(item for wanted in closure.packages for item in _package(wanted, found.get(wanted.name))),
    ]
    return tuple(sorted(items, key=lambda item: (-item.weight, item.name)))


def _python(closure: Closure, python: Python) -> Iterator[Mismatch]:
    wanted, name = closure.python, closure.implementation
    other = python.implementation != name
    parts = python.version.split(".")
    if not other and any(parts[: len(v)] == v for v in _versions(wanted)):
        return
    same_minor = not other and parts[:2] == wanted.version.split(".")[:2]
    yield Mismatch(
        name="python",
        kind=Kind.PYTHON,
        wanted=f"{name} {wanted.version}" if other else wanted.version,
        found=f"{python.implementation} {python.version}" if other else python.version,
        role=Role.PYTHON,
        weight=_OTHER_PATCH if same_minor else _WEIGHTS[Role.PYTHON],
        level=Level.NOTE if same_minor else Level.ERROR,
        origin=wanted.origin,
        hint="`envbuilder run MODEL -- python …` has the right one",
    )


def _versions(wanted: Wanted) -> list[list[str]]:
    return [text.split(".") for text in (wanted.version, wanted.logged) if text]


def _package(wanted: Wanted, found: tuple[str, ...] | None) -> Iterator[Mismatch]:
    if found is None:
        yield _mismatch(wanted, Kind.MISSING, None, 100)
    elif len(found) > 1:
        yield _mismatch(wanted, Kind.TWICE, " and ".join(sorted(found)), _MINOR)
    elif found[0] not in {wanted.version, wanted.logged}:
        step = _nearest(found[0], wanted)
        if step:
            yield _mismatch(wanted, Kind.LABEL if step.label else Kind.VERSION, found[0], step.percent)


def _mismatch(wanted: Wanted, kind: Kind, found: str | None, percent: int) -> Mismatch:
    again = "--force-reinstall " if kind is Kind.TWICE else ""
    return Mismatch(
        name=wanted.name,
        kind=kind,
        wanted=wanted.version,
        found=found,
        role=wanted.role,
        weight=max(1, _WEIGHTS[wanted.role] * percent // 100),
        level=Level.NOTE if kind is Kind.LABEL else _LEVELS.get(wanted.role, Level.ERROR),
        origin=wanted.origin,
        hint=f"pip install {again}'{wanted.name}=={wanted.version}'",
    )


def _nearest(found: str, wanted: Wanted) -> _Step | None:
    """Return how far a version is from the nearer of those that are right; None if it is one of them."""
    nearest: _Step | None = None
    for version in filter(None, (wanted.version, wanted.logged)):
        step = _step(found, version)
        if step is None:
            return None
        if nearest is None or step.percent < nearest.percent:
            nearest = step
    return nearest


def _step(found: str, wanted: str) -> _Step | None:
    """Compare by PEP 440, where both are versions of it; else as texts."""
    from packaging.version import InvalidVersion, Version  # where all is right, nobody needs it

    try:
        one, other = Version(found), Version(wanted)
    except InvalidVersion:
        return None if found.lower() == wanted.lower() else _Step(100)
    if one == other:
        return None
    if one.public == other.public:
        return _Step(_LABEL, label=True)
    if (one.epoch, one.major) != (other.epoch, other.major):
        return _Step(100)
    return _Step(_PATCH if one.minor == other.minor else _MINOR)
