"""What an installer is given and what it does; uv and pip stand behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from envbuilder.lock import Kind
from envbuilder.proxies import NAMES
from envbuilder.redact import masked, visible
from envbuilder.relay.passage import Passage, passage

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    from envbuilder.environment import Interpreter
    from envbuilder.findings import Finding
    from envbuilder.lock import Artifact, Lock
    from envbuilder.policy import Policy
    from envbuilder.process import Finished
    from envbuilder.progress import Progress
    from envbuilder.redact import SafeUrl
    from envbuilder.settings import Settings


class BuildLog:
    """Everything that the tools said, safe to show, in order; kept with the environment."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def note(self, text: str) -> None:
        """Add a line of our own."""
        self._parts.append(visible(masked(text)))

    def add(self, done: Finished) -> None:
        """Add a finished tool: what was called, what it said, how it ended."""
        self._parts.append(f"$ {visible(masked(' '.join(done.argv)))}")
        self._parts += [visible(masked(text.rstrip()), newlines=True) for text in (done.stdout, done.stderr)]
        self._parts.append(f"exit code {done.returncode} after {done.seconds:.1f} s")

    def text(self) -> str:
        """Return the whole log."""
        return "\n".join(part for part in self._parts if part) + "\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """What packages of the index are installed on: an interpreter of the host, or conda packages with their own."""

    interpreter: Interpreter
    findings: tuple[Finding, ...] = ()
    """Of conda packages: scripts that never ran."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One environment to install: the lock, with what, from where, and into which folder."""

    lock: Lock
    interpreter: Interpreter
    tree: Path
    """An empty folder that becomes the environment's prefix."""
    scratch: Path
    """For the tools' own files; on the disk of ``tree``."""
    packages: Path
    """The store's folder of package caches, shared by all environments."""
    settings: Settings
    policy: Policy
    progress: Progress
    log: BuildLog = field(default_factory=BuildLog)
    apart: bool = False
    """Whether files of a model are in it: what is built beside them must not reach other environments."""

    @property
    def build_cache(self) -> Path:
        """Where uv keeps what it builds. Wheels that it only unpacks are shared by all environments."""
        return (self.scratch if self.apart else self.packages) / "uv"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self.tree / "bin" / "python"

    @property
    def wheels(self) -> tuple[Artifact, ...]:
        """What is only unpacked."""
        return tuple(artifact for artifact in self.lock.artifacts if artifact.kind is Kind.WHEEL)

    @property
    def sources(self) -> tuple[Artifact, ...]:
        """What has to be built: code of the packages runs."""
        return tuple(artifact for artifact in self.lock.artifacts if artifact.kind is Kind.SDIST)

    @property
    def indexes(self) -> tuple[SafeUrl, ...]:
        """The indexes to ask, in order; empty leaves the engine's own."""
        own = (self.settings.index,) if self.settings.index else ()
        return self.policy.sources.indexes or own

    def fetching_variables(self) -> dict[str, str]:
        """The host's variables for what we fetch by ourselves."""
        return dict(self.settings.tool_variables)

    def building_variables(self) -> dict[str, str]:
        """The same without anything secret, for runs that need no network."""
        return building_variables(self.settings)

    def passage(self) -> AbstractContextManager[Passage]:
        """Return the way to the indexes for tools; code of packages may run behind it."""
        return passage(
            indexes=self.indexes, variables=self.fetching_variables(), offline=self.settings.offline
        )


class Installer(Protocol):
    """Installs a lock into an empty folder; knows nothing of the store's rules."""

    @property
    def in_place(self) -> bool:
        """Whether the environment has to be made where it will stay."""

    def install(self, job: Job) -> None:
        """Make ``job.tree`` an environment with exactly the lock's artifacts. Raises BuildError, PolicyError."""


def building_variables(settings: Settings) -> dict[str, str]:
    """Return the host's variables without anything secret."""
    return {name: value for name, value in settings.tool_variables if not _secret(name, value)}


def _secret(name: str, value: str) -> bool:
    """Proxies with a password are the only secrets among the variables that are passed on."""
    return name.lower() in NAMES and "@" in value


def index_variables(indexes: Sequence[str]) -> dict[str, str]:
    """Return the variables that tell uv its indexes.

    uv asks UV_INDEX before the default one, so our order is its order.
    """
    if not indexes:
        return {}
    *first, last = indexes
    return {"UV_DEFAULT_INDEX": last} | ({"UV_INDEX": " ".join(first)} if first else {})
