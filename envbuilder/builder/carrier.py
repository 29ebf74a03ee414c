"""Bringing the direct references that the policy admits to this host: archives, commits, files of the model.

Whatever an engine or an installer gets is a wheel of ours on this host. What comes as source becomes one in a
build apart from everything (envbuilder.builder.apart).
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.version import Version

from envbuilder.archives.inspection import inspect_archive
from envbuilder.builder.apart import Workshop
from envbuilder.builder.installer import BuildLog
from envbuilder.errors import BuildError, ResolveError
from envbuilder.lock import Artifact, Commit, Kind, LinkedArchive, ModelFile, ModelTree, Source
from envbuilder.progress import SILENT
from envbuilder.redact import SafeUrl, excerpt
from envbuilder.references.commits import commit_url, fetch_commit
from envbuilder.references.links import fetch_archive
from envbuilder.references.packing import FILENAME
from envbuilder.references.sealing import is_archive
from envbuilder.references.shelf import Shelf, sha256_of
from envbuilder.resolver.admission import commit_of
from envbuilder.resolver.archives import parse_filename
from envbuilder.resolver.carrying import Carried

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from envbuilder.environment import Interpreter
    from envbuilder.lock import Lock
    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.resolver.targets import Place
    from envbuilder.settings import Settings
    from envbuilder.spec import DirectReference
    from envbuilder.store.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class HostCarrier:
    """Carries to the store's shelf; each reference once for each interpreter."""

    settings: Settings
    shelf: Shelf
    workshop: Workshop
    indexes: tuple[SafeUrl, ...] = ()
    _known: dict[tuple[DirectReference, str], Carried] = field(default_factory=dict, repr=False)

    def carry(self, reference: DirectReference, place: Place, day: datetime.datetime | None) -> Carried:
        """Return a reference as an artifact and a wheel. Raises EnvbuilderError."""
        key = (reference, place.interpreter.binary_digest if place.interpreter else "")
        if key not in self._known:
            self._known[key] = self._carry(reference, place, day)
        return self._known[key]

    def _carry(self, reference: DirectReference, place: Place, day: datetime.datetime | None) -> Carried:
        file, source = self._brought(reference)
        self._look_through(file)
        if file.name.endswith(".whl"):
            wheel = file
        elif place.interpreter is None:
            raise BuildError(
                f"{excerpt(str(reference.url))} comes as source, and there is no python {place.target.python} "
                f"for {place.target.platform} here to build it with",
                code="build/wrong-interpreter",
                hint="lock on such a host, or log the model with a wheel",
            )
        else:
            wheel = self.workshop.wheel(file, _subdirectory(source), place.interpreter, day)
        artifact = _artifact(reference, file, source, wheel)
        return Carried(artifact=artifact, wheel=wheel, wheel_sha256=sha256_of(wheel), extras=reference.extras)

    def _brought(self, reference: DirectReference) -> tuple[Path, Source]:
        """Return the file on the shelf that stands for a reference, and what it is."""
        sha256 = reference.digest.removeprefix("sha256:")
        if reference.path:
            if is_archive(reference):
                parse_filename(posixpath.basename(reference.path))
                return self.shelf.path(sha256, reference.path), ModelFile(path=reference.path)
            return self.shelf.path(sha256, FILENAME), ModelTree(path=reference.path)
        commit = commit_of(reference)
        if commit:
            return fetch_commit(reference.url, commit, self.settings, self.shelf), commit
        filename = posixpath.basename(unquote(urlsplit(reference.url.secret).path))
        parse_filename(filename)
        return self._fetched(reference.url, sha256, filename), LinkedArchive()

    def _fetched(self, url: SafeUrl, sha256: str, filename: str) -> Path:
        return fetch_archive(
            url, sha256, filename, settings=self.settings, indexes=self.indexes, shelf=self.shelf
        )

    def _look_through(self, file: Path) -> None:
        """Look at an archive of others before anybody opens it. Raises StoreError, BuildError (``archive/…``)."""
        self.shelf.verify(file)
        if file.name != FILENAME:
            inspect_archive(file)

    def installable(self, lock: Lock, interpreter: Interpreter) -> Lock:
        """Return the lock with a wheel of this host for each artifact that no index has. Raises EnvbuilderError."""
        artifacts = tuple(self._installable(a, lock, interpreter) for a in lock.artifacts)
        return replace(lock, artifacts=artifacts)

    def _installable(self, artifact: Artifact, lock: Lock, interpreter: Interpreter) -> Artifact:
        if artifact.source is None:
            return artifact
        file = self._stocked(artifact)
        self._look_through(file)
        wheel = file
        if artifact.kind is Kind.SDIST:
            wheel = self.workshop.wheel(file, _subdirectory(artifact.source), interpreter, lock.as_of)
        return replace(
            artifact,
            kind=Kind.WHEEL, filename=wheel.name, url=SafeUrl(wheel.as_uri()), sha256=sha256_of(wheel), source=None,
        )  # fmt: skip

    def _stocked(self, artifact: Artifact) -> Path:
        """Return the artifact's own file, fetched again where it is gone. Raises BuildError for the model's."""
        path = self.shelf.path(artifact.sha256, artifact.filename)
        if path.is_file():
            return path
        match artifact.source:
            case Commit():
                found = fetch_commit(artifact.url, artifact.source, self.settings, self.shelf)
            case LinkedArchive():
                found = self._fetched(artifact.url, artifact.sha256, artifact.filename)
            case _:
                raise BuildError(
                    f"{artifact.name} {artifact.version} came with the model, and the store has lost it",
                    code="build/model-file",
                    hint="build from the model, not from its lock alone",
                )
        if found != path:
            raise BuildError(
                f"{artifact.url} gives another source than the one that was locked",
                code="build/hash-mismatch",
                detail=f"locked sha256 {artifact.sha256}",
                hint="lock again with --refresh",
            )
        return path


def carrier_of(
    store: Store,
    engine: str,
    *,
    settings: Settings,
    policy: Policy,
    progress: Progress = SILENT,
    log: BuildLog | None = None,
) -> HostCarrier:
    """Return the carrier of a store; ``engine`` (``uv`` or ``pip``) builds what comes as source."""
    shelf = Shelf(store.layout.packages, store.layout.tmp)
    indexes = policy.sources.indexes or ((settings.index,) if settings.index else ())
    workshop = Workshop(
        settings=settings,
        shelf=shelf,
        engine=engine,
        indexes=indexes,
        progress=progress,
        log=log or BuildLog(),
    )
    return HostCarrier(settings=settings, shelf=shelf, workshop=workshop, indexes=indexes)


def _artifact(reference: DirectReference, file: Path, source: Source, wheel: Path) -> Artifact:
    _, name, version = parse_filename(wheel.name)
    if isinstance(source, ModelFile | LinkedArchive):
        _same(reference, (name, version), parse_filename(file.name)[1:])
    if reference.name and reference.name != name:
        raise ResolveError(
            f"{excerpt(str(reference.url))} is {name}, not {reference.name}",
            code="resolve/malformed",
            hint=f"write `{name} @ …`",
        )
    return Artifact(
        name=name,
        version=version,
        kind=Kind.WHEEL if wheel == file else Kind.SDIST,
        filename=file.name,
        url=_url(reference, source),
        sha256=file.parent.name,
        size=file.stat().st_size,
        source=source,
    )


def _same(reference: DirectReference, built: tuple[str, str], named: tuple[str, str]) -> None:
    if built[0] != named[0] or Version(built[1]) != Version(named[1]):
        raise ResolveError(
            f"{excerpt(str(reference.url))} is named {' '.join(named)} and is {' '.join(built)}",
            code="resolve/malformed",
            hint="name the archive as its standard has it (PEP 427, 625)",
        )


def _url(reference: DirectReference, source: Source) -> SafeUrl:
    match source:
        case Commit():
            return SafeUrl(commit_url(reference.url))
        case LinkedArchive():
            return SafeUrl(reference.url.secret.partition("#")[0])
        case ModelFile() | ModelTree():
            return SafeUrl("")


def _subdirectory(source: Source) -> str:
    return source.subdirectory if isinstance(source, Commit) else ""
