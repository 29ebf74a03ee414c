"""The exact answer to a spec: artifacts with version and sha256 for one target."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from envbuilder.digests import digest

if TYPE_CHECKING:
    import datetime

    from envbuilder.findings import Change
    from envbuilder.redact import SafeUrl
    from envbuilder.spec import CondaName, PypiName


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """What a lock is for. ``python`` is a full version (``3.8.18``); ``platform`` e.g. ``linux-x86_64``.

    ``floor`` is the C library or OS version wheels may ask for: ``glibc-2.36``, ``musl-1.2``, ``macos-14.0``.
    """

    python: str
    platform: str
    floor: str
    implementation: str = "cpython"


class Kind(enum.Enum):
    """What sort of file an artifact is."""

    WHEEL = "wheel"
    SDIST = "sdist"


@dataclass(frozen=True, kw_only=True, slots=True)
class LinkedArchive:
    """An archive that a model names by its URL, which is the artifact's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelFile:
    """An archive that lies in the model; ``path`` is relative to the model."""

    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelTree:
    """A source tree that lies in the model; the artifact's sha256 is that of our archive of it."""

    path: str
    """Relative to the model; ``.`` is the model itself."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """A commit of a git repository; the artifact's URL is the repository's, its sha256 that of our archive."""

    commit: str
    """40 hex digits."""
    subdirectory: str = ""


Source: TypeAlias = LinkedArchive | ModelFile | ModelTree | Commit
"""Where an artifact comes from that no index has."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Artifact:
    """One file to install, pinned by hash. ``size`` is in bytes, 0 if the index does not tell."""

    name: PypiName
    version: str
    kind: Kind
    filename: str
    url: SafeUrl
    sha256: str
    size: int = 0
    uploaded: datetime.datetime | None = None
    """Aware, UTC; None where the index gives no upload times (reported)."""
    source: Source | None = None
    """None for a file of the index. Else a source distribution of it is never built beside other packages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CondaPackage:
    """One archive of a conda channel, pinned by hash: a record of the channel's repodata (conda's RepoDataRecord)."""

    name: CondaName
    version: str
    build: str
    build_number: int = 0
    channel: str
    """The channel's canonical URL without credentials and platform (``https://conda.anaconda.org/conda-forge``)."""
    subdir: str
    """``noarch``, or the platform in conda's words (``linux-64``)."""
    filename: str
    """``name-version-build.conda`` or ``….tar.bz2``."""
    url: SafeUrl
    """Below ``channel``; where a mirror serves it is no part of a lock."""
    sha256: str
    md5: str = ""
    size: int = 0
    """Bytes; 0 if the channel does not tell."""
    built: datetime.datetime | None = None
    """The record's timestamp (aware, UTC)."""
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    license: str = ""
    """As the record says it; no SPDX expression is promised."""
    distribution: PypiName | None = None
    """The Python distribution that it brings; None for what is none."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lock:
    """Every artifact of an environment, sorted by name; what it was made from, and how."""

    target: Target
    artifacts: tuple[Artifact, ...]
    """Files of the index, installed after ``conda``."""
    spec_id: str
    engine: str
    as_of: datetime.datetime | None
    """The cut-off that was used; None for ``now``."""
    changes: tuple[Change, ...] = ()
    """All changes from the model's files to this lock: those of the rewriting first."""
    imports: tuple[str, ...] = ()
    """Modules that must import in the finished environment (envbuilder.flavors); no part of ``lock_id``."""
    conda: tuple[CondaPackage, ...] = ()
    """Packages of conda channels, Python itself among them, sorted by name; empty for a virtual environment."""

    @property
    def lock_id(self) -> str:
        """sha256 over what is installed and for which target; no time, no tool, no URL."""
        artifacts = sorted([a.name, a.version, a.sha256, a.kind.value] for a in self.artifacts)
        target = [self.target.implementation, self.target.python, self.target.platform]
        conda = sorted([c.name, c.version, c.build, c.subdir, c.sha256] for c in self.conda)
        more = {"conda": conda} if conda else {}
        return digest({"schema": 1, "artifacts": artifacts, "target": target, **more})
