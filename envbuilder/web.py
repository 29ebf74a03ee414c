"""HTTP for whatever we fetch by ourselves: the host's certificates and proxies, each index's credentials to its own host."""

from __future__ import annotations

import contextlib
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from functools import cached_property
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from envbuilder.errors import EnvbuilderError
from envbuilder.origins import Key, origin_of, shared
from envbuilder.proxies import Proxies, basic_authorization
from envbuilder.redact import SafeUrl, excerpt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from email.message import Message
    from types import TracebackType

PAUSES = (0.5, 2.0, 5.0)
"""Seconds before each new attempt."""

TIMEOUT = 60.0
"""Seconds without a byte."""

SCHEMES = ("https", "http")

T = TypeVar("T")


class WebError(EnvbuilderError):
    """Something could not be fetched. ``status`` is the server's answer, None where there was none."""

    default_code = "web/network"

    def __init__(
        self,
        url: SafeUrl,
        reason: str,
        *,
        passing: bool,
        code: str | None = None,
        hint: str = "check the network and the index, then try again",
        status: int | None = None,
    ) -> None:
        super().__init__(f"cannot fetch {url}: {reason}", code=code, hint=hint)
        self.reason = reason
        self.status = status
        self.passing = passing
        """Whether another attempt may help."""


class _Raw(Protocol):
    """What urllib answers: HTTPResponse, or addinfourl for a file."""

    headers: Message

    def read(self, size: int, /) -> bytes: ...
    def close(self) -> None: ...


class Answer:
    """What a server sent: status, headers, and a body that comes as it is read. Close it, or use ``with``."""

    def __init__(self, raw: _Raw, url: SafeUrl) -> None:
        self._raw = raw
        self.url = url
        """Where the answer came from, after redirects."""
        self.status: int = getattr(raw, "status", None) or 200
        self.headers = raw.headers
        length = self.headers.get("Content-Length", "")
        self._left = int(length) if length.isdigit() and "Transfer-Encoding" not in self.headers else None

    def read(self, size: int) -> bytes:
        """Return what has come, at most ``size`` bytes; none at the end.

        Raises WebError, also where the end comes too early.
        """
        if self._left == 0:
            return b""
        with _told(self.url):
            # Of a file there is no read1, which waits for no more than there is.
            chunk: bytes = getattr(self._raw, "read1", self._raw.read)(size)
        if self._left is not None:
            self._left -= len(chunk)
            if size and not chunk:
                raise WebError(self.url, f"it ends {self._left} bytes too early", passing=True)
        return chunk

    def whole(self, limit: int) -> bytes:
        """Return all of the body. Raises WebError, also for one of more than ``limit`` bytes."""
        body = bytearray()
        while chunk := self.read(65536):
            body += chunk
            if len(body) > limit:
                raise WebError(self.url, f"more than {limit} bytes", code="web/size", passing=False)
        return bytes(body)

    def close(self) -> None:
        """Let go of the connection."""
        self._raw.close()

    def __enter__(self) -> Answer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """An answer that was read whole."""

    url: SafeUrl
    headers: Message
    body: bytes


class Web:
    """Fetches by GET. What an index takes goes to that index's host alone, also after a redirect.

    ``variables`` are those of the host (proxies, certificates: ``settings.tool_variables``), ``indexes`` the
    ones that may have credentials, ``keys`` what other hosts take. A URL's own credentials go before both.
    ``judge`` sees every URL that a server sends us to before it is asked; what it raises passes.
    """

    def __init__(
        self,
        *,
        variables: Mapping[str, str],
        indexes: Sequence[SafeUrl] = (),
        offline: bool = False,
        schemes: Sequence[str] = SCHEMES,
        keys: Sequence[Key] = (),
        judge: Callable[[str], None] | None = None,
    ) -> None:
        self._variables = variables
        self._offline = offline
        self._schemes = tuple(schemes)
        self._proxies = Proxies(variables)
        self._keys = (*(key for index in indexes if (key := Key.of(index))), *keys)
        self._judge = judge

    def open(self, url: SafeUrl, *, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer of one attempt (``retried`` makes more), redirects followed.

        Raises WebError for any answer but a good one, none at all, a scheme that is not allowed, or offline.
        """
        return self._sent(self._following, self._request(url, headers or {}, "GET"))

    def page(self, url: SafeUrl, *, headers: Mapping[str, str] | None = None, limit: int) -> Page:
        """Return a whole answer of at most ``limit`` bytes, after as many attempts as are sensible. Raises WebError."""

        def attempt() -> Page:
            with self.open(url, headers=headers) as answer:
                return Page(url=answer.url, headers=answer.headers, body=answer.whole(limit))

        return retried(attempt)

    def exchange(self, url: SafeUrl, *, headers: Mapping[str, str], method: str) -> Answer:
        """Return what the server answers to one request, redirects and errors too. Raises WebError for none."""
        return self._sent(self._plain, self._request(url, headers, method))

    def _request(self, url: SafeUrl, headers: Mapping[str, str], method: str) -> urllib.request.Request:
        parts = urlsplit(url.secret)
        if parts.scheme not in self._schemes:
            reason = f"not {' or '.join(self._schemes)}"
            raise WebError(url, reason, code="web/scheme", hint="use https", passing=False)
        if self._offline and parts.scheme != "file":
            raise WebError(url, "offline", code="web/offline", hint="run without --offline", passing=False)
        bare = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
        key = self._key(bare)
        sent = {"User-Agent": "envbuilder", **headers}
        request = urllib.request.Request(key.opened(bare) if key else bare, headers=sent, method=method)  # noqa: S310 - checked
        authorization = basic_authorization(parts.netloc) or (key.authorization if key else "")
        if authorization:
            request.add_unredirected_header("Authorization", authorization)
        return request

    def _key(self, url: str) -> Key | None:
        """Return what the URL's host takes; of several indexes there, the one whose path is nearest."""
        own = [key for key in self._keys if key.origin == origin_of(url)]
        return max(own, key=lambda key: shared(key.path, urlsplit(url).path), default=None)

    def _sent(self, opener: urllib.request.OpenerDirector, request: urllib.request.Request) -> Answer:
        with _told(SafeUrl(request.full_url)):
            raw = opener.open(request, timeout=TIMEOUT)
        return Answer(raw, SafeUrl(getattr(raw, "url", None) or request.full_url))

    @cached_property
    def _plain(self) -> urllib.request.OpenerDirector:
        return self._opener()

    @cached_property
    def _following(self) -> urllib.request.OpenerDirector:
        return self._opener(
            urllib.request.HTTPErrorProcessor(),
            urllib.request.HTTPDefaultErrorHandler(),
            _Redirects(self._key, self._judge),
        )

    def _opener(self, *handlers: urllib.request.BaseHandler) -> urllib.request.OpenerDirector:
        """By hand: the usual one also knows ftp, and reads the process environment."""
        opener = urllib.request.OpenerDirector()
        opener.addheaders = []
        for handler in (
            _Proxying(self._proxies),
            urllib.request.HTTPHandler(),
            urllib.request.HTTPSHandler(context=tls(self._variables)),
            urllib.request.FileHandler(),
            *handlers,
        ):
            opener.add_handler(handler)
        return opener


def retried(action: Callable[[], T]) -> T:
    """Return what ``action`` does; after a WebError that may pass by itself, pause and do it again."""
    for pause in PAUSES:
        try:
            return action()
        except WebError as error:
            if not error.passing:
                raise
        time.sleep(pause)
    return action()


class _Proxying(urllib.request.BaseHandler):
    """Sends requests through the host's proxies."""

    handler_order = 100

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies

    def http_request(self, request: urllib.request.Request) -> urllib.request.Request:
        """Direct one request. Raises WebError for a proxy that HTTP cannot go through."""
        proxy = self._proxies.of(request.full_url)
        if proxy is None:
            return request
        if proxy.authorization:
            request.add_unredirected_header("Proxy-Authorization", proxy.authorization)
        host = f"[{proxy.host}]" if ":" in proxy.host else proxy.host
        request.set_proxy(f"{host}:{proxy.port}", proxy.scheme)
        return request

    https_request = http_request


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects; the next host gets its own credentials or none."""

    def __init__(self, key: Callable[[str], Key | None], judge: Callable[[str], None] | None = None) -> None:
        self._key = key
        self._judge = judge

    def redirect_request(self, *arguments: Any, **named: Any) -> urllib.request.Request | None:
        """Return the next request, None where there is none."""
        request = super().redirect_request(*arguments, **named)
        if request and self._judge:
            try:
                self._judge(request.full_url)
            except BaseException:
                arguments[1].close()
                raise
        if request and (key := self._key(request.full_url)) and key.authorization:
            request.add_unredirected_header("Authorization", key.authorization)
        return request


def tls(variables: Mapping[str, str]) -> ssl.SSLContext:
    """Return the host's certificates, and those that its variables add."""
    context = ssl.create_default_context()
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        if (file := variables.get(name)) and Path(file).is_file():
            context.load_verify_locations(cafile=file)
    if (folder := variables.get("SSL_CERT_DIR")) and Path(folder).is_dir():
        context.load_verify_locations(capath=folder)
    return context


@contextlib.contextmanager
def _told(url: SafeUrl) -> Iterator[None]:
    """Raise WebError for whatever the network and the server may do to the block."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        passing = error.code >= 500 or error.code == 429
        reason = f"HTTP status {error.code} {excerpt(str(error.reason), 80)}"
        raise WebError(url, reason, code="web/status", status=error.code, passing=passing) from None
    except (OSError, HTTPException, ValueError) as error:
        cause = getattr(error, "reason", None) or error
        refused = isinstance(cause, ssl.SSLCertVerificationError | ValueError)
        raise WebError(url, excerpt(str(cause), 200), passing=not refused) from None
