"""The metadata of many artifacts: each one once, from the store's records, else from where it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.errors import EnvbuilderError, StoreError
from envbuilder.licensing.access import Access
from envbuilder.licensing.library import Library
from envbuilder.licensing.metadata import Metadata
from envbuilder.progress import SILENT, Progress

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envbuilder.lock import Artifact

THREADS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Unread:
    """An artifact whose metadata could not be had, and why."""

    reason: str


class Gathering:
    """What is known of artifacts in one run."""

    def __init__(self, *, library: Library, access: Access) -> None:
        self._library = library
        self._access = access
        self._known: dict[str, Metadata | Unread] = {}
        self._digests: dict[tuple[str, str], str] = {}

    def gather(self, artifacts: Iterable[Artifact], *, progress: Progress = SILENT) -> None:
        """Learn the metadata of artifacts that are not known yet. Raises StoreError."""
        missing = {a.sha256: a for a in artifacts if a.sha256 not in self._known}
        for sha256 in list(missing):
            if found := self._library.metadata(sha256):
                self._known[sha256] = found
                del missing[sha256]
        if not missing:
            return
        progress.phase("licences")
        with ThreadPoolExecutor(THREADS) as pool:
            try:
                outcomes = pool.map(self._read, missing.values())
                for done, (sha256, outcome) in enumerate(zip(missing, outcomes, strict=True), 1):
                    self._known[sha256] = outcome
                    progress.advance(done, len(missing))
            except BaseException:
                # Who interrupts does not wait for what has not begun.
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def of(self, artifact: Artifact) -> Metadata | Unread:
        """Return what gather() learned."""
        return self._known.get(artifact.sha256, Unread(reason="not asked for"))

    def file_digest(self, artifact: Artifact, path: str) -> str | Unread:
        """Return the sha256 of a licence file within an artifact, "" if it has none. Raises StoreError."""
        key = (artifact.sha256, path)
        found = self._digests.get(key) or self._library.file_digest(*key)
        if found is None:
            try:
                found = self._access.file_digest(artifact, path)
            except StoreError:
                raise
            except EnvbuilderError as error:
                return Unread(reason=error.message)
            self._library.keep_file_digest(*key, found)
        self._digests[key] = found
        return found

    def _read(self, artifact: Artifact) -> Metadata | Unread:
        try:
            found = self._access.metadata(artifact)
        except StoreError:
            raise
        except EnvbuilderError as error:
            return Unread(reason=error.message)
        self._library.keep_metadata(artifact.sha256, found)
        return found
