"""What a resolver engine is asked and what it answers; uv and pip-tools stand behind it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import datetime

    from envbuilder.environment import Interpreter
    from envbuilder.lock import Artifact, Target
    from envbuilder.spec import PypiName


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """One resolution. Every text is PEP 508 that we wrote ourselves, never a line of a model's file."""

    requirements: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    overrides: tuple[str, ...] = ()
    """Requirements that win over what other packages say of the same name."""
    target: Target
    interpreter: Interpreter | None = None
    """The target's interpreter if it is at hand; source distributions need it for their metadata."""
    cutoff: datetime.datetime | None = None
    """Files uploaded later do not exist (aware, UTC); None for all that the index has."""
    exempt: tuple[PypiName, ...] = ()
    """Packages to which the cut-off does not apply."""
    dependencies: bool = True
    """False: only what ``requirements`` names."""
    prereleases: bool = False
    wheels_only: tuple[PypiName, ...] = ()
    """Packages whose source distributions do not exist."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A chosen release with the files the index offers for it (any platform)."""

    name: PypiName
    version: str
    files: tuple[Artifact, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Yanked:
    """A chosen release that its makers took back (PEP 592); a pin still gets it."""

    name: PypiName
    version: str
    reason: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Solution:
    """An engine's choice for each package, sorted by name."""

    candidates: tuple[Candidate, ...]
    yanked: tuple[Yanked, ...] = ()
    """Those of them that were yanked, where the engine tells (pip's report does not)."""


class FailureKind(enum.Enum):
    """Why there is no solution; the ladder's steps and the store's memory of failures depend on it."""

    NO_SOLUTION = "no-solution"
    NETWORK = "network"
    BUILD = "build"
    TOOL = "tool"


class Lack(enum.Enum):
    """What is missing where a failure has one plain cause."""

    NAME = "no package of that name"
    VERSION = "no release of that version"
    PLATFORM = "no file for this platform"
    PYTHON = "no file for this python"


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """No solution, in the engine's own words (masked), and the packages that it names."""

    kind: FailureKind
    text: str
    packages: tuple[PypiName, ...] = ()
    python: str = ""
    """The Pythons (PEP 440 specifiers) that a named package wants where the target's does not do; else empty."""
    platforms: tuple[str, ...] = ()
    """The platform tags of the wheels that there are where none fits; else empty."""
    lack: Lack | None = None
    """The first cause that the engine names."""
    younger: tuple[PypiName, ...] = ()
    """Packages that have releases after the cut-off which would do."""
    release: tuple[PypiName, str] | None = None
    """Name and version of what cannot be built, for a failure of kind BUILD."""


Answer: TypeAlias = Solution | Failure


class Engine(Protocol):
    """Finds releases; knows nothing of models, dates of logging or ladders."""

    @property
    def name(self) -> str:
        """``uv`` or ``pip``."""

    def solve(self, question: Question) -> Answer:
        """Answer one question. Raises EnvbuilderError only if the engine itself cannot be run."""
