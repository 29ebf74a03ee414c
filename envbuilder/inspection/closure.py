"""What a lock wants, and why: all that a Python is compared with, as small as it can be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.inspection.roles import Role, roles_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from envbuilder.findings import Origin
    from envbuilder.lock import CondaPackage, Lock
    from envbuilder.spec import CondaName, EnvSpec
    from envbuilder.use.locking import Locked


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """One package of a lock, or the Python that it is for."""

    name: str
    version: str
    role: Role
    logged: str = ""
    """The version that a file of the model pins, where the lock has another: it is as right. Empty if none."""
    origin: Origin | None = None
    """The line that asks for it; None for what others need."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Closure:
    """A lock as a Python is compared with it, and the model's files that led to it."""

    lock_id: str
    spec_id: str
    resolution: str
    """The address of the answer to the spec: as long as it is this lock, the closure holds."""
    implementation: str
    python: Wanted
    packages: tuple[Wanted, ...]
    """By name."""
    files: tuple[tuple[str, str], ...] = ()
    """Path and sha256 of every file of the model that was read."""
    absent: tuple[str, ...] = ()
    """Paths that were looked for in vain."""


def closure_of(locked: Locked, resolution: str) -> Closure:
    """Return what a model's lock wants; ``resolution`` is the address of the lock's resolution."""
    spec, lock = locked.rewritten.spec, locked.lock
    own = {package.name: package for package in lock.conda if package.distribution}
    named = {str(own[item.name].distribution): Role.NAMED for item in spec.conda if item.name in own}
    roles, asked = named | roles_of(spec), _asked(spec, own)
    provenance = spec.provenance

    def wanted(name: str, version: str) -> Wanted:
        origin, pin = asked.get(name, (None, ""))
        return Wanted(
            name=name,
            version=version,
            role=roles.get(name, Role.TRANSITIVE),
            logged="" if pin == version else pin,
            origin=origin,
        )

    return Closure(
        lock_id=lock.lock_id,
        spec_id=locked.rewritten.spec_id,
        resolution=resolution,
        implementation=lock.target.implementation,
        python=_python(spec, lock.target.python),
        packages=tuple(wanted(name, version) for name, version in sorted(_distributions(lock))),
        files=tuple((file.path, file.sha256) for file in provenance.files),
        absent=provenance.absent,
    )


def _distributions(lock: Lock) -> set[tuple[str, str]]:
    """What a lock has that a Python knows of: libraries and programs of conda's are none of it."""
    found = {str(package.distribution): package.version for package in lock.conda if package.distribution}
    return {*found.items(), *((str(item.name), item.version) for item in lock.artifacts)}


def _python(spec: EnvSpec, locked: str) -> Wanted:
    """The lock's Python. Of a patch release that no file names any other is as right."""
    wish = next((wish for wish in spec.python if wish.version), None)
    named = wish.version if wish else None
    logged = ".".join(map(str, named)) if named and len(named) == 3 else ""
    version = locked if logged else ".".join(locked.split(".")[:2])
    origin = spec.python[0].origin if spec.python else None
    return Wanted(
        name="python",
        version=version,
        role=Role.PYTHON,
        logged="" if logged == version else logged,
        origin=wish.origin if wish else origin,
    )


def _asked(spec: EnvSpec, own: Mapping[CondaName, CondaPackage]) -> dict[str, tuple[Origin | None, str]]:
    """Return the line that asks for each package, and the version that it pins. ``own`` is conda's side."""
    found: dict[str, tuple[Origin | None, str]] = {}
    conda = ((str(own[item.name].distribution), item) for item in spec.conda if item.name in own)
    lines = (
        (name, item.origin, item.version[2:] if item.version.startswith("==") else "") for name, item in conda
    )
    for name, origin, pin in (*_lines(spec), *lines):
        known = found.get(name)
        if known is None or (not known[1] and pin):
            found[name] = (origin, pin)
    return found


def _lines(spec: EnvSpec) -> Iterator[tuple[str, Origin, str]]:
    for item in (*spec.pypi, *spec.seeds, *spec.constraints):
        yield item.name, item.origin, item.pinned or ""
    for reference in spec.direct:
        if reference.name:
            yield reference.name, reference.origin, ""
