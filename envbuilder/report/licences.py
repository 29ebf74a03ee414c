"""The packages of a report by licence."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from envbuilder.report.report import LicenseState, ModelReport, PackageReport

STATES = {state: rank for rank, state in enumerate(
    (LicenseState.DENIED, LicenseState.UNKNOWN, LicenseState.AMBIGUOUS, LicenseState.UNJUDGED, LicenseState.ALLOWED)
)}  # fmt: skip
"""The weightiest first."""

NONE = "no licence found"


@dataclass(frozen=True, kw_only=True, slots=True)
class Total:
    """One licence in one state: how many packages have it, in how many models."""

    licence: str
    state: LicenseState
    packages: int
    """Different ones: a package of many locks counts once."""
    models: int
    names: tuple[str, ...]
    """``name version`` of each, sorted."""


def licence_of(package: PackageReport) -> str:
    """Return what a package's licence is called: the expression, else the words of its evidence."""
    return package.expression or words_of(package) or NONE


def words_of(package: PackageReport) -> str:
    """Return what a package itself says of its licence, without the kind of that evidence; empty for nothing."""
    return package.evidence.partition(": ")[2]


def totals(models: Iterable[ModelReport]) -> tuple[Total, ...]:
    """Return every licence with its numbers: the denied first, then by the number of packages."""
    packages: dict[tuple[LicenseState, str], set[str]] = defaultdict(set)
    users: Counter[tuple[LicenseState, str]] = Counter()
    for model in models:
        keys = set()
        for package in model.packages:
            key = (package.state, licence_of(package))
            packages[key].add(f"{package.name} {package.version}")
            keys.add(key)
        users.update(keys)
    found = [
        Total(
            licence=key[1], state=key[0], packages=len(names), models=users[key], names=tuple(sorted(names))
        )
        for key, names in packages.items()
    ]
    return tuple(sorted(found, key=lambda row: (STATES[row.state], -row.packages, row.licence)))
