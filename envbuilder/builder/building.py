"""The stage ``build``: a lease, a look, single flight, another look, install, compile, prove, publish."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.builder.bytecode import compile_tree
from envbuilder.builder.installer import BuildLog, Installer, Job
from envbuilder.builder.pip_installer import PipInstaller
from envbuilder.builder.proof import complete, prove, prove_more
from envbuilder.builder.scrutiny import check_places, findings_of
from envbuilder.builder.uv_installer import UvInstaller
from envbuilder.environment import environment_id
from envbuilder.errors import BuildError, EnvbuilderError, PolicyError
from envbuilder.lock import Kind
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT
from envbuilder.store.files import remove_tree
from envbuilder.store.remarks import read_findings

if TYPE_CHECKING:
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
    interpreter: Interpreter,
    store: Store,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Built:
    """Make the environment of a lock, or find it.

    Raises BuildError (``build/…``, also ``build/import-failed`` where it installs but does not work),
    PolicyError where the policy forbids a source build, StoreError, ToolError. After an error there is no
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
    interpreter: Interpreter
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
    job = Job(
        lock=_installable(flight, parts, log),
        interpreter=parts.interpreter,
        tree=flight.place() if installer.in_place else flight.stage(),
        scratch=flight.scratch(),
        packages=parts.store.uv_cache.parent,
        settings=parts.settings,
        policy=parts.policy,
        progress=flight.progress,
        log=log,
        apart=any(artifact.source is not None for artifact in parts.lock.artifacts),
    )
    try:
        installer.install(job)
        complete(job)
        check_places(job.tree)
        flight.progress.phase("compile", f"{len(parts.lock.artifacts)} packages")
        compile_tree(job)
        flight.progress.phase("verify", ", ".join(parts.lock.imports))
        prove(job, parts.lock.imports)
    except BaseException:
        # A stage goes with the flight; a tree in its final place would wait for the next one.
        with contextlib.suppress(OSError):
            remove_tree(job.tree)
        raise
    return flight.publish(
        job.tree,
        lock=parts.lock,
        interpreter=parts.interpreter,
        imports=parts.lock.imports,
        log=job.log.text(),
        findings=findings_of(job.tree, parts.lock),
    )


def _installable(flight: Flight, parts: _Parts, log: BuildLog) -> Lock:
    """Return the lock as installers take it: what no index has as wheels of this host."""
    if all(artifact.source is None for artifact in parts.lock.artifacts):
        return parts.lock
    from envbuilder.builder.carrier import carrier_of

    _refuse_own_pip(parts.lock)
    engine = "pip" if parts.lock.engine == "pip" else "uv"
    carrier = carrier_of(
        parts.store, engine, settings=parts.settings, policy=parts.policy, progress=flight.progress, log=log
    )
    return carrier.installable(parts.lock, parts.interpreter)


def _refuse_own_pip(lock: Lock) -> None:
    """Raise PolicyError where the pip that would install everything is the model's own."""
    if lock.engine == "pip" and any(a.name == "pip" and a.source is not None for a in lock.artifacts):
        raise PolicyError(
            "the model brings its own pip, which would install all its other packages",
            code="source/own-pip",
            hint="use --engine uv, which only installs it, or take pip from the index",
        )


def _installer(parts: _Parts) -> Installer:
    return PipInstaller() if parts.lock.engine == "pip" else UvInstaller(parts.settings)


def _check(lock: Lock, interpreter: Interpreter, policy: Policy) -> None:
    """Refuse what cannot work or must not be done, before anything is touched."""
    wanted = lock.target.python.split(".")[:2]
    if wanted != interpreter.version.split(".")[:2] or lock.target.platform != interpreter.platform:
        raise BuildError(
            f"the lock is for Python {lock.target.python} on {lock.target.platform},"
            f" the interpreter is {interpreter.version} on {interpreter.platform}",
            code="build/wrong-interpreter",
            hint="lock for this machine, or choose the interpreter that the lock is for",
        )
    sources = [artifact for artifact in lock.artifacts if artifact.kind is Kind.SDIST]
    refused = [source for source in sources if not policy.builds.allows(source.name, source.version)]
    if refused:
        names = ", ".join(f"{artifact.name} {artifact.version}" for artifact in refused)
        raise PolicyError(
            f"the policy forbids building from source: {names}",
            code="build/from-source",
            hint="list the packages under [builds] sdist in the policy, or pin versions that have wheels",
        )
