"""The manifest: the one proof that an environment is finished."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from envbuilder.environment import Environment
from envbuilder.remembered import Remembered
from envbuilder.store.fields import Fields, Unreadable, time_text

SCHEMA = 1
FOLDER = ".envbuilder"
NAME = "manifest.json"
LISTING = "files.tsv"
DAMAGED = "manifest.damaged.json"
"""The manifest of an environment that was put aside: it may still be in use, nobody new gets it."""

PYTHON = "bin/python"
"""The environment's interpreter, relative to its prefix."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FileMark:
    """How a file looked when the environment was finished; ``path`` is relative to the prefix or absolute."""

    path: str
    size: int
    mtime_ns: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """What a finished environment is. ``files`` and ``size`` (bytes) count everything below the prefix."""

    env_id: str
    lock_id: str
    engine: str
    python_version: str
    interpreter: str
    """The executable that the environment was made with."""
    marks: tuple[FileMark, ...]
    """The interpreter's files: one that was replaced is another interpreter."""
    platform: str
    floor: str
    packages: int
    imports: tuple[str, ...]
    """Modules whose import was proved."""
    built_at: datetime.datetime
    files: int
    size: int
    files_digest: str
    """sha256 of files.tsv."""

    def at(self, prefix: Path) -> Environment:
        """Return the environment that this manifest proves where it stands."""
        return Environment(
            env_id=self.env_id,
            lock_id=self.lock_id,
            prefix=prefix,
            python=prefix / PYTHON,
            python_version=self.python_version,
            built_at=self.built_at,
            packages=self.packages,
            imports=self.imports,
        )

    def to_json(self) -> bytes:
        """Return the text to write."""
        value: dict[str, Any] = {"schema": SCHEMA, **asdict(self), "built_at": time_text(self.built_at)}
        return json.dumps(value, indent=1, sort_keys=True).encode("ascii") + b"\n"

    @classmethod
    def parse(cls, content: bytes) -> Manifest:
        """Read a manifest. Raises Unreadable for anything that we would not have written."""
        fields = Fields.parse(content, schema=SCHEMA)
        return cls(
            env_id=fields.text("env_id"),
            lock_id=fields.text("lock_id"),
            engine=fields.text("engine"),
            python_version=fields.text("python_version"),
            interpreter=fields.text("interpreter"),
            marks=tuple(_mark(item) for item in fields.objects("marks")),
            platform=fields.text("platform"),
            floor=fields.text("floor"),
            packages=fields.number("packages"),
            imports=fields.texts("imports"),
            built_at=fields.time("built_at"),
            files=fields.number("files"),
            size=fields.number("size"),
            files_digest=fields.text("files_digest"),
        )


def _mark(fields: Fields) -> FileMark:
    return FileMark(
        path=fields.text("path"),
        size=fields.number("size"),
        mtime_ns=fields.number("mtime_ns"),
        sha256=fields.text("sha256"),
    )


_MANIFESTS = Remembered(Manifest.parse)


def read_manifest(prefix: Path) -> Manifest | None:
    """Return the manifest of the environment at ``prefix``; None if it has none that can be believed."""
    try:
        return _MANIFESTS.of(f"{prefix}/{FOLDER}/{NAME}")
    except (OSError, Unreadable):
        return None


def mark(path: str, prefix: Path) -> FileMark:
    """Return how a file looks now, links followed. Raises OSError."""
    with open(prefix / path, "rb") as stream:  # noqa: PTH123 - hot path of every build
        found = os.fstat(stream.fileno())
        return FileMark(
            path=path, size=found.st_size, mtime_ns=found.st_mtime_ns, sha256=_sha256(stream.read())
        )


def still_the_same(known: FileMark, prefix: Path) -> bool:
    """Whether a file is what it was: by size and mtime, by content where only the mtime is another."""
    try:
        found = os.stat(os.path.join(prefix, known.path))  # noqa: PTH116, PTH118 - hot path of every hit
        if found.st_size == known.size and found.st_mtime_ns == known.mtime_ns:
            return True
        return found.st_size == known.size and mark(known.path, prefix).sha256 == known.sha256
    except OSError:
        return False


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
