"""What a store holds, for people: environments with their size, last use, users and models."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.digests import PATH_HEX
from envbuilder.store.lease import try_exclusive, unlock
from envbuilder.store.manifest import read_manifest
from envbuilder.store.pins import pinned
from envbuilder.store.records import Records
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from envbuilder.store.layout import Layout
    from envbuilder.store.manifest import Manifest


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One environment. ``size`` is in bytes; files that it shares with others count in full."""

    env_id: str
    prefix: Path
    python_version: str
    packages: int
    size: int
    built_at: datetime.datetime
    used_at: datetime.datetime
    in_use: bool
    """Whether some process holds a lease at this moment."""
    pinned: bool
    """Whether a pin keeps it from every collection."""
    models: tuple[str, ...]
    """The models that asked for it, as far as the store remembers, sorted."""


def list_environments(layout: Layout) -> tuple[Listed, ...]:
    """Return every finished environment, the last used first. Raises StoreError."""
    models: dict[str, set[str]] = {}
    for record in Records(layout).requests():
        models.setdefault(record.env_id, set()).add(record.model)
    pins = pinned(layout)
    with told(layout.root, "list the environments"):
        listed = [
            _listed(layout, manifest, prefix, models.get(manifest.env_id, set()), pins)
            for prefix, manifest in finished(layout)
        ]
    return tuple(sorted(listed, key=lambda item: item.used_at, reverse=True))


def finished(layout: Layout) -> Iterator[tuple[Path, Manifest]]:
    """Yield the prefix and the manifest of every finished environment. Raises OSError."""
    for prefix in sorted(layout.environments.iterdir()):
        manifest = read_manifest(prefix)
        if manifest and manifest.env_id.startswith(prefix.name[:PATH_HEX]):
            yield prefix, manifest


def _listed(
    layout: Layout, manifest: Manifest, prefix: Path, models: set[str], pins: frozenset[str]
) -> Listed:
    used = _used(layout, manifest)
    return Listed(
        env_id=manifest.env_id,
        prefix=prefix,
        python_version=manifest.python_version,
        packages=manifest.packages,
        size=manifest.size,
        built_at=manifest.built_at,
        used_at=used,
        in_use=in_use(layout, manifest.env_id),
        pinned=manifest.env_id in pins,
        models=tuple(sorted(models)),
    )


def _used(layout: Layout, manifest: Manifest) -> datetime.datetime:
    try:
        seconds = layout.use_lock(manifest.env_id).stat().st_mtime
    except OSError:
        return manifest.built_at
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)


def in_use(layout: Layout, env_id: str) -> bool:
    """Whether some process holds a lease; nobody is kept waiting for the answer. Raises OSError."""
    path = layout.use_lock(env_id)
    if not path.exists():
        return False
    descriptor = try_exclusive(path)
    if descriptor is None:
        return True
    unlock(descriptor)
    return False
