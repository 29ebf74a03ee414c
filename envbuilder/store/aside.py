"""Putting a damaged environment aside: nobody new gets it, whoever uses it keeps it."""

from __future__ import annotations

import contextlib
import json
import os
import time
from typing import TYPE_CHECKING

from envbuilder.digests import PATH_HEX
from envbuilder.store.files import discard
from envbuilder.store.glance import Damage, Harm, damages, forget
from envbuilder.store.lease import try_exclusive, unlock
from envbuilder.store.manifest import DAMAGED, FOLDER, NAME
from envbuilder.store.packages import remove_inodes

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.store.layout import Layout
    from envbuilder.store.manifest import Manifest

SHOWN = 20
"""Damaged files that are named in the note; one is enough to know that something happened."""

PATIENCE = 60.0
"""Seconds to wait for a gap between uv's runs in which a damaged wheel can leave the cache."""

EVENTS = "damage.jsonl"


def put_aside(layout: Layout, prefix: Path, manifest: Manifest) -> None:
    """Take an environment that was found damaged out of use, and its damaged files out of the caches.

    The caller holds a lease on it, so that it is still the one that was looked at. What cannot be done
    (a read-only store) is left: the environment is found damaged again. Never raises.
    """
    with contextlib.suppress(OSError):
        harmed = tuple(damages(prefix, manifest, deep=True))
        _mark(prefix)
        note(layout, prefix, harmed)
        purge(layout, prefix, harmed)


def _mark(prefix: Path) -> None:
    (prefix / FOLDER / NAME).rename(prefix / FOLDER / DAMAGED)
    forget(prefix)


def purge(layout: Layout, prefix: Path, harmed: tuple[Damage, ...]) -> bool:
    """Take the files that were changed out of the caches, or the next environment would get them too.

    False if uv was at work all the time. Raises OSError.
    """
    inodes = set()
    for damage in harmed:
        if damage.harm in (Harm.CHANGED, Harm.SIZE):
            with contextlib.suppress(OSError):
                inodes.add((prefix / damage.path).lstat().st_ino)
    return not inodes or remove_inodes(layout, inodes, seconds=PATIENCE)


def retire(layout: Layout, prefix: Path, harmed: tuple[Damage, ...]) -> Path:
    """Put a damaged tree into the trash, or mark it where somebody uses it; return where it stands now.

    The caller holds no lease. Raises OSError.
    """
    forget(prefix)
    note(layout, prefix, harmed)
    purge(layout, prefix, harmed)
    descriptor = try_exclusive(layout.root / "lk" / f"{prefix.name[:PATH_HEX]}.use")
    if descriptor is not None:
        try:
            return discard(prefix, layout.trash)
        finally:
            unlock(descriptor)
    if (prefix / FOLDER / NAME).exists():
        _mark(prefix)
    return prefix


def note(layout: Layout, prefix: Path, harmed: tuple[Damage, ...]) -> None:
    """Keep what happened, for people: a line of events/damage.jsonl. Raises OSError."""
    line = {
        "at": int(time.time()),
        "prefix": str(prefix),
        "count": len(harmed),
        "damage": [[damage.harm.value, damage.path] for damage in harmed[:SHOWN]],
    }
    descriptor = os.open(
        layout.root / "events" / EVENTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666
    )
    try:
        os.write(descriptor, json.dumps(line).encode("ascii") + b"\n")
    finally:
        os.close(descriptor)
