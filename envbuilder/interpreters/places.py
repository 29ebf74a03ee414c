"""Where Pythons are looked for. Only file names are read here; nothing is started."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envbuilder.settings import Settings

SYSTEM_FOLDERS = (
    "/usr/bin", "/usr/local/bin", "/bin", "/opt/homebrew/bin", "/opt/local/bin",
    "/opt/python/*/bin", "/Library/Frameworks/Python.framework/Versions/*/bin",
)  # fmt: skip
"""The usual folders, for hosts whose PATH is short; ``*`` stands for any one name."""

USERS_UV = ".local/share/uv/python"
"""Where uv keeps the interpreters it manages for a user, below the home folder."""

_EXECUTABLE = re.compile(r"python3(\.\d+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """A folder with executables, and what kind of place it is (as in ``Interpreter.source``)."""

    folder: Path
    source: str


def places(settings: Settings, managed: Path, system: Iterable[str] = SYSTEM_FOLDERS) -> tuple[Place, ...]:
    """Return every folder to look into, the preferred ones first; not all of them exist.

    ``managed`` holds the interpreters that uv fetched for us. conda prefixes stand near the end: their
    users update and remove them, and an environment made with one breaks then.
    """
    found = [Place(folder=folder, source="path") for folder in settings.search_path if not _shims(folder)]
    if settings.pyenv_root:
        found += _each(settings.pyenv_root / "versions", "pyenv")
    found += _each(managed, "uv")
    found += _each(settings.user_home / USERS_UV, "uv")
    found += [Place(folder=prefix / "bin", source="conda") for prefix in settings.conda_prefixes]
    found += [Place(folder=folder, source="system") for pattern in system for folder in _expand(pattern)]
    return tuple(found)


def executables(place: Place) -> Iterator[Path]:
    """Yield the real file behind every ``python3`` and ``python3.N`` in a folder, sorted by name.

    A virtual environment's link leads to the interpreter it was made from.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(place.folder) if _EXECUTABLE.fullmatch(entry.name))
    except OSError:
        return
    for name in names:
        real = Path(os.path.realpath(place.folder / name))
        if real.is_file() and os.access(real, os.X_OK):
            yield real


def _shims(folder: Path) -> bool:
    """pyenv's, asdf's and mise's stand-ins are scripts that fail for every version but the current one."""
    return folder.name == "shims"


def _each(parent: Path, source: str) -> list[Place]:
    try:
        # Newest names first: it matters only among equals, and then the choice should not be by chance.
        names = sorted((entry.name for entry in os.scandir(parent) if entry.is_dir()), reverse=True)
    except OSError:
        return []
    return [Place(folder=parent / name / "bin", source=source) for name in names if not name.startswith(".")]


def _expand(pattern: str) -> list[Path]:
    before, star, after = pattern.partition("/*/")
    if not star:
        return [Path(pattern)]
    return sorted(Path(before).glob(f"*/{after}"), reverse=True)
