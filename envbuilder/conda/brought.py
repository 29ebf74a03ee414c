"""Which distributions the solved packages bring, and which packages bring a distribution."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

from envbuilder.rewriter.names import Distribution, normalised, table
from envbuilder.spec import SEED_NAMES, CondaName, PypiName

if TYPE_CHECKING:
    from envbuilder.lock import CondaPackage

_PYTHON = frozenset({"python", "python_abi"})


def with_distributions(packages: Iterable[CondaPackage]) -> tuple[CondaPackage, ...]:
    """Return the packages with the distribution of each that brings one.

    What the table does not know and what needs Python is taken for a distribution of its own name: were it
    none, a requirement of that name would be missing; were it one and not known, it would be there twice.
    """
    return tuple(replace(p, distribution=p.distribution or _guessed(p)) for p in packages)


def _guessed(package: CondaPackage) -> PypiName | None:
    if package.name in _PYTHON or package.name in table():
        return None
    needs = {item.split(maxsplit=1)[0] for item in package.depends if item.strip()}
    return normalised(package.name) if needs & _PYTHON else None


def by_distribution(packages: Iterable[CondaPackage]) -> Mapping[PypiName, CondaPackage]:
    """Return the package that brings each distribution: of several its base, which has its files."""
    found: dict[PypiName, CondaPackage] = {}
    for package in packages:
        if package.distribution:
            earlier = found.get(package.distribution)
            if earlier is None or _needs(earlier, package):
                found[package.distribution] = package
    return found


def _needs(package: CondaPackage, other: CondaPackage) -> bool:
    return any(item.split(maxsplit=1)[:1] == [other.name] for item in package.depends)


@cache
def _names() -> Mapping[PypiName, tuple[CondaName, ...]]:
    found: dict[PypiName, list[CondaName]] = {name: [CondaName(name)] for name in SEED_NAMES}
    for name, answer in table().items():
        # Versions that have one number more are no constraint that conda could answer.
        if isinstance(answer, Distribution) and not answer.longer:
            found.setdefault(answer.name, []).append(name)
    return {name: tuple(names) for name, names in found.items()}


def conda_names_of(name: PypiName) -> tuple[CondaName, ...]:
    """Return the conda packages that bring a distribution, by the table; its own name where that says nothing."""
    same = CondaName(name)
    return _names().get(name) or (() if same in table() else (same,))
