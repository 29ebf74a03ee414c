"""Who is there: every tree below envs/v1 with its state and its last use, whether it is an environment or not."""

from __future__ import annotations

import contextlib
import enum
import json
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.digests import PATH_HEX
from envbuilder.store.fields import Unreadable
from envbuilder.store.manifest import DAMAGED, FOLDER, NAME, SCHEMA, Manifest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envbuilder.store.layout import Layout

_NAME = re.compile(rf"([0-9a-f]{{{PATH_HEX}}})(-[2-9])?")


_SKEW = 60.0
"""Seconds by which the clock of a store's disk may be ahead."""


class State(enum.Enum):
    """What a tree is."""

    WHOLE = "whole"
    """It has its manifest; whether its files are right is another question."""
    DAMAGED = "damaged"
    """It was put aside, or its manifest cannot be read."""
    UNFINISHED = "unfinished"
    """It has no manifest: under construction, or left by a killed builder."""
    FOREIGN = "foreign"
    """Another version's manifest, or nothing of ours: never touched."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tree:
    """One tree. ``used_at`` is in seconds since 1970; a time that is still to come counts as now."""

    prefix: Path
    state: State
    manifest: Manifest | None
    used_at: float

    @property
    def key(self) -> str:
        """The start of the env_id, which names its locks too."""
        return self.prefix.name[:PATH_HEX]

    @property
    def env_id(self) -> str:
        """The env_id, or as much of it as is known."""
        return self.manifest.env_id if self.manifest else self.key


def trees(layout: Layout, *, now: float) -> Iterator[Tree]:
    """Yield every tree, by name. Raises OSError."""
    for prefix in sorted(layout.environments.iterdir()):
        if not _NAME.fullmatch(prefix.name) or prefix.is_symlink():
            yield Tree(prefix=prefix, state=State.FOREIGN, manifest=None, used_at=now)
            continue
        state, manifest = _state(prefix)
        yield Tree(prefix=prefix, state=state, manifest=manifest, used_at=last_use(layout, prefix, now))


def last_use(layout: Layout, prefix: Path, now: float) -> float:
    """Return when an environment was last leased, or made if that is not known."""
    for path in (layout.use_lock(prefix.name), prefix / FOLDER):
        with contextlib.suppress(OSError):
            return min(path.stat().st_mtime, now)
    return now


def set_clocks(layout: Layout, *, now: float) -> None:
    """Let uses that a wrong clock put into the future be now, so that they age from here on."""
    for lock in (layout.root / "lk").glob("*.use"):
        with contextlib.suppress(OSError):
            if lock.stat().st_mtime > now + _SKEW:
                os.utime(lock, (now, now))


def _state(prefix: Path) -> tuple[State, Manifest | None]:
    folder = prefix / FOLDER
    try:
        content = (folder / NAME).read_bytes()
    except FileNotFoundError:
        return (State.DAMAGED if (folder / DAMAGED).exists() else State.UNFINISHED), None
    except OSError:
        return State.DAMAGED, None
    try:
        return State.WHOLE, Manifest.parse(content)
    except Unreadable:
        return (State.FOREIGN if _of_another_version(content) else State.DAMAGED), None


def _of_another_version(content: bytes) -> bool:
    try:
        schema = json.loads(content)["schema"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return False
    return isinstance(schema, int) and schema != SCHEMA
