"""Which requirement of the model pulled a package in, and by what way."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from envbuilder.lock import Commit, ModelFile, ModelTree
from envbuilder.spec import PypiName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.requirements import Requirement

    from envbuilder.findings import Origin
    from envbuilder.licensing.metadata import Metadata
    from envbuilder.lock import Artifact, Lock, Target
    from envbuilder.spec import DirectReference, EnvSpec, PypiRequirement


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """The shortest way from a line of the model to a package."""

    names: tuple[str, ...]
    """From the model's own requirement, as it is written, to the package; that alone where no way is known."""
    origin: Origin | None = None
    """Of that requirement; None where no way is known, and for what every environment has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ways:
    """How the packages of a lock depend on each other."""

    chains: Mapping[str, Chain]
    requires: Mapping[str, tuple[str, ...]]
    """Name to the names that it needs here; missing where its metadata is."""


def ways_of(lock: Lock, spec: EnvSpec, known: Mapping[str, Metadata]) -> Ways:
    """Return a chain for every package of a lock. ``known`` is metadata by the artifact's sha256.

    Breadth first, the model's lines in their order: the first shortest way is told.
    """
    environment = marker_environment(lock.target)
    metadata: dict[str, Metadata] = {a.name: known[a.sha256] for a in lock.artifacts if a.sha256 in known}
    locked: set[str] = {artifact.name for artifact in lock.artifacts}
    chains: dict[str, Chain] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    queue: deque[tuple[str, frozenset[str], Chain]] = deque((*_asked(spec), *_referred(spec, lock)))
    needs: dict[str, dict[str, None]] = {name: {} for name in metadata}
    while queue:
        name, extras, chain = queue.popleft()
        if name not in locked or (name, extras) in seen:
            continue
        seen.add((name, extras))
        chains.setdefault(name, chain)
        for requirement in _wanted(metadata.get(name), environment, extras):
            other = _name(requirement)
            if other in locked:
                needs[name][other] = None
                longer = Chain(names=(*chain.names, other), origin=chain.origin)
                queue.append((other, frozenset(requirement.extras), longer))
    for name in locked - chains.keys():
        chains[name] = Chain(names=(name,))
    return Ways(chains=chains, requires={name: tuple(sorted(others)) for name, others in needs.items()})


def _asked(spec: EnvSpec) -> Iterator[tuple[str, frozenset[str], Chain]]:
    """What the model's files ask for; what they only mention (a file that does not decide) comes last."""
    items: list[PypiRequirement] = [*spec.pypi, *spec.seeds]
    for item in sorted(items, key=lambda item: not item.primary):
        yield item.name, frozenset(item.extras), Chain(names=(item.text,), origin=item.origin)


def _referred(spec: EnvSpec, lock: Lock) -> Iterator[tuple[str, frozenset[str], Chain]]:
    """What the model names by a direct reference; one without a name is told by its file or its URL."""
    for reference in spec.direct:
        named = (a.name for a in lock.artifacts if a.source and _is_from(a, reference))
        name = reference.name or next(named, None)
        if name:
            way = Chain(names=(f"{name} @ {reference.url}",), origin=reference.origin)
            yield name, frozenset(reference.extras), way


def _is_from(artifact: Artifact, reference: DirectReference) -> bool:
    match artifact.source:
        case ModelFile(path=path) | ModelTree(path=path):
            return path == reference.path
        case Commit(commit=commit):
            return commit in reference.url.secret
        case _:
            return reference.digest == f"sha256:{artifact.sha256}"


def _wanted(
    metadata: Metadata | None, environment: dict[str, str], extras: frozenset[str]
) -> Iterator[Requirement]:
    for text in metadata.requires if metadata else ():
        requirement = _read(text)
        if requirement and _applies(requirement, environment, extras):
            yield requirement


@lru_cache(maxsize=8192)
def _read(text: str) -> Requirement | None:
    """Old metadata has lines that nobody can read; a chain may go another way."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text)
    except (InvalidRequirement, RecursionError):
        return None


def _applies(requirement: Requirement, environment: dict[str, str], extras: frozenset[str]) -> bool:
    marker = requirement.marker
    try:
        return marker is None or any(marker.evaluate({**environment, "extra": e}) for e in ("", *extras))
    except (ValueError, KeyError, RecursionError):
        return False


def _name(requirement: Requirement) -> PypiName:
    from packaging.utils import canonicalize_name

    return PypiName(canonicalize_name(requirement.name))


def marker_environment(target: Target) -> dict[str, str]:
    """Return the values of environment markers for a target (PEP 508)."""
    system, _, machine = target.platform.partition("-")
    return {
        "implementation_name": target.implementation,
        "implementation_version": target.python,
        "os_name": "posix",
        "platform_machine": machine,
        "platform_python_implementation": {"cpython": "CPython"}.get(target.implementation, "PyPy"),
        "platform_release": "",
        "platform_system": {"linux": "Linux", "macos": "Darwin"}.get(system, system),
        "platform_version": "",
        "python_full_version": target.python,
        "python_version": ".".join(target.python.split(".")[:2]),
        "sys_platform": {"linux": "linux", "macos": "darwin"}.get(system, system),
    }
