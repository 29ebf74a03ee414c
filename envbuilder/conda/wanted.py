"""What a conda solution is asked for, in match specifications of our own."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envbuilder.conda.brought import conda_names_of
from envbuilder.conda.sources import channel_url
from envbuilder.resolver.carrying import wanted as holds
from envbuilder.spec import CondaName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.lock import Target
    from envbuilder.resolver.wishes import Wish
    from envbuilder.spec import CondaRequirement, PypiRequirement

PYTHON = CondaName("python")

_PIN = re.compile(r"={1,2}[^=<>!~,|*]+|[0-9][^=<>!~,|*]*\.\*")
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*([0-9a-zA-Z.!]+?)(\.\*)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class WantedPython:
    """The Python to solve for. ``text`` is a constraint in conda's words."""

    text: str
    minor: tuple[int, int]
    """The one that is expected: markers and builds are judged by it before there is a solution."""
    wish: Wish | None = None
    range: str = ""
    """The whole range that a file names, where ``text`` is a part of it; else empty."""

    @property
    def spec(self) -> str:
        """The match specification."""
        return f'{PYTHON}[version="{self.text}"]'

    @property
    def patch(self) -> str:
        """The patch release that is named; empty where none is."""
        exact = self.text.removeprefix("==")
        return exact if self.text.startswith("==") and exact.count(".") == 2 else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Pin:
    """What the pip side says of a distribution that a conda package may bring: a constraint on that package."""

    name: CondaName
    text: str
    """A constraint in conda's words."""
    requirement: PypiRequirement

    @property
    def spec(self) -> str:
        """The match specification."""
        return f'{self.name}[version="{self.text}"]'


def spec_of(item: CondaRequirement) -> str:
    """Return a dependency as a match specification in brackets, which know no ambiguity."""
    pairs = {"version": item.version, "build": item.build}
    pairs |= {"channel": channel_url(item.channel)} if item.channel else {}
    pairs |= {"subdir": item.subdir, **dict(item.brackets)}
    inside = ", ".join(f'{key}="{value}"' for key, value in pairs.items() if value)
    return f"{item.name}[{inside}]" if inside else str(item.name)


def without_build(item: CondaRequirement) -> CondaRequirement:
    """Return a dependency without what names one file: its build string and hashes."""
    return replace(item, build="", brackets=())


def pinned(item: CondaRequirement) -> str:
    """Return the release that a dependency names (``=1.2``, ``==1.2.3``, ``1.2.*``), empty for a range or any."""
    return item.version.lstrip("=").removesuffix(".*") if _PIN.fullmatch(item.version) else ""


def conda_constraint(specifier: str) -> str | None:
    """Return PEP 440 specifiers in conda's words, empty for any; None for what conda cannot say."""
    found = []
    for clause in filter(None, (part.strip() for part in specifier.split(","))):
        match = _CLAUSE.fullmatch(clause)
        if match is None:
            return None
        operator, version, star = match.groups()
        if star:
            found.append(f"{version}.*" if operator == "==" else f"{operator}{version}.*")
        else:
            found.append(f"{'==' if operator == '===' else operator}{version}")
    return ",".join(found)


def pins_of(requirements: tuple[PypiRequirement, ...], target: Target) -> tuple[Pin, ...]:
    """Return what requirements of the pip side, where their markers hold, say of conda packages."""
    return tuple(pin for requirement in requirements for pin in _pins(requirement, target))


def _pins(requirement: PypiRequirement, target: Target) -> Iterator[Pin]:
    text = conda_constraint(requirement.specifier)
    if text and holds(requirement.marker, target):
        for name in conda_names_of(requirement.name):
            yield Pin(name=name, text=text, requirement=requirement)
