"""What MLflow's file store says of models that lie elsewhere: runs, logged models, registered versions.

A model below the path that was named is met in its own place. One that is elsewhere (another folder, an
object store) is no part of the audit, and that has to be told: nothing is followed, and nothing outside the
tree is even looked at. The layouts are those that MLflow 1.30, 2.22 and 3.1 write.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote, urlsplit

from envbuilder.errors import EnvbuilderError
from envbuilder.reader import limits
from envbuilder.reader.directory import Directory
from envbuilder.reader.mlmodel import PATH as MLMODEL
from envbuilder.reader.reading import Reading
from envbuilder.reader.safeyaml import is_absent, read_mapping, text_of
from envbuilder.redact import excerpt, masked_url

META = "meta.yaml"
HISTORY = "tags/mlflow.log-model.history"

_RUN = re.compile(r"(?P<store>.*?)[^/]+/(?P<name>[0-9a-f]{32})", re.DOTALL)
_LOGGED = re.compile(r"(?P<store>.*?)[^/]+/models/(?P<name>m-[0-9a-f]{32})", re.DOTALL)
_VERSION = re.compile(r"(?P<store>.*?)models/(?P<name>[^/]+/version-[0-9]{1,18})", re.DOTALL)

_DELETED = "Deleted_Internal"
"""The stage of a version that was deleted and is kept for the record."""
_READY = "2"
"""The status of a logged model that was written to its end."""

_SHORTEST = 3
"""Folders at the end of a location that tell one model: ``RUN/artifacts/model``."""

_Meta: TypeAlias = Callable[[str], str]
"""The text of a key of the folder's meta.yaml; empty where there is none. Raises EnvbuilderError."""


def missed(path: str, root: str) -> tuple[str, ...]:
    """Return why models that a folder with a meta.yaml tells of are not met below the root, one by one."""
    for pattern, locate in ((_RUN, _of_run), (_LOGGED, _of_logged), (_VERSION, _of_version)):
        found = pattern.fullmatch(path)
        if found:
            try:
                with Directory(Path(path)) as directory:
                    meta = _Described(directory)
                    told = list(locate(directory, meta))
            except EnvbuilderError as error:
                return (f"the model that it tells of is not known: {error.message}",)
            store = found["store"] or "."
            return tuple(_elsewhere(places, root) for places in told if not _is_met(places, store, root))
    return ()


class _Described:
    """A folder's meta.yaml, read when it is first asked."""

    def __init__(self, directory: Directory) -> None:
        self._reading = Reading(directory)

    def __call__(self, key: str) -> str:
        node = read_mapping(self._reading.text(META), META).get(key)
        return "" if node is None or is_absent(node) else text_of(node, key)


def _of_version(_: Directory, meta: _Meta) -> Iterator[tuple[str, ...]]:
    if meta("current_stage") != _DELETED:
        yield meta("storage_location"), meta("source")


def _of_logged(directory: Directory, meta: _Meta) -> Iterator[tuple[str, ...]]:
    if not directory.has(f"artifacts/{MLMODEL}") and meta("status") == _READY:
        yield (meta("artifact_location"),)


def _of_run(directory: Directory, meta: _Meta) -> Iterator[tuple[str, ...]]:
    """Yield the models that a run logged and does not hold itself (MLflow 1 and 2 keep a history)."""
    if not directory.has(HISTORY):
        return
    for name in _history(directory.read(HISTORY, limit=limits.MLMODEL_BYTES).content):
        if not directory.has(f"artifacts/{name}/{MLMODEL}"):
            yield (f"{meta('artifact_uri')}/{name}",)


def _history(content: bytes) -> list[str]:
    try:
        names = [str(entry["artifact_path"]) for entry in json.loads(content)]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise EnvbuilderError(f"{HISTORY} is no list of models") from None
    return [name for name in dict.fromkeys(names) if "\0" not in name]


def _elsewhere(places: tuple[str, ...], root: str) -> str:
    where = next((excerpt(masked_url(place), 200) for place in places if place), "no place")
    return f"it tells of a model in {where}, and there is none below {excerpt(root)}"


def _is_met(locations: tuple[str, ...], store: str, root: str) -> bool:
    places = (place for location in locations for place in _places(location, store, root))
    return any(os.path.lexists(os.path.join(place, MLMODEL)) for place in places)  # noqa: PTH118


def _places(location: str, store: str, root: str) -> Iterator[str]:
    """Yield where below the root a location may be: there, or in a copy of the whole store."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return
    path = os.path.normpath(unquote(parts.path) if parts.scheme else location)
    folders = [folder for folder in path.split("/") if folder]
    if os.pardir in folders or "\0" in path:
        return
    real = os.path.realpath(root)
    if parts.scheme in {"", "file"} and path.startswith(f"{real}/"):
        yield path
    for start in range(len(folders) - _SHORTEST + 1):
        place = os.path.join(store, *folders[start:])  # noqa: PTH118
        if os.path.realpath(place).startswith(f"{real}/"):
            yield place
