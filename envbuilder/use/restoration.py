"""From a model to its environment: the hit in a few system calls, else every stage in turn.

A hit reads the model's well-known files, hashes them, reads one record and one manifest and stats the
interpreter. Nothing is parsed, and nothing that parses is imported.
"""

from __future__ import annotations

import contextlib
import datetime
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.errors import EnvbuilderError, StoreError
from envbuilder.findings import Change, Fidelity, fidelity_of
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.reader.directory import Directory
from envbuilder.request import Request
from envbuilder.store.records import RequestRecord
from envbuilder.store.store import Store
from envbuilder.use.keys import Snapshot, addressed, snapshot, still_true

if TYPE_CHECKING:
    from envbuilder.environment import Environment
    from envbuilder.policy import Policy
    from envbuilder.settings import Settings
    from envbuilder.store.lease import Lease
    from envbuilder.use.locking import Locked

PLAIN = Request()
"""What is asked where nothing is said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seconds:
    """How long the stages took; a hit has nothing but a total."""

    parse: float = 0.0
    resolve: float = 0.0
    install: float = 0.0
    total: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """A model's environment, held by a lease: nothing removes it before the lease is closed."""

    model: str
    environment: Environment
    lease: Lease
    hit: bool
    """Whether the environment was there; no stage after the rewriting did any work then."""
    spec_id: str
    lock_id: str
    engine: str
    python_requested: str | None
    """The version asked for: the request's, else the model's; None if neither names one."""
    as_of: datetime.datetime | None
    changes: tuple[Change, ...]
    seconds: Seconds
    files: tuple[tuple[str, str], ...]
    """Path and sha256 of every file of the model that led here."""
    absent: tuple[str, ...]
    """Paths that were looked for in vain."""

    @property
    def fidelity(self) -> Fidelity:
        """How close the environment is to the logged one."""
        return fidelity_of(self.changes)


def restore(
    model: Path,
    *,
    request: Request = PLAIN,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Restored:
    """Return the environment of a model, found or made; close its lease when done.

    Raises what the stages raise: InputRefused, PolicyError, InterpreterError, ResolveError, BuildError,
    ToolError, StoreError; UsageError for a platform that is not this host's.
    """
    task = _Task(
        model=model,
        request=request,
        settings=settings,
        policy=policy,
        progress=progress,
        store=Store.open(settings.home),
        began=time.monotonic(),
    )
    seen = None
    try:
        folder, names = addressed(model)
        with Directory(folder) as directory:
            seen = snapshot(directory, names)
            found = _find(task, seen, directory) if seen and not request.refresh else None
    except EnvbuilderError:
        # A folder that cannot be opened, a file that is gone: the parser knows what to say.
        found = None
    return found or _make(task, seen)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Task:
    model: Path
    request: Request
    settings: Settings
    policy: Policy
    progress: Progress
    store: Store
    began: float

    def address(self, seen: Snapshot) -> str:
        """Where the store keeps the answer."""
        return seen.request_key(self.request, self.settings, self.policy)


def _find(task: _Task, seen: Snapshot, directory: Directory) -> Restored | None:
    record = task.store.records.find_request(task.address(seen))
    if record is None or not still_true(record.files, record.absent, directory):
        return None
    lease = task.store.lease(record.env_id)
    try:
        environment = task.store.find(record.env_id)
    except BaseException:
        lease.close()
        raise
    if environment is None:
        lease.close()
        return None
    return _restored(task, record, environment, lease, hit=True)


def _make(task: _Task, seen: Snapshot | None) -> Restored:
    """Go through the stages and remember where they led."""
    from envbuilder.builder.building import build
    from envbuilder.use.locking import lock_here

    locked, interpreter = lock_here(
        task.model,
        request=task.request,
        settings=task.settings,
        policy=task.policy,
        progress=task.progress,
    )
    if task.request.refresh:
        from envbuilder.environment import environment_id

        task.store.forget_failure(environment_id(locked.lock, interpreter))
    began = time.monotonic()
    built = build(
        locked.lock,
        interpreter=interpreter,
        store=task.store,
        settings=task.settings,
        policy=task.policy,
        progress=task.progress,
    )
    seconds = Seconds(
        parse=locked.parse_seconds,
        resolve=locked.resolve_seconds,
        install=time.monotonic() - began,
        total=time.monotonic() - task.began,
    )
    record = _record(task, locked, built.environment.env_id)
    provenance = locked.rewritten.spec.provenance
    if seen and seen.agrees_with(provenance):
        # That it cannot be kept costs the next one time, and this one nothing.
        with contextlib.suppress(StoreError):
            task.store.records.save_request(task.address(seen), record)
    if not built.hit:
        _make_room(task)
    return _restored(task, record, built.environment, built.lease, hit=built.hit, seconds=seconds)


def _make_room(task: _Task) -> None:
    """Collect if a build passed a limit of the configuration; that it fails is no failure of the request."""
    limits = task.settings.limits.over(task.policy.store)
    if not limits:
        return
    from envbuilder.store.collect import collect, due

    with contextlib.suppress(StoreError):
        if due(task.store.layout, limits):
            task.progress.phase("collect")
            collect(task.store.layout, limits)


def _record(task: _Task, locked: Locked, env_id: str) -> RequestRecord:
    spec, lock = locked.rewritten.spec, locked.lock
    return RequestRecord(
        model=str(task.model.absolute()),
        files=tuple((file.path, file.sha256) for file in spec.provenance.files),
        absent=spec.provenance.absent,
        spec_id=locked.rewritten.spec_id,
        lock_id=lock.lock_id,
        env_id=env_id,
        engine=lock.engine,
        python_requested=task.request.python or next((wish.text for wish in spec.python), None),
        as_of=lock.as_of,
        changes=lock.changes,
        answered_at=datetime.datetime.now(datetime.timezone.utc),
    )


def _restored(
    task: _Task,
    record: RequestRecord,
    environment: Environment,
    lease: Lease,
    *,
    hit: bool,
    seconds: Seconds | None = None,
) -> Restored:
    return Restored(
        model=str(task.model),
        environment=environment,
        lease=lease,
        hit=hit,
        spec_id=record.spec_id,
        lock_id=record.lock_id,
        engine=record.engine,
        python_requested=record.python_requested,
        as_of=record.as_of,
        changes=record.changes,
        seconds=seconds or Seconds(total=time.monotonic() - task.began),
        files=record.files,
        absent=record.absent,
    )
