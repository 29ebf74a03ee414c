"""Single flight: one process makes a thing, the others wait for it and use what it made.

An exclusive lock on a file that also tells who is at work and in which phase, for those who wait. What a
killed holder left is found by the next one under the one name that belongs to the key.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.errors import StoreError
from envbuilder.progress import SILENT, Progress
from envbuilder.store import failures, publish
from envbuilder.store.faults import reach
from envbuilder.store.files import remove_tree
from envbuilder.store.layout import Layout
from envbuilder.store.lease import try_exclusive, unlock
from envbuilder.store.leftovers import remove_leftovers
from envbuilder.store.manifest import DAMAGED, FOLDER, NAME
from envbuilder.store.trouble import FULL, store_error, told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.environment import Environment, Interpreter
    from envbuilder.errors import EnvbuilderError
    from envbuilder.findings import Finding
    from envbuilder.lock import Lock
    from envbuilder.store.hashing import Hashes

POLL = 0.05
"""Seconds between two looks at a lock that another process holds."""


@contextlib.contextmanager
def single(
    layout: Layout, key: str, *, progress: Progress = SILENT, remember: bool = True
) -> Iterator[Notes]:
    """Hold the one lock on making ``key``; waits for whoever has it, and tells ``progress`` whom.

    Raises StoreError, and the failure of an earlier try as long as it is remembered. Leftovers of a killed
    holder are gone inside the block, and ours after it. ``remember`` keeps an error that leaves the block.
    """
    path = layout.build_lock(key)
    with told(layout.root, "take a build lock"):
        descriptor = _wait(path, progress)
    try:
        notes = Notes(descriptor, progress)
        notes.note("start")
        with told(layout.root, "remove the leftovers of a dead build"):
            remove_leftovers(layout, key)
        remembered = failures.recall(layout, key)
        if remembered:
            raise remembered
        try:
            with _full_disk_told(layout):
                yield notes
        except Exception as error:
            if remember:
                failures.remember(layout, key, error)
            raise
        failures.forget(layout, key)
    finally:
        with contextlib.suppress(OSError):
            remove_tree(layout.workspace(key))
        with contextlib.suppress(OSError):
            os.ftruncate(descriptor, 0)
        unlock(descriptor)


@contextlib.contextmanager
def _full_disk_told(layout: Layout) -> Iterator[None]:
    """Make a full disk met by any code of the block the one StoreError for it."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise store_error(error, layout.root, "write") from error
        raise


def _wait(path: Path, progress: Progress) -> int:
    while True:
        descriptor = try_exclusive(path)
        if descriptor is not None:
            return descriptor
        progress.wait(holder(path))
        time.sleep(POLL)


def holder(path: Path) -> str:
    """Return who holds a build lock and in which phase, for people; "another process" if that is not told."""
    try:
        notes = json.loads(path.read_bytes())
        return f"process {int(notes['pid'])} on {notes['host']}: {notes['phase']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


class Notes:
    """Progress of the holder: passed on, and noted in the lock file for those who wait."""

    def __init__(self, descriptor: int, progress: Progress) -> None:
        self._descriptor = descriptor
        self._progress = progress

    def phase(self, name: str, detail: str = "") -> None:
        """Note the phase and pass it on."""
        self.note(name)
        self._progress.phase(name, detail)

    def note(self, name: str) -> None:
        """Tell those who wait."""
        reach(name)
        note = {"pid": os.getpid(), "host": socket.gethostname(), "phase": name, "since": int(time.time())}
        # A full disk or a reader in between only costs the note.
        with contextlib.suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, json.dumps(note).encode(), 0)

    def advance(self, done: int, total: int) -> None:
        """Pass on."""
        self._progress.advance(done, total)

    def wait(self, detail: str) -> None:
        """Pass on."""
        self._progress.wait(detail)


class Flight:
    """The right to make one environment, held until the block ends."""

    def __init__(self, layout: Layout, env_id: str, progress: Progress) -> None:
        self.env_id = env_id
        self.progress = progress
        """Report phases here: those who wait see them too."""
        self._layout = layout
        self._remove_unfinished()

    def stage(self) -> Path:
        """Return a fresh, empty folder to build in; it moves to its final place with publish()."""
        with told(self._layout.root, "make room for a build"):
            # Under a name that no tool of a dead builder has: one may live on where we cannot see it.
            stage = self._layout.workspace(self.env_id) / secrets.token_hex(4)
            stage.mkdir(parents=True)
        reach("staged")
        return stage

    def scratch(self) -> Path:
        """Return a folder for the tools' own files; it is gone after the flight, or with the next one."""
        with told(self._layout.root, "make room for a build"):
            scratch = self._layout.workspace(self.env_id) / "work"
            scratch.mkdir(parents=True, exist_ok=True)
        return scratch

    def place(self) -> Path:
        """Return the final, empty folder for a builder that cannot move what it made (pip).

        It counts for nothing before publish() has written its manifest.
        """
        with told(self._layout.root, "make room for a build"):
            place = self._free()
            place.mkdir()
        reach("placed")
        return place

    def keep_log(self, error: EnvbuilderError, log: str) -> None:
        """Keep the log of a build that fails for as long as its failure may be asked about, and name it."""
        path = failures.keep_log(self._layout, self.env_id, f"{log}\n{error}\n" if log.strip() else "")
        if path:
            error.hint = "; ".join(filter(None, [error.hint, f"log: {path}"]))

    def publish(
        self,
        tree: Path,
        *,
        lock: Lock,
        interpreter: Interpreter,
        imports: tuple[str, ...],
        log: str,
        findings: tuple[Finding, ...] = (),
        hashes: Hashes | None = None,
    ) -> Environment:
        """Make what was built in stage() or place() an environment. Raises StoreError; then nothing is.

        ``hashes`` saves reading again what did not change since.
        """
        finished = publish.Finished(
            env_id=self.env_id,
            lock=lock,
            interpreter=interpreter,
            imports=imports,
            log=log,
            findings=findings,
        )
        self.progress.phase("publish")
        with told(self._layout.root, "publish an environment"):
            manifest = publish.seal(tree, finished, hashes)
            if tree.parent == self._layout.environments:
                return manifest.at(tree)
            place = self._free()
            publish.move(tree, place)
        return manifest.at(place)

    def _free(self) -> Path:
        for place in self._layout.places(self.env_id):
            if not place.exists():
                return place
        raise StoreError(
            f"too many damaged trees of environment {self.env_id[:12]} are still in use",
            hint="end the programs that use them, then run `envbuilder cache gc`",
        )

    def _remove_unfinished(self) -> None:
        """Remove trees that never had a manifest: a builder was killed in its final place."""
        with told(self._layout.root, "remove the leftovers of a dead build"):
            for place in self._layout.places(self.env_id):
                marks = place / FOLDER
                if place.exists() and not (marks / NAME).exists() and not (marks / DAMAGED).exists():
                    remove_tree(place)
