"""Where everything of a store stands, and how a store is made and recognised.

One local file system. What a reader relies on is renamed into its place; lock files are never removed.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.digests import PATH_HEX
from envbuilder.errors import StoreError
from envbuilder.remembered import Remembered
from envbuilder.store.trouble import store_error, told

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = 1
"""Raised when an older envbuilder could no longer use the folder safely."""

CACHEDIR_TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This folder is a cache of envbuilder; backups may leave it out (Cache Directory Tagging, bford.info).\n"
)

GENERATIONS = 8
"""How many trees of one environment may stand side by side until a collection takes the unused ones."""

FOLDERS = (
    "specs/v1", "resolutions/v1", "locks/v1", "requests/v1", "inspections/v1", "envs/v1", "pkgs/v1/uv", "pythons/v1",
    "metadata/v1", "models/v1", "dependencies/v1", "lk", "failed", "pins", "tmp", "trash", "events",
)  # fmt: skip

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "lustre", "afs", "ceph", "gpfs", "beegfs", "glusterfs", "ncpfs"}
)
"""File systems whose locks or renames we cannot trust. FUSE counts too, see file_system_trouble()."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of a store. Keys stand in paths by their first 20 hex digits."""

    root: Path

    @property
    def tmp(self) -> Path:
        """Unfinished work. Whatever nobody holds a lock for is garbage."""
        return self.root / "tmp"

    @property
    def trash(self) -> Path:
        """What was taken out of use and waits to be deleted."""
        return self.root / "trash"

    @property
    def packages(self) -> Path:
        """The caches that all environments share."""
        return self.root / "pkgs" / "v1"

    @property
    def uv_cache(self) -> Path:
        """Uv's package cache: the store's own, never the user's."""
        return self.packages / "uv"

    @property
    def conda_cache(self) -> Path:
        """What is fetched of conda channels: their indexes and their packages, unpacked."""
        return self.packages / "conda"

    @property
    def pins(self) -> Path:
        """One file for each thing that is never collected."""
        return self.root / "pins"

    @property
    def environments(self) -> Path:
        """The parent of all environments."""
        return self.root / "envs" / "v1"

    def generations(self, env_id: str) -> tuple[Path, ...]:
        """Return all places of places()."""
        return tuple(self.places(env_id))

    def places(self, env_id: str) -> Iterator[Path]:
        """Yield the places where an environment may stand, the usual one first.

        A tree that somebody may be using is never replaced: the next one takes the next place.
        """
        folder, name = self.environments, env_id[:PATH_HEX]
        yield folder / name
        for number in range(2, GENERATIONS + 1):
            yield folder / f"{name}-{number}"

    def use_lock(self, env_id: str) -> Path:
        """The file that users of an environment hold a shared lock on; its mtime is the last use."""
        return self.root / "lk" / f"{env_id[:PATH_HEX]}.use"

    def build_lock(self, key: str) -> Path:
        """The file that the one who makes something (an environment, a resolution) holds."""
        return self.root / "lk" / f"{key[:PATH_HEX]}.build"

    def workspace(self, key: str) -> Path:
        """The one folder for unfinished work on a key: the next holder of its lock finds leftovers there."""
        return self.tmp / key[:PATH_HEX]

    def record(self, kind: str, *names: str) -> Path:
        """Return the path of a record, e.g. of ``requests``."""
        return self.root.joinpath(kind, "v1", *names)


def open_layout(root: Path, *, network: bool = False) -> Layout:
    """Return the layout of the store at ``root``, made if it is not there.

    ``network`` allows a network file system. Raises StoreError: ``store/newer-format``,
    ``store/not-a-store``, ``store/not-writable``, ``store/full``, ``store/network-file-system``.
    """
    if not _known(root):
        _create(root, network=network)
    return Layout(root)


def _format(content: bytes) -> object:
    return json.loads(content)["format"]


_FORMATS = Remembered(_format)


def _known(root: Path) -> bool:
    """Whether a store stands there that we can use."""
    path = root / "format.json"
    try:
        found = _FORMATS.of(str(path))
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise store_error(error, root, "read the store's format") from error
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, int):
        raise StoreError(
            f"{path} is damaged", hint=f'if this is a store, restore that file to {{"format": {FORMAT}}}'
        )
    if found > FORMAT:
        raise StoreError(
            f"the store {root} was written by a newer envbuilder (format {found}, this one knows {FORMAT})",
            code="store/newer-format",
            hint="upgrade envbuilder, or name another folder with ENVBUILDER_HOME",
        )
    return True


def _create(root: Path, *, network: bool) -> None:
    with told(root, "make the store"):
        root.mkdir(parents=True, exist_ok=True)
        _refuse_foreign(root)
        if not network:
            refuse_network(root)
        for folder in FOLDERS:
            (root / folder).mkdir(parents=True, exist_ok=True)
        tag = root / "CACHEDIR.TAG"
        if not tag.exists():
            tag.write_text(CACHEDIR_TAG)
        # Last, by rename: whoever reads it finds a whole store.
        unfinished = root / "tmp" / f"format-{os.getpid()}"
        unfinished.write_text(f'{{"format": {FORMAT}}}\n')
        unfinished.rename(root / "format.json")


def _refuse_foreign(root: Path) -> None:
    """Refuse a folder with other things in it: a tag in the user's home would hide it from backups."""
    ours = {folder.partition("/")[0] for folder in FOLDERS} | {"CACHEDIR.TAG", "format.json"}
    foreign = sorted({entry.name for entry in root.iterdir()} - ours)
    if foreign:
        raise StoreError(
            f"{root} is no store: it holds {foreign[0]!r}",
            code="store/not-a-store",
            hint="name an empty or a new folder with ENVBUILDER_HOME",
        )


def refuse_network(root: Path) -> None:
    """Raise StoreError (``store/network-file-system``) where locks do not reach or renames are not atomic."""
    kind = _file_system(root)
    if kind in NETWORK or (kind.startswith("fuse.") and kind != "fuse.fuse-overlayfs"):
        raise StoreError(
            f"{root} is on a network or user-space file system ({kind}), where locks cannot be trusted",
            code="store/network-file-system",
            hint="name a folder on a local disk with ENVBUILDER_HOME",
        )


def _file_system(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> str:
    """Return the type of the file system below a path, "" where the system does not tell (proc(5))."""
    device = path.stat().st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    with contextlib.suppress(OSError):
        for line in mounts.read_text("utf-8", "surrogateescape").splitlines():
            fields = line.split(" ")
            if fields[2] == wanted:
                return fields[fields.index("-") + 1]
    return ""
