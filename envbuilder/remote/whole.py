"""Whole models behind URIs, brought into the store once: for those who load them."""

from __future__ import annotations

import contextlib
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from envbuilder.digests import PATH_HEX, digest
from envbuilder.locate import locate, remote
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.redact import excerpt
from envbuilder.remote.dialogue import Wanted, bring
from envbuilder.remote.errors import RemoteError
from envbuilder.remote.gathering import Gathered, gather
from envbuilder.remote.uris import address
from envbuilder.store.fields import Fields, Unreadable
from envbuilder.store.files import discard, replace_file
from envbuilder.store.lease import Lease
from envbuilder.store.store import Store
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from types import TracebackType

    from envbuilder.policy import Policy
    from envbuilder.settings import Settings
    from envbuilder.store.layout import Layout

SCHEMA: Final = 1

SECONDS: Final = 6 * 3600.0
"""For all of a model's files."""

FILES: Final = 100_000
"""Files of a model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """A model's folder. While the lease lives nothing removes it; None for a folder of the user's own.

    Use as a context manager, or close(), unless joined() gave it to another lease.
    """

    folder: Path
    lease: Lease | None = None

    def close(self) -> None:
        """Give the folder back; nothing to do for one of the user's own."""
        if self.lease:
            self.lease.close()

    def __enter__(self) -> Held:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def joined(self, lease: Lease) -> Lease:
        """Return a lease that gives both back when it is closed."""
        return lease if self.lease is None else _Joined(lease, self.lease)


class _Joined(Lease):
    """The lease of an environment that also holds a model."""

    def __init__(self, lease: Lease, model: Lease) -> None:
        super().__init__(lease.env_id, lease.fd)
        self._model = model

    def close(self) -> None:
        """Let go of both in this process."""
        super().close()
        self._model.close()


def hold(model: str, *, settings: Settings, policy: Policy = DEFAULT, progress: Progress = SILENT) -> Held:
    """Return the folder with all of a model's files, downloaded unless it is there.

    A model is the same one where its URI, or the version that it means, and its environment files are: MLmodel
    has the time of logging. Raises UsageError, RemoteError, StoreError, ToolError.
    """
    if not remote(model):
        return Held(folder=locate(model))
    found = next(iter(gather([model], settings=settings, policy=policy, progress=progress)))
    if not isinstance(found, Gathered):
        raise found
    store = Store.open(settings.home)
    uri = found.identity or model
    key = digest({"model": address(uri, settings, wheels=False), "tree": found.folder.name})
    lease = store.lease(key)
    try:
        folder = _kept(store.layout, key) or _brought(store, key, uri, settings, progress)
    except BaseException:
        lease.close()
        raise
    return Held(folder=folder, lease=lease)


def _place(layout: Layout, key: str) -> Path:
    return layout.record("models", "whole", key[:PATH_HEX])


def _kept(layout: Layout, key: str) -> Path | None:
    """Return a model that is as it was downloaded, by the sizes and times of its files; else it is gone then."""
    folder = _place(layout, key)
    with told(layout.root, "read a model"):
        try:
            marks = Fields.parse(_list_of(folder).read_bytes(), schema=SCHEMA).texts("files")
        except (OSError, Unreadable):
            marks = ()
        with contextlib.suppress(OSError):
            if marks and _marks(folder) == marks:
                return folder
        if folder.exists():
            discard(folder, layout.trash)
    return None


def _brought(store: Store, key: str, uri: str, settings: Settings, progress: Progress) -> Path:
    layout = store.layout
    with store.turn(key, progress=progress, remember=False) as notes:
        kept = _kept(layout, key)
        if kept:
            return kept
        notes.phase("download", uri)
        stage = layout.workspace(key) / "model"
        with told(layout.root, "make room for a model"):
            stage.mkdir(parents=True)
        (answer,) = bring([Wanted(uri=uri, folder=stage, whole=True)], settings, seconds=SECONDS)
        if isinstance(answer, RemoteError):
            raise answer
        folder = _place(layout, key)
        with told(layout.root, "keep a model"):
            marks = _marks(stage)
            if not marks:
                raise RemoteError(
                    f"{excerpt(uri)} holds no file that can be downloaded", code="remote/no-model"
                )
            folder.parent.mkdir(parents=True, exist_ok=True)
            text = json.dumps({"schema": SCHEMA, "files": list(marks)})
            replace_file(_list_of(folder), text.encode("ascii"), tmp=layout.tmp)
            stage.rename(folder)
        return folder


def _list_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _marks(folder: Path) -> tuple[str, ...]:
    """Return size, time and path of every file; none where there is anything but files and folders."""
    found: list[str] = []
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in (*sorted(names), *folders):
            status = os.lstat(os.path.join(place, name))  # noqa: PTH118
            if stat.S_ISREG(status.st_mode) and len(found) < FILES:
                path = os.path.relpath(os.path.join(place, name), folder)  # noqa: PTH118
                found.append(f"{status.st_size} {status.st_mtime_ns} {path}")
            elif not stat.S_ISDIR(status.st_mode):
                return ()
    return tuple(found)
