"""What is known of artifacts whose metadata was read once: one small file each, by the artifact's sha256.

An artifact never changes, so a record never gets old. Collections leave the records alone: a thousand
packages take a few megabytes.
"""

from __future__ import annotations

import json
from dataclasses import fields
from typing import TYPE_CHECKING

from envbuilder.digests import PATH_HEX, digest
from envbuilder.licensing.metadata import Metadata
from envbuilder.store.fields import Fields, Unreadable
from envbuilder.store.files import replace_file
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.store.layout import Layout

SCHEMA = 1
KIND = "metadata"

LARGEST = 4 * 1024 * 1024
"""Bytes of a record that are read; what is kept of metadata cannot make a larger one."""

_TEXTS = tuple(field.name for field in fields(Metadata) if field.name != "cut")


class Library:
    """The records of a store. One that is damaged or of another version counts as absent."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout

    def metadata(self, sha256: str) -> Metadata | None:
        """Return what is known of an artifact."""
        found = self._load(self._path(sha256), sha256)
        if found is None:
            return None
        try:
            return Metadata(**{name: found.texts(name) for name in _TEXTS}, cut=found.number("cut") == 1)
        except Unreadable:
            return None

    def keep_metadata(self, sha256: str, metadata: Metadata) -> None:
        """Keep what an artifact says of itself. Raises StoreError."""
        texts = {name: list(getattr(metadata, name)) for name in _TEXTS}
        self._save(self._path(sha256), {"sha256": sha256, **texts, "cut": int(metadata.cut)})

    def file_digest(self, sha256: str, path: str) -> str | None:
        """Return the sha256 of a file within an artifact, "" if it has no such file; None if not known."""
        found = self._load(self._file_path(sha256, path), sha256)
        try:
            return found.text("digest") if found and found.text("path") == path else None
        except Unreadable:
            return None

    def keep_file_digest(self, sha256: str, path: str, digest: str) -> None:
        """Keep the sha256 of a file within an artifact, "" for one that is not there. Raises StoreError."""
        self._save(self._file_path(sha256, path), {"sha256": sha256, "path": path, "digest": digest})

    def _path(self, sha256: str) -> Path:
        return self._layout.record(KIND, sha256[:2], f"{sha256[:PATH_HEX]}.json")

    def _file_path(self, sha256: str, path: str) -> Path:
        name = f"{sha256[:PATH_HEX]}-{digest(path)[:PATH_HEX]}.json"
        return self._layout.record(KIND, sha256[:2], name)

    def _load(self, path: Path, sha256: str) -> Fields | None:
        try:
            with path.open("rb") as stream:
                found = Fields.parse(stream.read(LARGEST), schema=SCHEMA)
            return found if found.text("sha256") == sha256 else None
        except (OSError, Unreadable):
            return None

    def _save(self, path: Path, value: dict[str, object]) -> None:
        content = json.dumps({"schema": SCHEMA, **value}, separators=(",", ":")).encode("ascii")
        with told(self._layout.root, "keep a record"):
            replace_file(path, content + b"\n", tmp=self._layout.tmp)
