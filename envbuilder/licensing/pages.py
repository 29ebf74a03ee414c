"""What an index's page says of the metadata files beside its wheels (PEP 658, 691, 714)."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

from envbuilder.redact import SafeUrl
from envbuilder.web import WebError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.lock import Artifact
    from envbuilder.web import Web

LARGEST = 64 * 1024 * 1024
"""Bytes of a page; those of projects with ten thousand files have some ten megabytes."""

_ACCEPT = {"Accept": "application/vnd.pypi.simple.v1+json"}


class Pages:
    """The pages of the indexes that the host or the policy names; each is fetched once. Safe in threads."""

    def __init__(self, *, web: Web, indexes: Sequence[SafeUrl]) -> None:
        self._web = web
        self._indexes = tuple(indexes)
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, str]] = {}

    def metadata_digest(self, artifact: Artifact) -> str | None:
        """Return the sha256 that an artifact's metadata file must have; None where no page tells one."""
        if not self._indexes:
            return None
        with self._lock:
            known = self._known.get(artifact.name)
        if known is None:
            known = self._read(artifact.name)
            with self._lock:
                self._known[artifact.name] = known
        return known.get(artifact.sha256)

    def _read(self, name: str) -> dict[str, str]:
        for index in self._indexes:
            url = SafeUrl(f"{index.secret.rstrip('/')}/{name}/")
            try:
                page = self._web.page(url, headers=_ACCEPT, limit=LARGEST)
                return _digests(json.loads(page.body))
            except (WebError, ValueError, RecursionError):
                # An older index has HTML only: then there is nothing to compare with.
                continue
        return {}


def _digests(page: Any) -> dict[str, str]:
    """Return the sha256 of files to that of their metadata."""
    files = page.get("files") if isinstance(page, dict) else None
    found: dict[str, str] = {}
    for file in files if isinstance(files, list) else ():
        match file:
            case {"hashes": {"sha256": str(own)}, "core-metadata": {"sha256": str(beside)}}:
                found[own.lower()] = beside.lower()
            case {"hashes": {"sha256": str(own)}, "dist-info-metadata": {"sha256": str(beside)}}:
                found[own.lower()] = beside.lower()
            case _:
                pass
    return found
