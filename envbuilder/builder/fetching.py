"""Fetching locked files by ourselves: with the index's credentials, before any code of a package runs."""

from __future__ import annotations

import contextlib
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING

from envbuilder.archives.inspection import inspect_archive
from envbuilder.errors import BuildError
from envbuilder.lock import Kind
from envbuilder.store.trouble import told
from envbuilder.web import Answer, Web, WebError, retried

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envbuilder.builder.installer import Job
    from envbuilder.lock import Artifact

THREADS = 4
_CHUNK = 1 << 20


class Fetcher:
    """Fetches artifacts into a folder where each file stands under its sha256, once for all environments.

    None is kept that was not looked through (envbuilder.archives). Credentials of an index go to that index's host alone, also after a redirect.
    """

    def __init__(self, job: Job) -> None:
        self._folder = job.packages / "files"
        self._scratch = job.scratch
        self._offline = job.settings.offline
        self._web = Web(
            variables=job.fetching_variables(), indexes=job.indexes, schemes=("https", "http", "file")
        )

    def fetch(self, artifacts: Iterable[Artifact]) -> tuple[Path, ...]:
        """Return a path for each artifact, in order. Raises BuildError (ArchiveRefused too), StoreError."""
        with ThreadPoolExecutor(THREADS) as pool:
            return tuple(pool.map(self._one, artifacts))

    def _one(self, artifact: Artifact) -> Path:
        path = self._folder / artifact.sha256[:2] / artifact.sha256 / Path(artifact.filename).name
        if path.is_file():
            return path
        if self._offline and not artifact.url.secret.startswith("file:"):
            raise BuildError(
                f"{artifact.filename} is not in the store",
                code="build/network",
                hint="run once without --offline",
            )
        try:
            retried(lambda: self._download(artifact, path))
        except WebError as error:
            raise _unreachable(artifact, error) from None
        return path

    def _download(self, artifact: Artifact, path: Path) -> None:
        """Write the file under a name of its own, and give it its name once its hash is right."""
        # Where whoever comes after a kill finds it; on the disk of the folder, so that it can move there.
        unfinished = self._scratch / f"{artifact.sha256[:20]}-{time.monotonic_ns()}.part"
        try:
            with self._web.open(artifact.url) as answer, self._file(unfinished) as stream:
                found = self._copy(answer, stream)
            if found != artifact.sha256:
                raise _mismatch(artifact, found)
            # Before any tool sees it. Of a wheel only what is said of its files: nothing is built from them.
            inspect_archive(unfinished, name=artifact.filename, contents=artifact.kind is Kind.SDIST)
            with told(self._folder, "keep a package file"):
                path.parent.mkdir(parents=True, exist_ok=True)
                unfinished.replace(path)
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink()

    def _file(self, path: Path) -> IO[bytes]:
        with told(self._folder, "keep a package file"):
            path.parent.mkdir(parents=True, exist_ok=True)
            return path.open("xb")

    def _copy(self, answer: Answer, stream: IO[bytes]) -> str:
        """Copy all and return the sha256. Errors of reading are the network's, of writing the store's."""
        whole = hashlib.sha256()
        while chunk := answer.read(_CHUNK):
            whole.update(chunk)
            with told(self._folder, "keep a package file"):
                stream.write(chunk)
        return whole.hexdigest()


def _unreachable(artifact: Artifact, error: WebError) -> BuildError:
    code = "build/failed" if error.code == "web/scheme" else "build/network"
    return BuildError(f"cannot fetch {artifact.filename}: {error.reason}", code=code, hint=error.hint)


def _mismatch(artifact: Artifact, found: str) -> BuildError:
    return BuildError(
        f"{artifact.filename} is not the file that was locked",
        code="build/hash-mismatch",
        detail=f"locked sha256 {artifact.sha256}\nfound sha256 {found}",
        hint="an index or a proxy gave another file; lock again with --refresh",
    )
