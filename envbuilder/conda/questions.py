"""What is asked of the solver of conda packages, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import datetime

    from envbuilder.findings import Finding
    from envbuilder.lock import CondaPackage
    from envbuilder.redact import SafeUrl
    from envbuilder.resolver.engine import FailureKind
    from envbuilder.spec import CondaName


@dataclass(frozen=True, kw_only=True, slots=True)
class VirtualPackage:
    """What a machine is said to have (``__glibc`` 2.28), which packages may depend on."""

    name: str
    version: str
    build: str = "0"


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """A channel that packages may come from, and where it is fetched."""

    channel: str
    """Its canonical URL without credentials, platform and a slash at the end
    (``https://conda.anaconda.org/conda-forge``): locks and environments know no other."""
    mirrors: tuple[SafeUrl, ...] = ()
    """Where it is fetched instead, tried in order; they may hold credentials."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaQuestion:
    """One solution to be found. Every text is a match specification that we wrote, never a line of a model's file."""

    specs: tuple[str, ...]
    constraints: tuple[str, ...] = ()
    """What has to hold of packages that get chosen; none is chosen because of them."""
    sources: tuple[Source, ...]
    """In order: a package comes from the first channel that has its name (strict priority)."""
    platform: str
    """As in Target: ``linux-x86_64``."""
    virtual: tuple[VirtualPackage, ...]
    cutoff: datetime.datetime | None = None
    """Records that were built later do not exist (aware, any zone). Those without a time exist only where
    nothing else gives a solution."""
    exempt: tuple[CondaName, ...] = ()
    """Packages to which the cut-off does not apply."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaSolution:
    """The chosen packages, sorted by name."""

    packages: tuple[CondaPackage, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaFailure:
    """No solution, in the solver's own words (masked), and the packages that it names."""

    kind: FailureKind
    text: str
    packages: tuple[CondaName, ...] = ()


CondaAnswer: TypeAlias = CondaSolution | CondaFailure


@dataclass(frozen=True, kw_only=True, slots=True)
class Installed:
    """Packages that were laid out in a tree; ``findings`` tell of scripts of theirs that never ran."""

    findings: tuple[Finding, ...]
