"""What a direct reference becomes before an engine is asked: a locked artifact, and a wheel on this host."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from packaging.markers import Marker
from packaging.utils import canonicalize_name

from envbuilder.errors import EnvbuilderError

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from envbuilder.lock import Artifact, Target
    from envbuilder.resolver.targets import Place
    from envbuilder.spec import DirectReference

SYSTEMS = {"linux": ("linux", "Linux"), "macos": ("darwin", "Darwin")}
"""Our names of systems to the markers ``sys_platform`` and ``platform_system``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Carried:
    """An artifact that no index has, and the wheel that an engine looks into: itself, or what was built of it."""

    artifact: Artifact
    wheel: Path
    wheel_sha256: str
    extras: tuple[str, ...] = ()

    @property
    def line(self) -> str:
        """What the engine is asked: PEP 508, with our own copy as the URL."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.artifact.name}{extras} @ {self.wheel.as_uri()}#sha256={self.wheel_sha256}"


class Carrier(Protocol):
    """Brings direct references to this host (envbuilder.builder.carrier)."""

    def carry(self, reference: DirectReference, place: Place, day: datetime.datetime | None) -> Carried:
        """Return a reference that the policy admits. The same question has the same answer, found once.

        What is source is built for the place's interpreter, with build requirements as of ``day`` (None: of
        now). Raises EnvbuilderError.
        """


class Nobody:
    """The carrier of those who have none."""

    def carry(self, reference: DirectReference, place: Place, day: datetime.datetime | None) -> Carried:
        """Raise EnvbuilderError."""
        raise NotImplementedError((reference, place, day))


NOBODY = Nobody()


@dataclass(frozen=True, kw_only=True, slots=True)
class Direct:
    """The direct references of a model that the policy admits, and who brings them."""

    references: tuple[DirectReference, ...] = ()
    carrier: Carrier = field(default=NOBODY, compare=False)
    day: datetime.datetime | None = None

    def at(self, place: Place) -> tuple[Carried, ...]:
        """Return those whose markers the target meets, each once. Raises EnvbuilderError with the reference's place."""
        found = (self._one(r, place) for r in self.references if wanted(r.marker, place.target))
        return tuple(dict.fromkeys(found))

    def _one(self, reference: DirectReference, place: Place) -> Carried:
        try:
            return self.carrier.carry(reference, place, self.day)
        except EnvbuilderError as error:
            error.origin = error.origin or reference.origin
            raise


def wanted(marker: str, target: Target) -> bool:
    """Whether a marker (PEP 508) holds for the target; a marker on an extra does not."""
    if not marker:
        return True
    system, _, machine = target.platform.partition("-")
    sys_platform, platform_system = SYSTEMS.get(system, (system, system))
    environment = {
        "python_full_version": target.python,
        "python_version": ".".join(target.python.split(".")[:2]),
        "implementation_name": canonicalize_name(target.implementation),
        "sys_platform": sys_platform,
        "platform_system": platform_system,
        "platform_machine": machine,
        "os_name": "posix",
        "extra": "",
    }
    return Marker(marker).evaluate(environment)
