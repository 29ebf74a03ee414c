"""The wheels of a lock as files: fetched by hash, or made of what an environment has where the lock has a source."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.archives.inspection import inspect_archive
from envbuilder.builder.carrier import carrier_of
from envbuilder.builder.fetching import Fetcher
from envbuilder.builder.installer import Job
from envbuilder.exports.inventory import libraries_of
from envbuilder.exports.manifest import WHEELS, BuiltWheel
from envbuilder.exports.repacking import installed_files, repack
from envbuilder.findings import Change, Effect
from envbuilder.lock import Kind
from envbuilder.redact import SafeUrl
from envbuilder.references.shelf import sha256_of

if TYPE_CHECKING:
    from envbuilder.environment import Environment, Interpreter
    from envbuilder.lock import Artifact, Lock
    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.settings import Settings
    from envbuilder.store.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """An environment that is to be exported, and what it was made with; ``scratch`` is on the store's disk."""

    lock: Lock
    environment: Environment
    interpreter: Interpreter
    store: Store
    settings: Settings
    policy: Policy
    progress: Progress
    scratch: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """All wheels in the order of the lock's artifacts, and the lock of exactly these."""

    lock: Lock
    wheels: tuple[Path, ...]
    built: tuple[BuiltWheel, ...]
    libraries: tuple[str, ...] = ()
    """Libraries of the system that what was built here names."""


def gather(held: Holding) -> Gathered:
    """Return the wheels of an environment. What is a source in its lock becomes the wheel that was built.

    Then the lock is another one, whose changes say so. Raises BuildError, ExportError, StoreError.
    """
    carried = _carried(held)
    fetched = iter(Fetcher(_job(held)).fetch(a for a in carried if a.kind is Kind.WHEEL))
    artifacts, wheels, built = [], [], []
    for asked, found in zip(held.lock.artifacts, carried, strict=True):
        wheel = next(fetched) if found.kind is Kind.WHEEL else _repacked(found, held)
        wheels.append(wheel)
        if asked.kind is Kind.WHEEL:
            artifacts.append(replace(asked, source=None, url=_url(asked)))
            continue
        mark = _mark(asked, wheel)
        built.append(mark)
        artifacts.append(_as_wheel(asked, mark, wheel))
    changes = (*held.lock.changes, *map(_change, built))
    lock = replace(held.lock, artifacts=tuple(artifacts), changes=changes)
    return Gathered(lock=lock, wheels=tuple(wheels), built=tuple(built), libraries=_libraries(held))


def _libraries(held: Holding) -> tuple[str, ...]:
    """Return what the compiled files of built packages ask for: no tag of their wheels promises that."""
    sources = [artifact for artifact in held.lock.artifacts if artifact.kind is Kind.SDIST]
    prefix = held.environment.prefix
    return libraries_of(path for source in sources for path in installed_files(source, prefix))


def _carried(held: Holding) -> tuple[Artifact, ...]:
    """Return the artifacts with wheels of the store for all that no index has."""
    if all(artifact.source is None for artifact in held.lock.artifacts):
        return held.lock.artifacts
    engine = "pip" if held.lock.engine == "pip" else "uv"
    carrier = carrier_of(
        held.store, engine, settings=held.settings, policy=held.policy, progress=held.progress
    )
    return carrier.installable(held.lock, held.interpreter).artifacts


def _job(held: Holding) -> Job:
    return Job(
        lock=held.lock,
        interpreter=held.interpreter,
        tree=held.environment.prefix,
        scratch=held.scratch,
        packages=held.store.layout.packages,
        settings=held.settings,
        policy=held.policy,
        progress=held.progress,
    )


def _repacked(artifact: Artifact, held: Holding) -> Path:
    wheel = repack(artifact, held.environment.prefix, held.scratch)
    inspect_archive(wheel)
    return wheel


def _url(artifact: Artifact) -> SafeUrl:
    """Return where an artifact came from; for what the model brought, its place in the export."""
    return SafeUrl(artifact.url.stripped or f"{WHEELS}/{artifact.filename}")


def _mark(source: Artifact, wheel: Path) -> BuiltWheel:
    return BuiltWheel(
        name=source.name,
        version=source.version,
        source=source.filename,
        source_sha256=source.sha256,
        wheel=wheel.name,
        sha256=sha256_of(wheel),
    )


def _as_wheel(source: Artifact, mark: BuiltWheel, wheel: Path) -> Artifact:
    return replace(
        source,
        kind=Kind.WHEEL, filename=wheel.name, url=SafeUrl(f"{WHEELS}/{wheel.name}"), sha256=mark.sha256,
        size=wheel.stat().st_size, source=None,
    )  # fmt: skip


def _change(built: BuiltWheel) -> Change:
    return Change(
        code="export/built-wheel",
        message=f"{built.name} {built.version} is carried as the wheel that was built from {built.source}",
        effect=Effect.ADAPTED,
        before=f"sha256:{built.source_sha256}",
        after=f"sha256:{built.sha256}",
    )
