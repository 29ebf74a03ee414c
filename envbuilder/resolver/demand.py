"""What is asked of the engine: the model's requirements and what every environment has unasked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from envbuilder.errors import ResolveError
from envbuilder.findings import Origin
from envbuilder.redact import excerpt
from envbuilder.spec import SEED_NAMES, PypiRequirement

if TYPE_CHECKING:
    from collections.abc import Collection

    from envbuilder.spec import EnvSpec, PypiName

UNASKED = Origin(file="")
"""Where a seed comes from that no file names."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Demand:
    """Requirements (the model's, then the seeds) and constraints, each with its place in the model."""

    requirements: tuple[PypiRequirement, ...]
    constraints: tuple[PypiRequirement, ...] = ()

    @property
    def pins(self) -> tuple[PypiRequirement, ...]:
        """The requirements that name one release: ``==1.2.3``, ``===1.2.3``, and conda's ``==1.2.3.*``."""
        return tuple(r for r in self.requirements if release_of(r))

    def named(self, names: Collection[PypiName]) -> tuple[PypiRequirement, ...]:
        """Return the requirements and constraints on those packages."""
        return tuple(r for r in (*self.requirements, *self.constraints) if r.name in names)

    def without(self, names: Collection[PypiName]) -> Demand:
        """Return the same without those packages."""
        return Demand(
            requirements=tuple(r for r in self.requirements if r.name not in names),
            constraints=tuple(r for r in self.constraints if r.name not in names),
        )

    def respecified(self, name: PypiName, specifier: str) -> Demand:
        """Return the same with another specifier for one package, and no hashes of the old one."""
        return Demand(
            requirements=tuple(
                replace(r, specifier=specifier, hashes=()) if r.name == name else r for r in self.requirements
            ),
            constraints=tuple(r for r in self.constraints if r.name != name),
        )


def release_of(requirement: PypiRequirement) -> str | None:
    """Return the version that a requirement pins, else None.

    Conda's ``=1.2.3`` reaches us as ``==1.2.3.*``: with three numbers it means that release.
    """
    if requirement.pinned:
        return requirement.pinned
    prefix = requirement.specifier.removeprefix("==").removesuffix(".*")
    exact = f"=={prefix}.*" == requirement.specifier and prefix.count(".") >= 2
    return prefix if exact else None


def demand_of(spec: EnvSpec) -> Demand:
    """Return the spec's requirements with pip, setuptools and wheel added.

    An explicit requirement wins over python_env.yaml's build dependency, and that over "any release". The
    seeds are always there: old packages import pkg_resources without saying so.
    """
    asked = {requirement.name for requirement in spec.pypi}
    seeds = {seed.name: seed for seed in spec.seeds if seed.name not in asked}
    for name in SEED_NAMES:
        if name not in asked:
            seeds.setdefault(name, PypiRequirement(name=name, origin=UNASKED))
    return Demand(requirements=(*spec.pypi, *seeds.values()), constraints=spec.constraints)


def line_of(requirement: PypiRequirement) -> str:
    """Return the requirement in the words of packaging, so that nothing reaches a tool as it was written.

    Raises ResolveError if it is no requirement (PEP 508).
    """
    try:
        return str(Requirement(requirement.text))
    except InvalidRequirement:
        raise ResolveError(
            f"{excerpt(requirement.text)!r} is no requirement that an index can answer",
            code="resolve/malformed",
            origin=requirement.origin,
            requirements=((requirement.origin, requirement.text),),
            hint="write it as name==version",
        ) from None
