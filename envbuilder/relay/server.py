"""A proxy on loopback that has the secrets, so that a tool, and the package code that it runs, need not.

It lives for one run of a tool, in this process, and serves only who knows that run's own password: no other
user of the host. URLs of an alias are fetched from the index, with what the index takes, and only read; all
else goes where the host's own proxies would take it, with what those take.
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import secrets
import socket
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from envbuilder.proxies import Proxies
from envbuilder.redact import SafeUrl, excerpt
from envbuilder.relay.alias import Alias, is_file
from envbuilder.relay.tunnel import CHUNK, IDLE, carry, dial
from envbuilder.web import Answer, Web, WebError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

LARGEST_PAGE = 128 * 1024 * 1024
"""Bytes of an index page, unpacked; the largest real one has some 30 MB."""

MOST_TROUBLES = 20

ASKED = frozenset(
    ("accept", "accept-encoding", "cache-control", "if-match", "if-modified-since", "if-none-match", "if-range",
     "if-unmodified-since", "range", "user-agent")
)  # fmt: skip
"""The headers of a request that an index with credentials is told."""

HOP = frozenset(
    ("connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
     "transfer-encoding", "upgrade")
)  # fmt: skip
"""Headers that concern one connection alone (RFC 9110, 7.6.1)."""

PAGES = ("text/html", "application/json", "application/vnd.pypi.simple.")
"""How the types of index pages begin (PEP 503, 691)."""


@contextlib.contextmanager
def relaying(
    *, indexes: Sequence[SafeUrl], aliases: Sequence[Alias], variables: Mapping[str, str], offline: bool
) -> Iterator[Relay]:
    """Yield a relay that serves; it is gone afterwards, and so are its connections."""
    relay = Relay(indexes=indexes, aliases=aliases, variables=variables, offline=offline)
    thread = threading.Thread(target=relay.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield relay
    finally:
        relay.shutdown()
        relay.server_close()
        relay.hang_up()
        thread.join()


class Relay(ThreadingHTTPServer):
    """The server. Each connection of the tool has a thread of its own."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        *,
        indexes: Sequence[SafeUrl],
        aliases: Sequence[Alias],
        variables: Mapping[str, str],
        offline: bool,
    ) -> None:
        self.aliases = {alias.host: alias for alias in aliases}
        self.keyed = Web(variables=variables, indexes=indexes, offline=offline)
        self.keyless = Web(variables=variables, offline=offline)
        self.offline = offline
        self.proxies = Proxies(variables)
        self.password = secrets.token_hex(16)
        token = base64.b64encode(f"tool:{self.password}".encode()).decode("ascii")
        self.expected = f"Basic {token}".encode()
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.troubles: list[str] = []
        """Why something could not be fetched, in our words: a tool only sees a status."""
        super().__init__(("127.0.0.1", 0), _Connection)

    def server_bind(self) -> None:
        """Bind, and ask no name server what we are called."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", int(self.server_address[1])

    @property
    def url(self) -> str:
        """What the tool has to name as its proxy."""
        return f"http://tool:{self.password}@127.0.0.1:{self.server_port}"

    @contextlib.contextmanager
    def holding(self, connection: socket.socket) -> Iterator[None]:
        """Have a connection end with the relay."""
        with self._lock:
            self._sockets.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._sockets.discard(connection)

    def hang_up(self) -> None:
        """End all connections: who waits for one of them wakes up."""
        with self._lock:
            for connection in self._sockets:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def finish_request(
        self, request: socket.socket | tuple[bytes, socket.socket], client_address: object
    ) -> None:
        """Serve a connection to its end."""
        assert isinstance(request, socket.socket)  # noqa: S101 - of TCP
        with self.holding(request):
            super().finish_request(request, client_address)

    def handle_error(self, *_: object) -> None:
        """Say nothing: the tool sees that its connection ended."""


class _Connection(BaseHTTPRequestHandler):
    server: Relay
    protocol_version = "HTTP/1.1"
    timeout = IDLE
    error_content_type = "text/plain"
    error_message_format = "%(explain)s\n"
    begun = False
    """Whether an answer has been started."""

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Fetch an ``http`` URL."""
        parts = urlsplit(self.path)
        if not self._admitted():
            return
        if parts.scheme != "http" or not parts.hostname:
            self.send_error(400, explain="this is a proxy")
            return
        alias = self.server.aliases.get(parts.netloc.lower().removesuffix(":80"))
        if alias and not alias.allows(parts.path):
            self.send_error(403, explain="neither a page of the index nor a package file")
            return
        self.begun = False
        try:
            with self._fetched(alias) as answer:
                self._pass_on(answer, alias)
        except WebError as error:
            # What was sent cannot be taken back: then the connection ends too early, and the tool sees that.
            self.close_connection = True
            if not self.begun:
                self._unreachable(error.message)

    do_HEAD = do_GET  # noqa: N815

    def do_CONNECT(self) -> None:
        """Tunnel to a host, by way of the host's proxy: the tool speaks TLS with it, we only carry."""
        if not self._admitted():
            return
        self.close_connection = True
        host, _, port = self.path.rpartition(":")
        try:
            if self.server.offline:
                raise OSError("offline")  # noqa: TRY301 - one way to say no
            other = dial(self.server.proxies, host.strip("[]"), int(port))
        except (OSError, ValueError) as error:
            self._unreachable(f"cannot reach {excerpt(self.path)}: {excerpt(str(error), 200)}")
            return
        with other, self.server.holding(other):
            self.send_response_only(200)
            self.end_headers()
            with contextlib.suppress(OSError):
                carry(self.connection, other)

    def _unreachable(self, why: str) -> None:
        if len(self.server.troubles) < MOST_TROUBLES:
            self.server.troubles.append(why)
        # The status that every tool tries again.
        self.send_error(503, explain=why)

    def _admitted(self) -> bool:
        """Whether this is our tool; who is not is told so."""
        given = self.headers.get("Proxy-Authorization", "").encode()
        if hmac.compare_digest(given, self.server.expected):
            return True
        self.send_response(407)
        self.send_header("Proxy-Authenticate", 'Basic realm="envbuilder"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return False

    def _fetched(self, alias: Alias | None) -> Answer:
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP | {"host"}}
        if alias is None:
            return self.server.keyless.exchange(SafeUrl(self.path), headers=headers, method=self.command)
        headers = {name: value for name, value in headers.items() if name.lower() in ASKED}
        parts = urlsplit(self.path)
        if not is_file(parts.path):
            # What has to be read has to be unpacked.
            headers = {n: v for n, v in headers.items() if n.lower() not in ("accept-encoding", "range")}
            headers["Accept-Encoding"] = "gzip"
        url = alias.origin + parts._replace(scheme="", netloc="", fragment="").geturl()
        return self.server.keyed.exchange(SafeUrl(url), headers=headers, method=self.command)

    def _pass_on(self, answer: Answer, alias: Alias | None) -> None:
        headers = [(name, value) for name, value in answer.headers.items() if name.lower() not in HOP]
        if alias is None:
            self._stream(answer, headers)
            return
        headers = [
            (n, alias.shown(v)) for n, v in headers if n.lower() not in ("set-cookie", "www-authenticate")
        ]
        if is_file(urlsplit(self.path).path) or not answer.headers.get_content_type().startswith(PAGES):
            self._stream(answer, headers)
        else:
            self._page(answer, headers, alias)

    def _page(self, answer: Answer, headers: list[tuple[str, str]], alias: Alias) -> None:
        """Send a page with its links led through us."""
        body = b"" if self._bodiless(answer) else _unpacked(answer)
        shown = alias.shown(body.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
        changed = ("content-encoding", "content-length", "accept-ranges")
        kept = [(name, value) for name, value in headers if name.lower() not in changed]
        if not self._bodiless(answer):
            kept.append(("Content-Length", str(len(shown))))
        self._begin(answer.status, kept)
        self.wfile.write(shown)

    def _stream(self, answer: Answer, headers: list[tuple[str, str]]) -> None:
        """Send a body as it comes."""
        # Before HTTP/1.1 the connection's end is the body's.
        measured = "Content-Length" in answer.headers or self.request_version == "HTTP/1.0"
        chunked = not (measured or self._bodiless(answer))
        self._begin(answer.status, [*headers, *([("Transfer-Encoding", "chunked")] if chunked else [])])
        if self._bodiless(answer):
            return
        while chunk := answer.read(CHUNK):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk)
        if chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _begin(self, status: int, headers: list[tuple[str, str]]) -> None:
        self.begun = True
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()

    def _bodiless(self, answer: Answer) -> bool:
        return self.command == "HEAD" or answer.status in (204, 304)


def _unpacked(answer: Answer) -> bytes:
    """Return a page as text's bytes. Raises WebError for one that is too large, or packed in a way not asked for."""
    body = answer.whole(LARGEST_PAGE)
    encoding = answer.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("identity", ""):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise WebError(answer.url, "an index page in an encoding that was not asked for", passing=False)
    unpacker = zlib.decompressobj(wbits=31)
    try:
        page = unpacker.decompress(body, LARGEST_PAGE)
    except zlib.error:
        raise WebError(answer.url, "an index page that is damaged", passing=True) from None
    if not unpacker.eof:
        raise WebError(answer.url, "an index page that is damaged or too large", passing=False)
    return page
