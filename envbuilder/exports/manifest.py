"""What an export of a lock says of itself: its first member, by which it is known whatever its name is."""

from __future__ import annotations

import contextlib
import json
import os
import re
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from envbuilder.store.fields import Fields, Unreadable

SCHEMA: Final = 1
NAME: Final = "envbuilder-export.json"
LOCK: Final = "pylock.toml"
WHEELS: Final = "wheels"
PYTHON: Final = "python.tar.gz"

_SHA256: Final = re.compile("[0-9a-f]{64}")
_HEADER: Final = 512


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """A member and what it has to be. ``size`` is in bytes."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class BuiltWheel:
    """A wheel that stands for the source it was built from: its bytes are not the model's lock's."""

    name: str
    version: str
    source: str
    """The source distribution's file name."""
    source_sha256: str
    wheel: str
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """All members but itself, and what the export is."""

    lock_id: str
    model_lock_id: str
    """Of the lock that the model has on the host of the export; the same unless ``built`` names something."""
    spec_id: str
    python: str
    platform: str
    floor: str
    """What the wheels ask for, "" if nothing."""
    built: tuple[BuiltWheel, ...]
    members: tuple[Mark, ...]

    def to_json(self) -> bytes:
        """Return the text to write: the same bytes for the same export."""
        value: dict[str, Any] = {"schema": SCHEMA, "form": "lock", **asdict(self)}
        return json.dumps(value, indent=1, sort_keys=True).encode("ascii") + b"\n"

    @classmethod
    def parse(cls, content: bytes) -> Manifest:
        """Read a manifest. Raises Unreadable for anything that no version of ours would have written."""
        fields = Fields.parse(content, schema=SCHEMA)
        if fields.text("form") != "lock":
            raise Unreadable("another form")
        return cls(
            lock_id=fields.text("lock_id"),
            model_lock_id=fields.text("model_lock_id"),
            spec_id=fields.text("spec_id"),
            python=fields.text("python"),
            platform=fields.text("platform"),
            floor=fields.text("floor"),
            built=tuple(_built(item) for item in fields.objects("built")),
            members=tuple(_mark(item) for item in fields.objects("members")),
        )


def _mark(fields: Fields) -> Mark:
    return Mark(path=fields.text("path"), size=fields.number("size"), sha256=_sha256(fields, "sha256"))


def _built(fields: Fields) -> BuiltWheel:
    return BuiltWheel(
        name=fields.text("name"),
        version=fields.text("version"),
        source=fields.text("source"),
        source_sha256=_sha256(fields, "source_sha256"),
        wheel=fields.text("wheel"),
        sha256=_sha256(fields, "sha256"),
    )


def _sha256(fields: Fields, name: str) -> str:
    found = fields.text(name)
    if not _SHA256.fullmatch(found):
        raise Unreadable(f"{name} is none")
    return found


def is_export(path: Path) -> bool:
    """Whether a file begins as an export of ours: a tar whose first member is the manifest."""
    with contextlib.suppress(OSError, ValueError):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return False
            header = stream.read(_HEADER)
            return header[:100].rstrip(b"\0") == NAME.encode() and header[257:262] == b"ustar"
    return False
