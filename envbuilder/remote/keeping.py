"""What was brought of models, in the store: folders of plain files by their content, and which URI led to which.

``models/v1/trees/KEY/`` holds the environment files of a model, and empty files and folders for what else
stands beside them: names matter to the reader. ``KEY.json`` beside it has the sha256 of each; it is compared
whenever the folder is used. ``models/v1/uris/KEY.json`` says what a URI led to. All of it can be brought again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.digests import PATH_HEX, digest
from envbuilder.store.fields import Fields, Unreadable
from envbuilder.store.files import discard, remove_tree, replace_file
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envbuilder.store.layout import Layout

SCHEMA = 1
_CHUNK = 1 << 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """What a URI led to. ``identity`` is the URI with the version in it, where there is one."""

    tree: str
    identity: str


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """A file of a tree."""

    path: str
    sha256: str


class Keeping:
    """The models of one store. Raises StoreError where the store fails."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._trees = layout.record("models", "trees")

    @property
    def work(self) -> Path:
        """A folder on the store's disk for what is unfinished."""
        return self._layout.tmp

    def note(self, key: str) -> Note | None:
        """Return what a URI led to the last time."""
        with contextlib.suppress(OSError, Unreadable):
            fields = Fields.parse(self.note_path(key).read_bytes(), schema=SCHEMA)
            return Note(tree=fields.text("tree"), identity=fields.text("identity"))
        return None

    def save_note(self, key: str, note: Note) -> None:
        """Remember what a URI led to."""
        value = {"schema": SCHEMA, "tree": note.tree, "identity": note.identity}
        self._replace(self.note_path(key), json.dumps(value))

    def tree(self, key: str) -> Path | None:
        """Return a tree that still is what was kept; one that is not is gone then."""
        folder = self._folder(key)
        with told(self._layout.root, "read a model's files"):
            if not folder.is_dir():
                return None
            try:
                kept = _read_list(folder)
                whole = _contents(folder, [item.path for item in kept]) == kept
            except (OSError, Unreadable):
                whole = False
            if whole:
                with contextlib.suppress(OSError):
                    os.utime(folder)
                return folder
            discard(folder, self._layout.trash)
        return None

    def keep(self, staged: Path) -> str:
        """Keep a folder of plain files by its content; it is moved away. Returns the tree's key."""
        with told(self._layout.root, "keep a model's files"):
            kept = _contents(staged, sorted(_files(staged)))
            folders = sorted(_folders(staged))
            key = digest({"files": [[k.path, k.sha256] for k in kept], "folders": folders})
            if self.tree(key) is None:
                value = {"schema": SCHEMA, "files": [f"{k.sha256} {k.path}" for k in kept]}
                self._replace(_list_of(self._folder(key)), json.dumps(value))
                # Another process may have kept the same meanwhile.
                with contextlib.suppress(OSError):
                    staged.rename(self._folder(key))
            if staged.exists():
                remove_tree(staged)
        return key

    def stage(self) -> Path:
        """Return a new folder on the store's disk."""
        with told(self._layout.root, "make room for a model's files"):
            self._trees.mkdir(parents=True, exist_ok=True)
            folder = self._layout.tmp / f"model-{secrets.token_hex(8)}"
            folder.mkdir(parents=True)
        return folder

    def _folder(self, key: str) -> Path:
        return self._trees / key[:PATH_HEX]

    def note_path(self, key: str) -> Path:
        """Return where it is remembered what a URI led to."""
        return self._layout.record("models", "uris", f"{key[:PATH_HEX]}.json")

    def _replace(self, path: Path, text: str) -> None:
        with told(self._layout.root, "remember a model"):
            replace_file(path, text.encode("ascii"), tmp=self._layout.tmp)


def take(source: Path, target: Path, *, largest: int) -> bool:
    """Copy one regular file that a child brought; False for anything else, or where it is larger. Raises OSError."""
    descriptor = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode) or found.st_size > largest:
            return False
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as copy:
            while chunk := stream.read(_CHUNK):
                copy.write(chunk)
    return True


def _list_of(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _read_list(folder: Path) -> list[_Kept]:
    lines = Fields.parse(_list_of(folder).read_bytes(), schema=SCHEMA).texts("files")
    return [_Kept(sha256=line[:64], path=line[65:]) for line in lines]


def _contents(folder: Path, paths: Iterable[str]) -> list[_Kept]:
    return [_Kept(path=path, sha256=_sha256(folder / path)) for path in paths]


def _sha256(path: Path) -> str:
    state = hashlib.sha256()
    with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb") as stream:  # noqa: PTH123
        while chunk := stream.read(_CHUNK):
            state.update(chunk)
    return state.hexdigest()


def _files(folder: Path) -> Iterable[str]:
    for place, _, names in os.walk(folder):
        yield from (str((Path(place) / name).relative_to(folder)) for name in names)


def _folders(folder: Path) -> Iterable[str]:
    for place, names, _ in os.walk(folder):
        yield from (str((Path(place) / name).relative_to(folder)) for name in names)
