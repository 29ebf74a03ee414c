"""What was downloaded of models (envbuilder.remote): all of it can be had again, so collections take it first."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from envbuilder.store.files import discard
from envbuilder.store.lease import try_exclusive, unlock

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.store.layout import Layout

WEEK = 7 * 86400.0
"""Seconds for which a whole model stays after its last use, where nobody wants room."""

SEASON = 90 * 86400.0
"""Seconds for which environment files stay: some kilobytes that save a download at the next audit."""


def remove_unused_models(layout: Layout, *, now: float, age: float = WEEK) -> None:
    """Take whole models out of use that were not used for ``age`` seconds, unless somebody holds them.

    Environment files, and what URIs led to, go after a season. Raises OSError.
    """
    for folder in _folders(layout.record("models", "whole")):
        if now - _last_use(layout, folder) > age:
            _remove(layout, folder)
    for folder in _folders(layout.record("models", "trees")):
        if now - folder.stat().st_mtime > SEASON:
            _discard(layout, folder)
    for kind in ("uris", "registries"):
        for note in layout.record("models", kind).glob("*.json"):
            if now - note.stat().st_mtime > SEASON:
                note.unlink(missing_ok=True)


def _folders(place: Path) -> list[Path]:
    return [path for path in place.iterdir() if path.is_dir()] if place.is_dir() else []


def _last_use(layout: Layout, folder: Path) -> float:
    """Return when a model was last held."""
    for path in (layout.use_lock(folder.name), folder):
        with contextlib.suppress(OSError):
            return path.stat().st_mtime
    return 0.0


def _remove(layout: Layout, folder: Path) -> None:
    descriptor = try_exclusive(layout.use_lock(folder.name))
    if descriptor is not None:
        try:
            _discard(layout, folder)
        finally:
            unlock(descriptor)


def _discard(layout: Layout, folder: Path) -> None:
    folder.with_name(f"{folder.name}.json").unlink(missing_ok=True)
    with contextlib.suppress(FileNotFoundError):
        discard(folder, layout.trash)
