"""What is installed in site folders, read off the names of their metadata. Nothing is imported or run.

The names: ``NAME-VERSION.dist-info`` (PyPA, recording installed projects) and setuptools' older
``NAME-VERSION-pyX.Y.egg-info``, ``NAME.egg-info`` and ``NAME-VERSION-pyX.Y.egg/EGG-INFO``.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

HEAD_BYTES = 64 * 1024
"""How much of a metadata file is read: the version is among its first lines."""

_SEPARATORS = re.compile(r"[-_.]+")
_EGG_TAIL = re.compile(r"-py\d[\d.]*(-.*)?", re.ASCII)
_PLAIN = re.compile(r"\d[\w.!+]*", re.ASCII)


def installed(folders: Iterable[str], names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the versions of those packages (normalised names) that are there; the first folder with one decides.

    More than one version is what a broken upgrade leaves.
    Later folders of ``sys.path`` are hidden by earlier ones, as for an import. A folder that cannot be read
    has nothing.
    """
    found: dict[str, tuple[str, ...]] = {}
    for folder in folders:
        here: dict[str, dict[str, None]] = {}
        for name, version in _versions(folder, names):
            here.setdefault(name, {})[version] = None
        for name, versions in here.items():
            found.setdefault(name, tuple(versions))
    return found


def _versions(folder: str, names: Collection[str]) -> Iterator[tuple[str, str]]:
    if folder.endswith(".egg"):
        stem = folder.rpartition(os.sep)[2].removesuffix(".egg")
        yield from _version(stem, f"{folder}{os.sep}EGG-INFO{os.sep}PKG-INFO", names)
        return
    try:
        entries = os.listdir(folder)  # noqa: PTH208 - a thousand names, and nothing else is wanted of them
    except (OSError, ValueError):
        return
    for entry in entries:
        if entry.endswith(".dist-info"):
            yield from _version(entry[:-10], f"{folder}{os.sep}{entry}{os.sep}METADATA", names)
        elif entry.endswith(".egg-info"):
            path = f"{folder}{os.sep}{entry}"
            inner = f"{path}{os.sep}PKG-INFO"
            yield from _version(entry[:-9], inner if os.path.isdir(path) else path, names)  # noqa: PTH112


def _version(stem: str, metadata: str, names: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield name and version, if the package is wanted. Without its metadata it is what an uninstall left."""
    raw, _, rest = stem.partition("-")
    name = _SEPARATORS.sub("-", raw).lower()
    if name not in names:
        return
    version = _EGG_TAIL.sub("", rest) if "-py" in rest else rest
    # An underscore may stand for a sign that file names had to do without.
    if not _PLAIN.fullmatch(version) or "_" in version:
        version = _read_version(metadata)
    elif not os.path.exists(metadata):  # noqa: PTH110 - two hundred times
        return
    if version:
        yield name, version


def _read_version(metadata: str) -> str:
    """Return the ``Version`` field of core metadata; empty if there is none."""
    try:
        with open(metadata, "rb") as stream:  # noqa: PTH123
            head = stream.read(HEAD_BYTES).decode("utf-8", "replace")
    except (OSError, ValueError):
        return ""
    for line in head.splitlines():
        key, colon, value = line.partition(":")
        if not line.strip():
            break
        if colon and key.strip().lower() == "version":
            return value.strip()
    return ""
