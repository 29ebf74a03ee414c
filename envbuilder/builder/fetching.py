"""Fetching locked files by ourselves: with the index's credentials, before any code of a package runs."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import ssl
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from envbuilder.errors import BuildError
from envbuilder.redact import excerpt
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Iterable

    from envbuilder.builder.installer import Job
    from envbuilder.lock import Artifact
    from envbuilder.redact import SafeUrl

PAUSES = (0.5, 2.0, 5.0)
"""Seconds before each new attempt."""

TIMEOUT = 60.0
"""Seconds without a byte."""

THREADS = 4
SCHEMES = ("https", "http", "file")
_CHUNK = 1 << 20


class Fetcher:
    """Fetches artifacts into a folder where each file stands under its sha256, once for all environments.

    Credentials of an index go to that index's host alone, also after a redirect.
    """

    def __init__(self, job: Job) -> None:
        self._folder = job.packages / "files"
        self._scratch = job.scratch
        self._offline = job.settings.offline
        variables = job.fetching_variables()
        self._authorizations = dict(filter(None, map(_authorization, job.indexes)))
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler(_proxies(variables)),
            urllib.request.HTTPSHandler(context=_tls(variables)),
            _Redirects(self._authorizations),
        )

    def fetch(self, artifacts: Iterable[Artifact]) -> tuple[Path, ...]:
        """Return a path for each artifact, in order. Raises BuildError, StoreError."""
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
        for pause in (*PAUSES, None):
            error = self._attempt(artifact, path)
            if error is None:
                return path
            final = isinstance(error, urllib.error.HTTPError) and error.code < 500 and error.code != 429
            if pause is None or final:
                raise _unreachable(artifact, error)
            time.sleep(pause)
        raise AssertionError

    def _attempt(self, artifact: Artifact, path: Path) -> Exception | None:
        """Download once; return what the network said where another attempt may help."""
        try:
            self._download(artifact, path)
        except urllib.error.HTTPError as error:
            error.close()
            return error
        except (urllib.error.URLError, HTTPException, TimeoutError, ConnectionError, ssl.SSLError) as error:
            return error
        return None

    def _download(self, artifact: Artifact, path: Path) -> None:
        """Write the file under a name of its own, and give it its name once its hash is right."""
        # Where whoever comes after a kill finds it; on the disk of the folder, so that it can move there.
        unfinished = self._scratch / f"{artifact.sha256[:20]}-{time.monotonic_ns()}.part"
        try:
            with self._open(artifact.url) as answer, self._file(unfinished) as stream:
                found = self._copy(answer, stream)
            if found != artifact.sha256:
                raise _mismatch(artifact, found)
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

    def _copy(self, answer: IO[bytes], stream: IO[bytes]) -> str:
        """Copy all and return the sha256. Errors of reading are the network's, of writing the store's."""
        whole = hashlib.sha256()
        while chunk := answer.read(_CHUNK):
            whole.update(chunk)
            with told(self._folder, "keep a package file"):
                stream.write(chunk)
        return whole.hexdigest()

    def _open(self, url: SafeUrl) -> IO[bytes]:
        parts = urlsplit(url.secret)
        if parts.scheme not in SCHEMES:
            raise BuildError(f"cannot fetch {url}", code="build/failed", hint="lock with an index over https")
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        request = urllib.request.Request(bare, headers={"User-Agent": "envbuilder"})  # noqa: S310 - checked
        own = _authorization(url)
        authorization = own[1] if own else self._authorizations.get(_origin(bare))
        if authorization:
            request.add_unredirected_header("Authorization", authorization)
        answer: IO[bytes] = self._opener.open(request, timeout=TIMEOUT)
        return answer


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects; the next host gets its own credentials or none."""

    def __init__(self, authorizations: dict[str, str]) -> None:
        self._authorizations = authorizations

    def redirect_request(self, *arguments: Any, **named: Any) -> urllib.request.Request | None:
        """Return the next request, None where there is none."""
        request = super().redirect_request(*arguments, **named)
        if request and (authorization := self._authorizations.get(_origin(request.full_url))):
            request.add_unredirected_header("Authorization", authorization)
        return request


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


def _authorization(url: SafeUrl) -> tuple[str, str] | None:
    """Return the origin of a URL with credentials and the header for it; None without any (RFC 7617)."""
    user, at, _ = urlsplit(url.secret).netloc.rpartition("@")
    if not at:
        return None
    name, _, password = user.partition(":")
    token = base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode("ascii")
    return _origin(url.secret), f"Basic {token}"


def _proxies(variables: dict[str, str]) -> dict[str, str]:
    found = {name.lower().removesuffix("_proxy"): value for name, value in variables.items() if value}
    return {scheme: found.get(scheme) or found["all"] for scheme in ("http", "https") if _has(found, scheme)}


def _has(found: dict[str, str], scheme: str) -> bool:
    return scheme in found or "all" in found


def _tls(variables: dict[str, str]) -> ssl.SSLContext:
    context = ssl.create_default_context()
    file, folder = variables.get("SSL_CERT_FILE"), variables.get("SSL_CERT_DIR")
    if (file and Path(file).is_file()) or (folder and Path(folder).is_dir()):
        context.load_verify_locations(cafile=file or None, capath=folder or None)
    return context


def _unreachable(artifact: Artifact, error: Exception) -> BuildError:
    return BuildError(
        f"cannot fetch {artifact.filename}: {excerpt(str(error), 200)}",
        code="build/network",
        hint="check the network and the index, then try again",
    )


def _mismatch(artifact: Artifact, found: str) -> BuildError:
    return BuildError(
        f"{artifact.filename} is not the file that was locked",
        code="build/hash-mismatch",
        detail=f"locked sha256 {artifact.sha256}\nfound sha256 {found}",
        hint="an index or a proxy gave another file; lock again with --refresh",
    )
