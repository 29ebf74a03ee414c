"""Where conda's side and pip's side of a model exclude each other: the lines of both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion

from envbuilder.conda.brought import by_distribution, with_distributions
from envbuilder.errors import ResolveError
from envbuilder.findings import Origin
from envbuilder.rewriter.names import Distribution, table

if TYPE_CHECKING:
    from envbuilder.lock import CondaPackage
    from envbuilder.spec import CondaName, CondaRequirement, PypiRequirement


def conflict(
    requirements: Iterable[PypiRequirement],
    asked: Sequence[CondaRequirement],
    packages: Sequence[CondaPackage],
) -> ResolveError | None:
    """Return the error for requirements that the solved packages do not meet; None where all are met."""
    brought = by_distribution(with_distributions(packages))
    unmet = [
        (requirement, package)
        for requirement in dict.fromkeys(requirements)
        if (package := brought.get(requirement.name)) and not meets(package, requirement)
    ]
    if not unmet:
        return None
    told, lines = [], list[tuple[Origin, str]]()
    for requirement, package in unmet:
        wanting = askers(package.name, asked, packages)
        lines += [(requirement.origin, requirement.text), *((item.origin, item.text) for item in wanting)]
        theirs = ", ".join(f"{item.text} ({item.origin})" for item in wanting) or "python and its tools"
        told.append(
            f"pip's side asks for {requirement.text} ({requirement.origin}), but conda's side has"
            f" {package.name} {package.version}, for {theirs}"
        )
    return ResolveError(
        "; ".join(told),
        code="resolve/conda-and-pip",
        requirements=tuple(dict.fromkeys(lines)),
        origin=lines[0][0],
        hint="let both lines name the same version, or keep one of them",
    )


def meets(package: CondaPackage, requirement: PypiRequirement) -> bool:
    """Whether a conda package is what a requirement asks for; True where their versions cannot be compared."""
    specifier = requirement.specifier
    answer = table().get(package.name)
    if isinstance(answer, Distribution) and answer.longer and requirement.pinned:
        return requirement.pinned == package.version or requirement.pinned.startswith(f"{package.version}.")
    try:
        return SpecifierSet(specifier).contains(package.version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return True


def askers(
    name: CondaName, asked: Sequence[CondaRequirement], packages: Sequence[CondaPackage]
) -> tuple[CondaRequirement, ...]:
    """Return the dependencies that a package is there for: those that name it, else those that need it."""
    named = tuple(item for item in asked if item.name == name)
    if named:
        return named
    needs: dict[str, set[str]] = {
        p.name: {d.split(maxsplit=1)[0] for d in p.depends if d.strip()} for p in packages
    }

    def reaches(start: str) -> bool:
        seen, waiting = set[str](), [start]
        while waiting:
            current = waiting.pop()
            if current == name:
                return True
            if current not in seen:
                seen.add(current)
                waiting += needs.get(current, ())
        return False

    return tuple(item for item in asked if reaches(item.name))
