"""What a conda solution is asked for, in match specifications of our own (envbuilder.conda.matchtext)."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envbuilder.conda.brought import conda_names_of
from envbuilder.conda.matchtext import pin_text
from envbuilder.resolver.carrying import wanted as holds
from envbuilder.spec import CondaName

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envbuilder.lock import Target
    from envbuilder.resolver.wishes import Wish
    from envbuilder.spec import CondaRequirement, PypiRequirement

PYTHON = CondaName("python")

_PIN = re.compile(r"={1,2}[^=<>!~,|*]+|[0-9][^=<>!~,|*]*\.\*")


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedPython:
    """The Python to solve for."""

    text: str
    """The match specification, without a build."""
    minor: tuple[int, int]
    """The one that is expected: markers and builds are judged by it before there is a solution."""
    wish: Wish | None = None
    patch: str = ""
    """The patch release that is named; empty where none is."""
    build: str = ""
    """The build that is named; empty for any."""
    whole: str = ""
    """The specification of all that would do, where ``text`` is a part of it; else empty."""

    @property
    def spec(self) -> str:
        """The match specification."""
        return f'{self.text.removesuffix("]")},build="{self.build}"]' if self.build else self.text


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """What the pip side says of a distribution that a conda package may bring: a constraint on that package."""

    name: CondaName
    spec: str
    requirement: PypiRequirement


def without_build(item: CondaRequirement) -> CondaRequirement:
    """Return a dependency without what names one file: its build string and hashes."""
    return replace(item, build="", brackets=())


def pinned(item: CondaRequirement) -> str:
    """Return the release that a dependency names (``=1.2``, ``==1.2.3``, ``1.2.*``), empty for a range or any."""
    return item.version.lstrip("=").removesuffix(".*") if _PIN.fullmatch(item.version) else ""


def pins_of(requirements: Iterable[PypiRequirement], target: Target) -> tuple[Pin, ...]:
    """Return what requirements of the pip side, where their markers hold, say of conda packages."""
    return tuple(pin for requirement in requirements for pin in _pins(requirement, target))


def _pins(requirement: PypiRequirement, target: Target) -> Iterator[Pin]:
    if not holds(requirement.marker, target):
        return
    for name in conda_names_of(requirement.name):
        spec = pin_text(name, requirement.specifier)
        if spec != name:
            yield Pin(name=name, spec=spec, requirement=requirement)
