"""What killed processes left behind. Whatever nobody holds a lock for is garbage; nothing here ever waits."""

from __future__ import annotations

import contextlib
import re
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.orphans import end_orphans
from envbuilder.process import sweep_directories
from envbuilder.store.faults import reach
from envbuilder.store.files import RECORD_PREFIX, discard, remove_tree, sweep_records
from envbuilder.store.lease import try_exclusive, unlock
from envbuilder.store.packages import sweep_temporaries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.store.layout import Layout

HOUR = 3600.0
"""Seconds after which an unfinished file that nobody can hold a lock for is dead."""
DAY = 24 * HOUR

_WORKSPACE = re.compile(r"[0-9a-f]{20}")


def remove_leftovers(layout: Layout, key: str) -> None:
    """Remove what a dead builder of ``key`` left, and end its tools; the caller holds the lock. Raises OSError."""
    workspace = layout.workspace(key)
    if workspace.exists():
        end_orphans(workspace)
        remove_tree(workspace)
        with contextlib.suppress(OSError):
            sweep_temporaries(layout)
            empty_trash(layout)
        sweep_directories(Path(tempfile.gettempdir()))
    sweep_records(layout.tmp)


def sweep(layout: Layout) -> None:
    """Remove everything that is left of dead builds, writers and collections. Raises OSError."""
    for path in layout.tmp.iterdir():
        if _WORKSPACE.fullmatch(path.name):
            _sweep_workspace(layout, path)
    sweep_records(layout.tmp)
    sweep_temporaries(layout)
    for path in _stale(layout):
        with contextlib.suppress(OSError):
            remove_tree(path)
    empty_trash(layout)
    # A request that needs no tool leaves what one with tools left when it was killed.
    sweep_directories(Path(tempfile.gettempdir()))


def _sweep_workspace(layout: Layout, workspace: Path) -> None:
    descriptor = try_exclusive(layout.build_lock(workspace.name))
    if descriptor is None:
        return
    try:
        end_orphans(workspace)
        with contextlib.suppress(FileNotFoundError):
            discard(workspace, layout.trash)
    finally:
        unlock(descriptor)


def _stale(layout: Layout) -> Iterator[Path]:
    """Yield unfinished files that have no lock, and failures that nobody remembers any more, by their age."""
    now = time.time()
    places = (
        (layout.tmp, "*", HOUR),
        (layout.root / "failed", "*.json", DAY),
        (layout.root / "failed", "*.log", DAY),
        (layout.root / "pythons" / "v1", "*.tmp", HOUR),
    )
    for folder, pattern, age in places:
        for path in folder.glob(pattern):
            if _WORKSPACE.fullmatch(path.name) or path.name.startswith(RECORD_PREFIX):
                continue
            with contextlib.suppress(OSError):
                if now - path.lstat().st_mtime > age:
                    yield path


def empty_trash(layout: Layout) -> None:
    """Delete what was taken out of use; several may do so at once. Raises OSError."""
    for path in layout.trash.iterdir():
        remove_tree(path)
    reach("swept")
