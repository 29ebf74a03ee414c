"""The stage ``build``: a lease, a look, single flight, another look, install, compile, prove, publish."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.builder.beside import readying
from envbuilder.builder.bytecode import compile_tree
from envbuilder.builder.installer import BuildLog, Ground, Installer, Job
from envbuilder.builder.pip_installer import PipInstaller
from envbuilder.builder.proof import complete, prove, prove_more
from envbuilder.builder.scrutiny import check_places, findings_of
from envbuilder.builder.uv_installer import UvInstaller
from envbuilder.environment import environment_id
from envbuilder.errors import BuildError, EnvbuilderError, PolicyError
from envbuilder.lock import Kind
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT
from envbuilder.resolver.targets import host_platform
from envbuilder.store.files import remove_tree
from envbuilder.store.hashing import Hashes
from envbuilder.store.remarks import read_findings

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.environment import Environment, Interpreter
    from envbuilder.findings import Finding
    from envbuilder.lock import Lock
    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.settings import Settings
    from envbuilder.store.flight import Flight
    from envbuilder.store.lease import Lease
    from envbuilder.store.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Built:
    """An environment and the lease that keeps it; close the lease when it is no longer needed."""

    environment: Environment
    lease: Lease
    hit: bool
    """Whether it was there already, or another process made it while we waited."""
    seconds: float

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is to be told of the environment (``build/…``), read when it is asked for."""
        return read_findings(self.environment.prefix)


def build(
    lock: Lock,
    *,
    interpreter: Interpreter | None,
    store: Store,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Built:
    """Make the environment of a lock, or find it.

    A lock with conda packages has its Python among them: ``interpreter`` is None then, or is not used. Raises
    BuildError (``build/…``, also ``build/import-failed`` where it installs but does not work), PolicyError
    where the policy forbids a source build or a channel, StoreError, ToolError. After an error there is no
    environment.
    """
    started = time.monotonic()
    _check(lock, interpreter, policy)
    env_id = environment_id(lock, interpreter)
    lease = store.lease(env_id)
    try:
        found = store.find(env_id)
        environment, hit = (found, True) if found else (None, False)
        if environment is None:
            with store.flight(env_id, progress=progress) as flight:
                # Whoever held the flight before may have built it.
                environment = store.find(env_id)
                hit = environment is not None
                if environment is None:
                    job = _Parts(lock, interpreter, store, settings, policy)
                    environment = _make(flight, job)
        if hit:
            prove_more(environment, lock.imports, settings)
    except BaseException:
        lease.close()
        raise
    return Built(environment=environment, lease=lease, hit=hit, seconds=time.monotonic() - started)


@dataclass(frozen=True, slots=True)
class _Parts:
    lock: Lock
    interpreter: Interpreter | None
    store: Store
    settings: Settings
    policy: Policy


def _make(flight: Flight, parts: _Parts) -> Environment:
    log = BuildLog()
    try:
        return _built(flight, parts, log)
    except EnvbuilderError as error:
        flight.keep_log(error, log.text())
        raise


def _built(flight: Flight, parts: _Parts, log: BuildLog) -> Environment:
    installer = _installer(parts)
    tree = flight.place() if installer.in_place else flight.stage()
    hashes = Hashes()
    try:
        ground = _ground(flight, parts, tree, log)
        job = _job(flight, parts, tree, ground.interpreter, log)
        installer.install(job)
        complete(job)
        check_places(tree, {artifact.name for artifact in job.lock.artifacts} if job.lock.conda else None)
        flight.progress.phase("compile", f"{len(parts.lock.artifacts) + len(parts.lock.conda)} packages")
        with readying(tree, hashes) as written:
            compile_tree(job, hashes)
            written()
            flight.progress.phase("verify", ", ".join(parts.lock.imports))
            prove(job, parts.lock.imports)
    except BaseException:
        # A stage goes with the flight; a tree in its final place would wait for the next one.
        with contextlib.suppress(OSError):
            remove_tree(tree)
        raise
    return flight.publish(
        tree,
        lock=parts.lock,
        interpreter=ground.interpreter,
        imports=parts.lock.imports,
        log=job.log.text(),
        findings=(*ground.findings, *findings_of(tree, parts.lock)),
        hashes=hashes,
    )


def _ground(flight: Flight, parts: _Parts, tree: Path, log: BuildLog) -> Ground:
    """Return what packages of the index are installed on: the host's interpreter, or the lock's conda packages."""
    if parts.interpreter is not None and not parts.lock.conda:
        return Ground(interpreter=parts.interpreter)
    from envbuilder.builder.conda_installer import lay_ground

    return lay_ground(
        parts.lock,
        tree=tree,
        layout=parts.store.layout,
        scratch=flight.scratch(),
        settings=parts.settings,
        policy=parts.policy,
        progress=flight.progress,
        log=log,
    )


def _job(flight: Flight, parts: _Parts, tree: Path, interpreter: Interpreter, log: BuildLog) -> Job:
    return Job(
        lock=_installable(flight, parts, interpreter, log),
        interpreter=interpreter,
        tree=tree,
        scratch=flight.scratch(),
        packages=parts.store.uv_cache.parent,
        settings=parts.settings,
        policy=parts.policy,
        progress=flight.progress,
        log=log,
        apart=any(artifact.source is not None for artifact in parts.lock.artifacts),
    )


def _installable(flight: Flight, parts: _Parts, interpreter: Interpreter, log: BuildLog) -> Lock:
    """Return the lock as installers take it: what no index has as wheels of this host."""
    if all(artifact.source is None for artifact in parts.lock.artifacts):
        return parts.lock
    from envbuilder.builder.carrier import carrier_of

    _refuse_own_pip(parts.lock)
    engine = "pip" if parts.lock.engine == "pip" else "uv"
    carrier = carrier_of(
        parts.store, engine, settings=parts.settings, policy=parts.policy, progress=flight.progress, log=log
    )
    return carrier.installable(parts.lock, interpreter)


def _refuse_own_pip(lock: Lock) -> None:
    """Raise PolicyError where the pip that would install everything is the model's own."""
    if lock.engine == "pip" and any(a.name == "pip" and a.source is not None for a in lock.artifacts):
        raise PolicyError(
            "the model brings its own pip, which would install all its other packages",
            code="source/own-pip",
            hint="use --engine uv, which only installs it, or take pip from the index",
        )


def _installer(parts: _Parts) -> Installer:
    if parts.lock.engine == "pip" and not parts.lock.conda:
        return PipInstaller()
    return UvInstaller(parts.settings, ground=bool(parts.lock.conda))


def _check(lock: Lock, interpreter: Interpreter | None, policy: Policy) -> None:
    """Refuse what cannot work or must not be done, before anything is touched."""
    _check_host(lock, interpreter)
    sources = [artifact for artifact in lock.artifacts if artifact.kind is Kind.SDIST]
    refused = [source for source in sources if not policy.builds.allows(source.name, source.version)]
    if refused:
        names = ", ".join(f"{artifact.name} {artifact.version}" for artifact in refused)
        raise PolicyError(
            f"the policy forbids building from source: {names}",
            code="build/from-source",
            hint="list the packages under [builds] sdist in the policy, or pin versions that have wheels",
        )


def _check_host(lock: Lock, interpreter: Interpreter | None) -> None:
    """Raise BuildError where the lock is for another Python or another platform."""
    if lock.conda:
        version, platform = lock.target.python, host_platform()
    elif interpreter is None:
        raise BuildError(
            f"the lock needs a Python {lock.target.python} of this host",
            code="build/wrong-interpreter",
            hint="choose one with envbuilder.interpreters",
        )
    else:
        version, platform = interpreter.version, interpreter.platform
    wanted = lock.target.python.split(".")[:2]
    if wanted != version.split(".")[:2] or lock.target.platform != platform:
        raise BuildError(
            f"the lock is for Python {lock.target.python} on {lock.target.platform},"
            f" the interpreter is {version} on {platform}",
            code="build/wrong-interpreter",
            hint="lock for this machine, or choose the interpreter that the lock is for",
        )
