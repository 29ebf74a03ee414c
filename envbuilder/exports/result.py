"""What an export is and what it asks of the host that takes it: no more is claimed than was found out."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from pathlib import Path

from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Change


class ExportError(EnvbuilderError):
    """An environment cannot be exported, or an export is not what it says."""

    default_code = "export/malformed"


class ExportForm(enum.Enum):
    """What is put into the file."""

    LOCK = "lock"
    TREE = "tree"


@dataclass(frozen=True, kw_only=True, slots=True)
class Needs:
    """What the host has to have."""

    platform: str
    """As in Target: ``linux-x86_64``."""
    floor: str
    """The oldest C library or system that compiled files accept (``glibc-2.17``); "" if none is compiled."""
    python: str
    """The interpreter, for people; "" if it is inside."""
    libraries: tuple[str, ...] = ()
    """Shared libraries that compiled files name and the export has not, beyond the C library's own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """A written export. ``size`` is in bytes."""

    path: Path
    form: ExportForm
    size: int
    sha256: str
    lock_id: str
    """Of the lock inside: another than the model's where something is carried as the wheel that was built."""
    packages: int
    interpreter: bool
    """Whether the interpreter is inside."""
    needs: Needs
    changes: tuple[Change, ...]
    """All from the model's files to what is inside."""
    notes: tuple[str, ...] = ()
    """What else is to be known, a line each."""
