"""The store as the other stages see it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.progress import SILENT, Progress
from envbuilder.store import lease as leases
from envbuilder.store.faults import reach
from envbuilder.store.glance import whole
from envbuilder.store.layout import Layout, open_layout
from envbuilder.store.manifest import read_manifest, still_the_same
from envbuilder.store.records import Records
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.environment import Environment
    from envbuilder.store.flight import Flight, Notes
    from envbuilder.store.lease import Lease
    from envbuilder.store.listing import Listed


class Store:
    """A store that is open. Cheap to make, holds nothing; safe in threads and beside other processes."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout

    @classmethod
    def open(cls, root: Path, *, network: bool = False) -> Store:
        """Open the store at ``root``, made if it is not there. Raises StoreError (see open_layout)."""
        return cls(open_layout(root.absolute(), network=network))

    @property
    def root(self) -> Path:
        """The store's folder."""
        return self.layout.root

    @property
    def uv_cache(self) -> Path:
        """Uv's package cache: the store's own, never the user's."""
        return self.layout.uv_cache

    @property
    def conda_cache(self) -> Path:
        """What is fetched of conda channels, shared by all processes."""
        return self.layout.conda_cache

    @property
    def pythons(self) -> Path:
        """The folder of managed interpreters and of what is known about interpreters."""
        return self.layout.root / "pythons" / "v1"

    @property
    def records(self) -> Records:
        """What the store remembers of specs, locks and requests."""
        return Records(self.layout)

    def list_environments(self) -> tuple[Listed, ...]:
        """Return every finished environment, the last used first. Raises StoreError."""
        from envbuilder.store.listing import list_environments

        return list_environments(self.layout)

    def lease(self, env_id: str) -> Lease:
        """Hold an environment, whether it is there yet or not: take this first, then look with find().

        While a lease lives nothing removes the environment. Raises StoreError.
        """
        with told(self.root, "take a lease"):
            lease = leases.take(env_id, self.layout.use_lock(env_id))
        reach("leased")
        lease.touch()
        return lease

    def find(self, env_id: str) -> Environment | None:
        """Return a finished environment that is still what was published, with the interpreter it had.

        The interpreter is looked at always, the files once per process, by their sizes and times. A damaged
        environment is put aside, so call this with a lease on it.
        """
        for prefix in self.layout.places(env_id):
            manifest = read_manifest(prefix)
            if manifest is None or manifest.env_id != env_id:
                continue
            if not all(still_the_same(known, prefix) for known in manifest.marks):
                continue
            if whole(prefix, manifest):
                return manifest.at(prefix)
            from envbuilder.store.aside import put_aside

            put_aside(self.layout, prefix, manifest)
        return None

    @contextlib.contextmanager
    def flight(self, env_id: str, *, progress: Progress = SILENT) -> Iterator[Flight]:
        """Hold the right to build an environment; waits while another process builds it.

        Inside, look with find() again: the other one may have succeeded. An error that leaves the block is
        remembered (see envbuilder.store.failures) and raised at once by the flights of the next minutes.
        Raises StoreError.
        """
        from envbuilder.store.flight import Flight, single

        with single(self.layout, env_id, progress=progress) as notes:
            reach("flight")
            yield Flight(self.layout, env_id, notes)

    @contextlib.contextmanager
    def turn(self, key: str, *, progress: Progress = SILENT, remember: bool = True) -> Iterator[Notes]:
        """Hold the right to answer any other question once (a resolution), as flight() does."""
        from envbuilder.store.flight import single

        with single(self.layout, key, progress=progress, remember=remember) as notes:
            yield notes

    def forget_failure(self, key: str) -> None:
        """Let the next flight or turn of that key try again, whatever is remembered."""
        from envbuilder.store.failures import forget

        forget(self.layout, key)
