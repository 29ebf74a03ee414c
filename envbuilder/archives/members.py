"""What an archive holds, whatever its format."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

SETUID: Final = 0o6000
"""Set-user-id and set-group-id."""


class MemberKind(enum.Enum):
    """What sort of thing a member is."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"
    SPECIAL = "device, FIFO or socket"


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One member as the archive tells it: nothing here was checked. ``size`` is in bytes."""

    name: str
    """Bytes that are no UTF-8 stand as lone surrogates."""
    kind: MemberKind
    size: int = 0
    mode: int = 0
    target: str = ""
    """Of links: relative to the member's folder (symbolic) or to the top of the archive (hard)."""
    modified: float | None = None
    """Seconds since 1970."""

    @property
    def runnable(self) -> bool:
        """Whether its owner may run it."""
        return bool(self.mode & 0o100)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A member and its bytes; what is not read of them is skipped when the next one is asked for."""

    member: Member
    chunks: Iterator[bytes]
