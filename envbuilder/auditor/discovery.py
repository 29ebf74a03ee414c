"""Finds the models below paths, in order, without following a link.

A model is a folder with something named MLmodel, or one with environment files only, or a path that was
named itself. Below a model only folders with an MLmodel count (wrapped models of ``data/`` and
``artifacts/``): a requirements.txt in its ``code/`` is no model of its own. What MLflow's file store says
of models that lie elsewhere is told (see pointers).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase

from envbuilder.auditor.pointers import META, missed
from envbuilder.errors import UsageError
from envbuilder.locate import locate
from envbuilder.reader.mlmodel import PATH as MLMODEL
from envbuilder.reader.model import CONDA_FILES, PYTHON_ENV, REQUIREMENTS
from envbuilder.report.report import Skipped

ENVIRONMENT_FILES = frozenset({*CONDA_FILES, PYTHON_ENV, REQUIREMENTS})
PRUNED = frozenset(
    {".git", ".hg", ".svn", "__pycache__", ".venv", ".tox", ".nox", ".ipynb_checkpoints", "node_modules"}
)
"""Folders of tools, whatever they hold; each is audited if it is named itself."""

DEPTH = 64
_ESCAPED = re.compile(rb"\\x([89a-f][0-9a-f])")
"""A byte that is no UTF-8, as ``shown_path`` writes it."""
ENTRIES = 1_000_000
"""Entries of one folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A model: the path to open, and what reports call it."""

    path: str
    name: str


def shown_path(path: str) -> str:
    """Return a path as text that every encoding can hold: bytes that are no UTF-8 as escapes."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def opened_path(shown: str) -> str:
    """Return the path of something that is there and that ``shown_path`` shows."""
    if os.path.lexists(shown):
        return shown
    return os.fsdecode(_ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), os.fsencode(shown)))


def discover(
    paths: Iterable[str | Found | Skipped], *, exclude: tuple[str, ...] = ()
) -> Iterator[Found | Skipped]:
    """Yield every model at and below the paths, each once, and everything that could not be looked into.

    What was found elsewhere (models behind URIs) is yielded in its place, as often as it was named.
    ``exclude`` holds patterns (``*`` also matches slashes) of paths, as reports write them, to leave out.
    """
    seen: set[str] | None = None if len(paths := list(paths)) < 2 else set()
    for path in paths:
        if not isinstance(path, str):
            yield path
            continue
        for found in _below(path, exclude):
            if isinstance(found, Found) and seen is not None:
                real = os.path.realpath(found.path)
                if real in seen:
                    continue
                seen.add(real)
            yield found


def _below(path: str, exclude: tuple[str, ...]) -> Iterator[Found | Skipped]:
    if not path:
        # A variable that is not set: normpath would make the folder of the process of it.
        yield Skipped(path=path, reason="the path is empty")
        return
    try:
        root = os.path.normpath(locate(path))
    except UsageError as error:
        yield Skipped(path=path, reason=f"{error.message}; {error.hint}")
        return
    if not os.path.lexists(root):
        yield Skipped(path=shown_path(root), reason="there is nothing of that name")
    elif not os.path.isdir(root):  # noqa: PTH112 - False where Path raises
        yield Found(path=root, name=shown_path(root))
    else:
        nothing = True
        for found in _Walk(root, exclude).walk():
            nothing = False
            yield found
        if nothing:
            yield Skipped(path=shown_path(root), reason="no model is at or below it")


@dataclass(frozen=True, slots=True)
class _Folder:
    path: str
    depth: int
    inside: bool
    """Whether a folder above it is a model with an MLmodel."""


class _Walk:
    """One way through a tree, depth first, in the order of the names."""

    def __init__(self, root: str, exclude: tuple[str, ...]) -> None:
        self._root = root
        self._exclude = exclude
        self._real = os.path.realpath(root)

    def walk(self) -> Iterator[Found | Skipped]:
        pending = [_Folder(self._root, 0, False)]
        while pending:
            folder = pending.pop()
            try:
                names, below, strays = self._list(folder)
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                yield Skipped(path=shown_path(folder.path), reason=f"cannot be listed: {reason.lower()}")
                continue
            model = MLMODEL in names
            if model or (names and not folder.inside):
                yield Found(path=folder.path, name=shown_path(folder.path))
            yield from strays
            inside = folder.inside or model
            pending += [_Folder(path, folder.depth + 1, inside) for path in reversed(below)]

    def _list(self, folder: _Folder) -> tuple[set[str], list[str], list[Skipped]]:
        """Return the names that make a folder a model, the folders in it, and what is not gone into."""
        names: set[str] = set()
        described = False
        below: list[str] = []
        strays: list[Skipped] = []
        with os.scandir(folder.path) as entries:
            for number, entry in enumerate(entries):
                if number >= ENTRIES:
                    raise ValueError(f"more than {ENTRIES} entries")
                if entry.name == MLMODEL or entry.name in ENVIRONMENT_FILES:
                    names.add(entry.name)
                described = described or entry.name == META
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in PRUNED and not self._excludes(entry):
                        below.append(_path(entry))
                elif entry.is_symlink() and self._leaves(entry):
                    strays.append(_stray(_path(entry)))
        if described:
            strays += [
                Skipped(path=shown_path(folder.path), reason=why) for why in missed(folder.path, self._root)
            ]
        if folder.depth >= DEPTH and below:
            strays += [_too_deep(path) for path in below]
            below = []
        return names, sorted(below), sorted(strays, key=lambda stray: stray.path)

    def _excludes(self, entry: os.DirEntry[str]) -> bool:
        return any(fnmatchcase(shown_path(_path(entry)), pattern) for pattern in self._exclude)

    def _leaves(self, entry: os.DirEntry[str]) -> bool:
        """Whether a link leads to a folder outside the tree: what is inside is met in its own place."""
        try:
            if not entry.is_dir():
                return False
        except OSError:
            return False
        real = os.path.realpath(entry.path)
        return real != self._real and not real.startswith(self._real.rstrip("/") + "/")


def _path(entry: os.DirEntry[str]) -> str:
    return entry.path.removeprefix("./")


def _stray(path: str) -> Skipped:
    return Skipped(path=shown_path(path), reason="a link to a folder outside the tree is not followed")


def _too_deep(path: str) -> Skipped:
    return Skipped(path=shown_path(path), reason=f"deeper than {DEPTH} folders below the path that was named")
