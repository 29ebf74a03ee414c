"""The metadata of a locked artifact, with as little fetched as can be.

The metadata file beside a wheel (PEP 658, PEP 714) first, then pieces of the wheel itself; a source
distribution is fetched whole, for there is nothing else. What the store has already costs nothing.

Parts of a file cannot be held to the file's sha256. A metadata file is held to the hash that the index's page
announces for it, if it does; else the index is believed, as it was when the lock was made.
"""

from __future__ import annotations

import hashlib
import tempfile
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

from packaging.utils import canonicalize_name

from envbuilder.licensing.archive import from_zip, licence_file, unreadable, wheel_metadata
from envbuilder.licensing.metadata import LONGEST, Metadata, read_metadata
from envbuilder.licensing.pyproject import project_metadata
from envbuilder.licensing.ranged import RangedFile
from envbuilder.licensing.sdist import beginning, files_of_sdist, sdist_parts
from envbuilder.licensing.setuptools_requires import read_requires
from envbuilder.lock import Commit, Kind, ModelTree
from envbuilder.redact import SafeUrl
from envbuilder.store.trouble import told
from envbuilder.web import WebError, retried

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.licensing.pages import Pages
    from envbuilder.lock import Artifact
    from envbuilder.store.layout import Layout
    from envbuilder.web import Web

LARGEST_SDIST = 512 * 1024 * 1024
"""Bytes of a source distribution that is fetched for its licence."""

_CHUNK = 1 << 20


class Access:
    """Reads metadata of artifacts from where they are. Safe in threads."""

    def __init__(self, *, web: Web, layout: Layout, pages: Pages) -> None:
        self._web = web
        self._pages = pages
        self._layout = layout

    def metadata(self, artifact: Artifact) -> Metadata:
        """Return what an artifact says of itself. Raises WebError, EnvbuilderError (``license/unreadable``)."""
        if artifact.kind is Kind.WHEEL:
            found = read_metadata(self._beside(artifact) or self._inside(artifact))
        else:
            found = self._source(artifact)
        names: set[str] = {canonicalize_name(name.strip()) for name in found.names}
        if names != {str(artifact.name)}:
            raise unreadable(f"{artifact.filename} holds the metadata of another package")
        return found

    def file_digest(self, artifact: Artifact, path: str) -> str:
        """Return the sha256 of a licence file within an artifact, "" if it has none there. Raises as above."""
        wanted = licence_file(path)
        with self._opened(artifact) as stream:
            if artifact.kind is Kind.WHEEL:
                content = from_zip(stream, wanted)
            else:
                files = files_of_sdist(stream, artifact.filename)
                content = next((beginning(chunks) for name, chunks in files if wanted([name])), None)
        return "" if content is None else hashlib.sha256(content).hexdigest()

    def _beside(self, artifact: Artifact) -> bytes | None:
        """The index's metadata file; None where there is none, or the wheel itself is at hand."""
        if self._local(artifact):
            return None
        parts = urlsplit(artifact.url.secret)
        url = SafeUrl(parts._replace(path=f"{parts.path}.metadata", fragment="").geturl())
        try:
            found = self._web.page(url, limit=LONGEST).body
        except WebError as error:
            if error.status is None or error.passing:
                raise
            return None
        announced = self._pages.metadata_digest(artifact)
        if announced not in (None, hashlib.sha256(found).hexdigest()):
            raise unreadable(
                f"the metadata file of {artifact.filename} is not the one that the index announces"
            )
        return found

    def _inside(self, artifact: Artifact) -> bytes:
        with self._opened(artifact) as stream:
            content = from_zip(stream, wheel_metadata)
        if content is None:
            raise unreadable(f"{artifact.filename} has no METADATA, or more than one")
        return content

    def _source(self, artifact: Artifact) -> Metadata:
        with self._opened(artifact) as stream:
            parts = sdist_parts(stream, artifact.filename)
        if not parts.info and isinstance(artifact.source, ModelTree | Commit):
            return project_metadata(parts.project, artifact.name)
        if not parts.info:
            raise unreadable(f"{artifact.filename} has no PKG-INFO")
        found = read_metadata(parts.info)
        return found if found.requires else replace(found, requires=read_requires(parts.requires))

    @contextmanager
    def _opened(self, artifact: Artifact) -> Iterator[IO[bytes]]:
        """Yield the artifact as a file that can be read anywhere."""
        local = self._local(artifact)
        if local:
            with told(self._layout.root, "read a package file"), local.open("rb") as stream:
                yield stream
        elif artifact.kind is Kind.WHEEL:
            yield cast("IO[bytes]", RangedFile(self._web, artifact.url))
        else:
            with told(self._layout.root, "keep a package file"):
                unnamed = tempfile.TemporaryFile(dir=self._layout.tmp)  # noqa: SIM115 - closed below
            with unnamed as stream:
                retried(lambda: self._download(artifact, stream))
                yield stream

    def _local(self, artifact: Artifact) -> Path | None:
        """The artifact on this host: in the store, or where a ``file:`` URL leads."""
        own = self._layout.packages / "files" / artifact.sha256[:2] / artifact.sha256
        parts = urlsplit(artifact.url.secret)
        places = [own / Path(artifact.filename).name]
        if parts.scheme == "file":
            places.append(Path(url2pathname(parts.path)))
        return next((place for place in places if place.is_file()), None)

    def _download(self, artifact: Artifact, stream: IO[bytes]) -> None:
        whole, size = hashlib.sha256(), 0
        stream.seek(0)
        stream.truncate()
        with self._web.open(artifact.url) as answer:
            while chunk := answer.read(_CHUNK):
                size += len(chunk)
                if size > LARGEST_SDIST:
                    raise unreadable(f"{artifact.filename} is too large to be fetched for its licence")
                whole.update(chunk)
                stream.write(chunk)
        if whole.hexdigest() != artifact.sha256:
            raise unreadable(f"{artifact.filename} is not the file that was locked")
        stream.seek(0)
