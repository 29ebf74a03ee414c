"""Keeps the disk from filling while hundreds of environments are built."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.errors import UsageError
from envbuilder.process import neutral_directory, run
from envbuilder.store.lease import try_exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from envbuilder.store.store import Store

MARK = ".envbuilder-benchmark"


def private_folder(path: Path) -> Path:
    """Return a folder that is the benchmark's own, made if it is not there.

    What it holds is removed without asking when the disk gets full, so a folder with anything of somebody
    else's (a store in use, say) is refused. Raises UsageError.
    """
    path = path.absolute()
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()) and not (path / MARK).exists():
        raise UsageError(f"{path} is not empty and not of this benchmark", hint="name a new folder by --home")
    (path / MARK).touch()
    return path


def tree_bytes(root: Path) -> int:
    """Return the size of all regular files below ``root``; links are not followed."""
    return sum(_sizes(root))


def _sizes(root: Path) -> Iterator[int]:
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _sizes(Path(entry.path))
            elif entry.is_file(follow_symlinks=False):
                yield entry.stat(follow_symlinks=False).st_size


def remove_tree(root: Path) -> None:
    """Remove a folder of ours, read-only parts included."""
    for folder, _, _ in os.walk(root):
        Path(folder).chmod(stat.S_IRWXU)
    shutil.rmtree(root)


class Room:
    """Frees the disk below the benchmark's folder: environments first, the package caches if it must."""

    def __init__(self, *, store: Store, caches: Sequence[Path], uv: Path, least: int) -> None:
        self._store = store
        self._caches = tuple(caches)
        self._uv = uv
        self._least = least

    def make(self) -> None:
        """Remove what is needed until ``least`` bytes are free. Raises OSError."""
        if self._short:
            self._remove_environments()
        for cache in self._caches:
            if self._short and cache.exists():
                self._clean(cache)

    @property
    def _short(self) -> bool:
        return shutil.disk_usage(self._store.root).free < self._least

    def _remove_environments(self) -> None:
        for prefix in sorted(self._store.layout.environments.iterdir()):
            # Other workers may be building or measuring: what is leased stays.
            held = try_exclusive(self._store.layout.use_lock(prefix.name.partition("-")[0]))
            if held is not None:
                try:
                    remove_tree(prefix)
                finally:
                    os.close(held)

    def _clean(self, cache: Path) -> None:
        with neutral_directory() as directory:
            argv = [str(self._uv), "cache", "clean", "--cache-dir", str(cache), "--no-config"]
            run(argv, directory=directory, variables={})
