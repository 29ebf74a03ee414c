"""What the store remembers between runs: specs, locks, and which request led to which of them.

Each record is one small file, replaced in one step, with a schema number. One that is not there, was
written by another version or is damaged counts as absent: it costs work, never correctness.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from envbuilder.digests import PATH_HEX
from envbuilder.remembered import Remembered
from envbuilder.store.faults import reach
from envbuilder.store.fields import Fields, Unreadable, change_from, change_json, time_text
from envbuilder.store.files import replace_file
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envbuilder.findings import Change
    from envbuilder.lock import Lock
    from envbuilder.spec import Rewritten
    from envbuilder.store.layout import Layout

SCHEMA = 1

PYLOCK, CONDA_LOCK = "pylock.toml", "conda-lock.yml"
"""The files of a lock, by whether it is for a virtual environment or for one of conda packages."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Resolution:
    """How a spec was answered under one request: the lock, and what the resolver changed on the way."""

    spec_id: str
    lock_id: str
    as_of: datetime.datetime | None
    changes: tuple[Change, ...]
    """The resolver's changes alone; those of the rewriting belong to the model that asks."""
    resolved_at: datetime.datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestRecord:
    """The whole way from a model's files to an environment, so that a hit need not go it again."""

    model: str
    files: tuple[tuple[str, str], ...]
    """Path and sha256 of every file of the model that was read."""
    absent: tuple[str, ...]
    """Paths that were looked for in vain."""
    spec_id: str
    lock_id: str
    env_id: str
    engine: str
    python_requested: str | None
    as_of: datetime.datetime | None
    changes: tuple[Change, ...]
    answered_at: datetime.datetime


class Records:
    """The records of a store."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def save_spec(self, rewritten: Rewritten) -> None:
        """Keep what a spec asks for, for people. Raises StoreError."""
        spec = rewritten.spec
        self._save(
            self._path("specs", rewritten.spec_id),
            {
                "spec_id": rewritten.spec_id,
                "python": [wish.text for wish in spec.python],
                "requirements": sorted({item.text for item in (*spec.seeds, *spec.pypi)}),
                "constraints": sorted({item.text for item in spec.constraints}),
                "conda": sorted({item.text for item in spec.conda}),
                "direct": sorted({str(item.url) for item in spec.direct}),
                "channels": [channel.text for channel in spec.channels],
                "changes": [change_json(change) for change in rewritten.changes],
            },
        )

    def save_lock(self, lock: Lock) -> Path:
        """Keep a lock under its id and return the path. Raises StoreError, ToolError where conda-lock is missing.

        As pylock.toml (PEP 751), or as conda-lock.yml where it holds conda packages. What is there already
        stays: whoever locks the same finds the same bytes.
        """
        path = self._lock_path(lock.lock_id, CONDA_LOCK if lock.conda else PYLOCK)
        if self.load_lock(lock.lock_id) is None:
            self._write(path, _lock_text(lock).encode())
        return path

    def load_lock(self, lock_id: str) -> Lock | None:
        """Return a lock as it was first saved: its changes are those of the first spec that led to it."""
        from envbuilder.errors import EnvbuilderError

        for name in (PYLOCK, CONDA_LOCK):
            try:
                lock = _lock_from(name, self._lock_path(lock_id, name).read_text("utf-8"))
            except (OSError, UnicodeDecodeError, EnvbuilderError):
                continue
            if lock.lock_id == lock_id:
                return lock
        return None

    def save_resolution(self, key: str, rewritten: Rewritten, lock: Lock) -> None:
        """Keep the answer to a spec; ``key`` stands for all else that it depends on. Raises StoreError."""
        self.save_lock(lock)
        known = len(rewritten.changes) if lock.changes[: len(rewritten.changes)] == rewritten.changes else 0
        self._save(
            self._resolution_path(rewritten.spec_id, key),
            {
                "spec_id": rewritten.spec_id,
                "lock_id": lock.lock_id,
                "as_of": time_text(lock.as_of),
                "changes": [change_json(change) for change in lock.changes[known:]],
                "resolved_at": _now_text(),
            },
        )

    def find_resolution(self, key: str, rewritten: Rewritten, imports: tuple[str, ...]) -> Lock | None:
        """Return the lock that a spec was answered with, told as the answer to this very model."""
        found = _resolution(self._resolution_path(rewritten.spec_id, key))
        if found is None or found.spec_id != rewritten.spec_id:
            return None
        lock = self.load_lock(found.lock_id)
        if lock is None:
            return None
        changes = (*rewritten.changes, *found.changes)
        return replace(lock, spec_id=found.spec_id, as_of=found.as_of, changes=changes, imports=imports)

    def resolved_to(self, spec_id: str, key: str) -> str | None:
        """Return the lock_id that a spec was answered with under that key, without reading the lock."""
        found = _resolution(self._resolution_path(spec_id, key))
        return found.lock_id if found and found.spec_id == spec_id else None

    def save_request(self, key: str, record: RequestRecord) -> None:
        """Keep where a request led. Raises StoreError."""
        self._save(
            self._path("requests", key),
            {
                "key": key,
                "model": record.model,
                "files": [{"path": path, "sha256": sha256} for path, sha256 in record.files],
                "absent": list(record.absent),
                "spec_id": record.spec_id,
                "lock_id": record.lock_id,
                "env_id": record.env_id,
                "engine": record.engine,
                "python_requested": record.python_requested,
                "as_of": time_text(record.as_of),
                "changes": [change_json(change) for change in record.changes],
                "answered_at": time_text(record.answered_at),
            },
        )

    def find_request(self, key: str) -> RequestRecord | None:
        """Return where a request led the last time."""
        return read_request(self._path("requests", key), key)

    def requests(self) -> Iterator[RequestRecord]:
        """Yield every request that the store remembers."""
        for path in sorted(self._layout.record("requests").glob("*.json")):
            record = read_request(path)
            if record:
                yield record

    def _path(self, kind: str, key: str) -> Path:
        return self._layout.record(kind, f"{key[:PATH_HEX]}.json")

    def _lock_path(self, lock_id: str, name: str) -> Path:
        return self._layout.record("locks", lock_id[:PATH_HEX], name)

    def _resolution_path(self, spec_id: str, key: str) -> Path:
        return self._layout.record("resolutions", spec_id[:PATH_HEX], f"{key[:PATH_HEX]}.json")

    def _save(self, path: Path, value: dict[str, Any]) -> None:
        self._write(path, json.dumps({"schema": SCHEMA, **value}, indent=1).encode("ascii") + b"\n")

    def _write(self, path: Path, content: bytes) -> None:
        with told(self._layout.root, "keep a record"):
            replace_file(path, content, tmp=self._layout.tmp)
        reach("record")


def _lock_text(lock: Lock) -> str:
    if lock.conda:
        from envbuilder.conda.condalock import write_conda_lock

        return write_conda_lock(lock)
    from envbuilder.resolver.pylock import write_pylock

    return write_pylock(lock)


def _lock_from(name: str, text: str) -> Lock:
    """Read a lock. Raises EnvbuilderError."""
    if name == CONDA_LOCK:
        from envbuilder.conda.condalock import read_conda_lock

        return read_conda_lock(text)
    from envbuilder.resolver.pylock import read_pylock

    return read_pylock(text)


def _resolution(path: Path) -> Resolution | None:
    try:
        fields = Fields.parse(path.read_bytes(), schema=SCHEMA)
        return Resolution(
            spec_id=fields.text("spec_id"),
            lock_id=fields.text("lock_id"),
            as_of=fields.maybe_time("as_of"),
            changes=tuple(change_from(item) for item in fields.objects("changes")),
            resolved_at=fields.time("resolved_at"),
        )
    except (OSError, Unreadable):
        return None


def read_request(path: Path, key: str | None = None) -> RequestRecord | None:
    """Read one record; None for none, and of another key (paths hold only a part of it)."""
    try:
        own, record = _REQUESTS.of(str(path))
    except (OSError, Unreadable):
        return None
    return record if key in (None, own) else None


def _request(content: bytes) -> tuple[str | None, RequestRecord]:
    """Return the key of a record, and the record. Raises Unreadable."""
    fields = Fields.parse(content, schema=SCHEMA)
    return fields.maybe_text("key"), RequestRecord(
        model=fields.text("model"),
        files=tuple((item.text("path"), item.text("sha256")) for item in fields.objects("files")),
        absent=fields.texts("absent"),
        spec_id=fields.text("spec_id"),
        lock_id=fields.text("lock_id"),
        env_id=fields.text("env_id"),
        engine=fields.text("engine"),
        python_requested=fields.maybe_text("python_requested"),
        as_of=fields.maybe_time("as_of"),
        changes=tuple(change_from(item) for item in fields.objects("changes")),
        answered_at=fields.time("answered_at"),
    )


_REQUESTS = Remembered(_request)


def _now_text() -> str | None:
    return time_text(datetime.datetime.now(datetime.timezone.utc))
