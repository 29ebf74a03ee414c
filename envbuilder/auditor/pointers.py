"""The versions of MLflow's file registry (``models/NAME/version-N/meta.yaml``): each points to a model.

A model below the path that was named is met in its own place. One that is elsewhere is no part of the
audit, and that has to be told: nothing is followed, and nothing outside the tree is even looked at.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from envbuilder.errors import EnvbuilderError
from envbuilder.reader.directory import Directory
from envbuilder.reader.mlmodel import PATH as MLMODEL
from envbuilder.reader.reading import Reading
from envbuilder.reader.safeyaml import Mapping, is_absent, read_mapping, text_of
from envbuilder.redact import excerpt, masked_url, visible

META = "meta.yaml"
_VERSION = re.compile(r"(?P<registry>.*?/?)models/(?P<name>[^/]+)/version-(?P<number>[0-9]{1,18})", re.DOTALL)
_DELETED = "Deleted_Internal"
"""The stage of a version that was deleted and is kept for the record."""

_SHORTEST = 3
"""Folders at the end of a location that tell one model: ``RUN/artifacts/model``."""


def is_version(path: str) -> bool:
    """Whether a folder is where a version of a registered model is described."""
    return _VERSION.fullmatch(path) is not None


def why_missed(path: str, root: str) -> str:
    """Return why the model that a version points to is not met below the root; empty if it is."""
    found = _VERSION.fullmatch(path)
    assert found  # noqa: S101 - is_version() said so
    try:
        with Directory(Path(path)) as directory:
            described = read_mapping(Reading(directory).text(META), META)
        stage, *locations = (_text(described, key) for key in ("current_stage", "storage_location", "source"))
    except EnvbuilderError as error:
        return f"what it points to cannot be read: {error.message}"
    if stage == _DELETED or any(_is_below(place, found["registry"] or ".", root) for place in locations):
        return ""
    where = excerpt(masked_url(locations[0] or locations[1])) or "no place"
    return f"version {found['number']} of {visible(found['name'])} points to {where}: no model below {visible(root)}"


def _text(described: Mapping, key: str) -> str:
    node = described.get(key)
    return "" if node is None or is_absent(node) else text_of(node, key)


def _is_below(location: str, registry: str, root: str) -> bool:
    places = _places(location, registry, root)
    return any(os.path.lexists(os.path.join(place, MLMODEL)) for place in places)  # noqa: PTH118


def _places(location: str, registry: str, root: str) -> Iterator[str]:
    """Yield where below the root a location may be: there, or in a copy of the whole registry's folder."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return
    path = os.path.normpath(unquote(parts.path) if parts.scheme else location)
    real = os.path.realpath(root)
    if parts.scheme in {"", "file"} and os.path.isabs(path) and path.startswith(f"{real}/"):  # noqa: PTH117
        yield path
    folders = [folder for folder in path.split("/") if folder]
    if os.pardir in folders or "\0" in path:
        return
    for start in range(len(folders) - _SHORTEST + 1):
        place = os.path.join(registry, *folders[start:])  # noqa: PTH118
        if os.path.realpath(place).startswith(f"{real}/"):
            yield place
