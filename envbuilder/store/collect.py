"""Collections: what may go is taken out of use in one step each, and deleted after that.

Nothing waits and nobody is kept waiting: an environment goes only if its lock can be had at once, which
nobody gets while a lease lives; the lock is held for one rename. Order: what is no environment any more,
what is too old, what no environment uses, then the least recently used until the limits are kept.
"""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from envbuilder.limits import Limits
from envbuilder.store.answers import forget_answers
from envbuilder.store.census import State, Tree, last_use, set_clocks, trees
from envbuilder.store.disk import Disk
from envbuilder.store.faults import reach
from envbuilder.store.files import discard
from envbuilder.store.glance import forget
from envbuilder.store.lease import try_exclusive, unlock
from envbuilder.store.leftovers import empty_trash, sweep
from envbuilder.store.listing import in_use
from envbuilder.store.models import WEEK, remove_unused_models
from envbuilder.store.packages import Unit, remove_conda, remove_lists, remove_wheels, units, uv_lock
from envbuilder.store.pins import pinned
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envbuilder.store.layout import Layout

GRACE = 3600.0
"""Seconds for which an environment or a package stays after its last use, whatever the limits say."""

Reason = Literal["damaged", "unfinished", "age", "unreferenced", "size", "room"]
Kept = Literal["in use", "pinned", "recent"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Removed:
    """An environment that went, or would go. ``freed`` is in bytes, what others share not counted."""

    prefix: Path
    env_id: str
    reason: Reason
    used_at: float
    freed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Spared:
    """An environment that would have to go but for this."""

    prefix: Path
    env_id: str
    why: Kept


@dataclass(frozen=True, kw_only=True, slots=True)
class Collected:
    """What a collection did, or with ``dry_run`` would do. Sizes are in bytes on the disk."""

    dry_run: bool
    removed: tuple[Removed, ...]
    spared: tuple[Spared, ...]
    packages: int
    """Unpacked wheels, archives of conda packages, bytecode files and fetched files that no environment used."""
    packages_freed: int
    size: int
    """The store before the collection; after it went over leftovers and trash, except in a dry run."""
    excess: int
    """By how much the store is still larger, or its disk fuller, than the limits say."""

    @property
    def freed(self) -> int:
        """All bytes that it freed."""
        return self.packages_freed + sum(item.freed for item in self.removed)


def collect(
    layout: Layout, limits: Limits, *, dry_run: bool = False, grace: float = GRACE, now: float | None = None
) -> Collected:
    """Remove leftovers, damaged trees and unused packages, and environments as far as the limits ask for it.

    ``dry_run`` changes nothing. Safe beside builds, loaders and other collections. Raises StoreError.
    """
    with told(layout.root, "collect"):
        moment = time.time() if now is None else now
        if not dry_run:
            sweep(layout)
            wanted = limits.max_size is not None or limits.min_free is not None
            remove_unused_models(layout, now=moment, age=GRACE if wanted else WEEK)
            remove_lists(layout, now=moment, age=GRACE if wanted else WEEK)
            set_clocks(layout, now=moment)
        done = _Collection(layout, limits, dry_run=dry_run, grace=grace, now=moment).run()
        if not dry_run:
            forget_answers(layout, now=moment)
        return done


def due(layout: Layout, limits: Limits) -> bool:
    """Whether a limit is passed; cheap unless there is a limit on the size. Raises StoreError."""
    with told(layout.root, "measure the store"):
        if limits.min_free is not None and _free(layout.root) < limits.min_free:
            return True
        now = time.time()
        if limits.max_age is not None and any(
            now - tree.used_at > max(limits.max_age, GRACE) for tree in trees(layout, now=now)
        ):
            return True
        if limits.max_size is None:
            return False
        disk = Disk()
        disk.measure(layout.root)
        return disk.total > limits.max_size


class _Collection:
    """One run. What it counts, it counts as the disk will be once the trash is empty."""

    def __init__(self, layout: Layout, limits: Limits, *, dry_run: bool, grace: float, now: float) -> None:
        self._layout = layout
        self._limits = limits
        self._dry_run = dry_run
        self._grace = grace
        self._now = now
        self._disk = Disk()
        self._trees = {tree: self._disk.measure(tree.prefix) for tree in trees(layout, now=now)}
        self._units = {unit: self._disk.measure(unit.path) for unit in units(layout)}
        self._owner = {inode: unit for unit, found in self._units.items() for inode in found.names}
        self._measure_rest()
        self._size = self._disk.total
        self._free = _free(layout.root)
        self._pins: tuple[int, frozenset[str]] = (0, frozenset())
        self._removed: list[Removed] = []
        self._spared: dict[Path, Spared] = {}
        self._idle: dict[Unit, int] = {}
        """The packages to remove, with the bytes that it frees."""
        self._freed = 0

    def _measure_rest(self) -> None:
        """All that is never removed here still counts: managed interpreters, records, uv's index pages."""
        seen = {str(tree.prefix) for tree in self._trees} | {str(unit.path) for unit in self._units}
        self._disk.measure(self._layout.root, skip=seen)

    def run(self) -> Collected:
        for tree in self._trees:
            if tree.state is State.DAMAGED:
                self._take(tree, "damaged")
            elif tree.state is State.UNFINISHED:
                self._take(tree, "unfinished")
        whole = sorted((t for t in self._trees if t.state is State.WHOLE), key=lambda tree: tree.used_at)
        for tree in whole:
            if self._limits.max_age is not None and self._now - tree.used_at > self._limits.max_age:
                self._take(tree, "age")
        self._count_idle(self._units)
        for tree in whole:
            if tree.prefix in {item.prefix for item in self._removed}:
                continue
            if self._excess_size() > 0:
                self._take(tree, "size")
            elif self._excess_use() > 0:
                self._take(tree, "room")
        if not self._dry_run:
            # First what shares files with the packages: whether anybody else does is looked at once more.
            empty_trash(self._layout)
            self._remove_idle()
            empty_trash(self._layout)
        return Collected(
            dry_run=self._dry_run,
            removed=tuple(self._removed),
            spared=tuple(self._spared.values()),
            packages=len(self._idle),
            packages_freed=sum(self._idle.values()),
            size=self._size,
            excess=max(self._excess_size(), self._excess_use(), 0),
        )

    def _excess_size(self) -> int:
        limit = self._limits.max_size
        return 0 if limit is None else self._size - self._freed - limit

    def _excess_use(self) -> int:
        limit = self._limits.min_free
        return 0 if limit is None else limit - self._free - self._freed

    def _take(self, tree: Tree, reason: Reason) -> None:
        """Take a tree out of use, unless something speaks against it."""
        why = self._objection(tree, reason) or self._move(tree, reason)
        if why:
            self._spared[tree.prefix] = Spared(prefix=tree.prefix, env_id=tree.env_id, why=why)
            return
        self._spared.pop(tree.prefix, None)
        found = self._trees[tree]
        freed = self._disk.remove(found)
        self._freed += freed
        self._removed.append(
            Removed(prefix=tree.prefix, env_id=tree.env_id, reason=reason, used_at=tree.used_at, freed=freed)
        )
        self._count_idle({self._owner[inode] for inode in found.names if inode in self._owner})

    def _objection(self, tree: Tree, reason: Reason) -> Kept | None:
        if tree.state is State.WHOLE and tree.env_id in self._pinned():
            return "pinned"
        if reason in ("age", "size", "room") and self._recent(tree):
            return "recent"
        return "in use" if self._dry_run and in_use(self._layout, tree.key) else None

    def _pinned(self) -> frozenset[str]:
        """The pins as they are now: one that was set a moment ago counts."""
        changed = self._layout.pins.stat().st_mtime_ns
        if self._pins[0] != changed:
            self._pins = (changed, pinned(self._layout))
        return self._pins[1]

    def _recent(self, tree: Tree) -> bool:
        return self._now - last_use(self._layout, tree.prefix, self._now) < self._grace

    def _move(self, tree: Tree, reason: Reason) -> Kept | None:
        """Move a tree to the trash if nobody holds or builds it."""
        if self._dry_run:
            return None
        with contextlib.ExitStack() as held:
            for lock in (self._layout.use_lock(tree.key), self._layout.build_lock(tree.key)):
                descriptor = try_exclusive(lock)
                if descriptor is None:
                    return "in use"
                held.callback(unlock, descriptor)
            if reason in ("age", "size", "room") and self._recent(tree):
                return "recent"
            reach("condemned")
            with contextlib.suppress(FileNotFoundError):
                discard(tree.prefix, self._layout.trash)
            forget(tree.prefix)
        reach("trashed")
        return None

    def _count_idle(self, candidates: Iterable[Unit]) -> None:
        """Count the packages that no environment uses any more."""
        for unit in candidates:
            found = self._units[unit]
            if unit not in self._idle and not self._disk.shared(found) and not self._young(unit):
                self._idle[unit] = self._disk.remove(found)
                self._freed += self._idle[unit]

    def _young(self, unit: Unit) -> bool:
        with contextlib.suppress(OSError):
            return abs(self._now - unit.path.lstat().st_mtime) < self._grace
        return False

    def _remove_idle(self) -> None:
        wheels = [unit.path for unit in self._idle if unit.kind == "wheel"]
        for unit in self._idle:
            if unit.kind == "bytecode":
                _unlink_single(unit.path)
            elif unit.kind == "file":
                with contextlib.suppress(FileNotFoundError):
                    discard(unit.path, self._layout.trash)
        remove_conda(self._layout, [u.path for u in self._idle if u.kind == "conda"])
        with uv_lock(self._layout) as held:
            idle = [path for path in wheels if held and not _shared(path)]
            if idle:
                remove_wheels(self._layout, idle)
        for unit in [unit for unit in self._idle if unit.path.exists()]:
            self._freed -= self._idle.pop(unit)


def _unlink_single(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if path.lstat().st_nlink == 1:
            path.unlink()


def _shared(archive: Path) -> bool:
    """Whether an environment got files of an unpacked wheel since they were counted."""
    disk = Disk()
    return disk.shared(disk.measure(archive))


def _free(root: Path) -> int:
    status = os.statvfs(root)
    return status.f_bavail * status.f_frsize
