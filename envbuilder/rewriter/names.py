"""What a conda package is called on the package index: our own table (names.toml) and the policy's."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from envbuilder.findings import Effect
from envbuilder.policy import Policy
from envbuilder.spec import CondaName, PypiName

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_TARGET = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?:\[(?P<extras>[^\]]*)\])?"
    r"(?:\s*;\s*(?P<marker>.+))?",
    re.ASCII,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Distribution:
    """The distribution that a conda package holds."""

    name: PypiName
    extras: tuple[str, ...] = ()
    marker: str = ""
    longer: bool = False
    """Whether its versions have one component more than the conda package's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Absent:
    """The package is no Python distribution; leaving it out does ``effect`` to fidelity."""

    effect: Effect
    reason: str
    of_conda: bool = False
    """Whether a conda environment would have it, and a virtual environment lacks it for that."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Undecided:
    """Neither our table nor the policy knows the name, and nobody guesses."""


Answer = Distribution | Absent | Undecided


def normalised(name: str) -> PypiName:
    """Return a distribution's name by PEP 503."""
    return PypiName(re.sub(r"[-_.]+", "-", name).lower())


def answer_for(name: CondaName, policy: Policy) -> Answer:
    """Return what a conda package is on the index; the policy's ``[names]`` win over our table."""
    for conda, pypi in policy.names:
        if conda.lower() == name:
            return _distribution(pypi) if pypi.strip() else _DROPPED
    return VIRTUAL if name.startswith("__") else table().get(name, Undecided())


VIRTUAL = Absent(
    effect=Effect.NONE,
    reason="it is no package but a property of machines, by which packages are chosen anyway",
)
"""``__glibc``, ``__cuda`` … whatever follows the two underscores (CEP 30)."""

_DROPPED = Absent(effect=Effect.DEGRADED, reason="the policy's [names] drop it")


@dataclass(frozen=True, kw_only=True, slots=True)
class Backport:
    """A distribution that brings a standard module to older Pythons."""

    since: tuple[int, int]
    """The first Python that has the module itself."""
    breaks: str
    """The versions (PEP 440) that later Pythons cannot install; empty for all."""


@cache
def _data() -> Mapping[str, Any]:
    text = resources.files("envbuilder.rewriter").joinpath("names.toml").read_text("utf-8")
    return tomllib.loads(text)


@cache
def standard_library() -> Mapping[PypiName, Backport]:
    """Return the backports that break, by name."""
    return {
        PypiName(name): Backport(since=_minor(entry["since"]), breaks=entry.get("breaks", ""))
        for name, entry in _data()["standard-library"].items()
    }


def _minor(text: str) -> tuple[int, int]:
    major, minor = text.split(".")
    return int(major), int(minor)


def stand_ins(name: PypiName) -> frozenset[PypiName]:
    """Return the distributions that do for another."""
    return frozenset(map(PypiName, _data()["stand-ins"].get(name, "").split()))


@cache
def table() -> Mapping[CondaName, Answer]:
    """Return what each known conda package is, read once."""
    return dict(_entries(_data()))


def _entries(data: Mapping[str, Any]) -> Iterator[tuple[CondaName, Answer]]:
    longer = frozenset(data["longer-versions"]["names"].split())
    for kind in data["absent"].values():
        effect, of_conda = Effect(kind["effect"]), kind.get("of-conda", False)
        absent = Absent(effect=effect, reason=kind["reason"], of_conda=of_conda)
        yield from ((CondaName(name), absent) for name in kind["names"].split())
    for name in data["equal"]["names"].split():
        yield CondaName(name), Distribution(name=normalised(name))
    for name, target in data["renamed"].items():
        yield CondaName(name), _distribution(target, longer)


def _distribution(target: str, longer: frozenset[str] = frozenset()) -> Answer:
    found = _TARGET.fullmatch(target.strip())
    if found is None:
        return Undecided()
    name = normalised(found["name"])
    extras = tuple(sorted(e.strip() for e in (found["extras"] or "").split(",") if e.strip()))
    return Distribution(name=name, extras=extras, marker=found["marker"] or "", longer=name in longer)
