"""A server on loopback that asks for credentials, stumbles and redirects as it is told."""

from __future__ import annotations

import base64
import contextlib
import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from envbuilder.lock import Artifact

SECRET = "hunter2"
TOKEN = "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode()


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder; asks for credentials where told, fails as often as told, redirects where told."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.guarded = False
        self.failures = 0
        self.drops = 0
        """How often it hangs up without an answer."""
        self.gate = False
        """Whether it is a proxy that asks for credentials."""
        self.elsewhere = ""
        self.slow: threading.Event | None = None
        """What the second half of every body waits for; such a body has no length."""
        self.cut = 0
        """Bytes after which every body breaks off."""
        self.seen: list[tuple[str, str]] = []
        """Each request's target and Authorization."""
        self.proxied: list[str] = []
        """Each Proxy-Authorization that came."""
        self.ranges = True
        """Whether it knows of ranges."""
        self.sent = 0
        """Bytes of bodies."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        authorization = self.headers.get("Authorization", "")
        self.server.seen.append((self.path, authorization))
        if proxied := self.headers.get("Proxy-Authorization"):
            self.server.proxied.append(proxied)
        file = self.server.folder / urlsplit(self.path).path.lstrip("/")
        if self.server.gate and self.headers.get("Proxy-Authorization") != TOKEN:
            self._answer(407)
        elif self.server.drops:
            self.server.drops -= 1
            self.close_connection = True
        elif self.server.failures:
            self.server.failures -= 1
            self._answer(503)
        elif self.server.guarded and authorization != TOKEN:
            self._answer(401)
        elif self.server.elsewhere:
            self._answer(302, headers={"Location": self.server.elsewhere + self.path})
        elif file.is_file():
            self._file(file.read_bytes())
        elif (file / "index.json").is_file():
            self._page((file / "index.json").read_bytes())
        else:
            self._answer(404)

    do_HEAD = do_GET  # noqa: N815

    def _trickle(self, content: bytes, event: threading.Event) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        half = len(content) // 2
        for part in (content[:half], content[half:]):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part))
            if part == content[:half]:
                event.wait(30)
        self.wfile.write(b"0\r\n\r\n")

    def _file(self, content: bytes) -> None:
        if self.server.slow:
            self._trickle(content, self.server.slow)
            return
        asked = self.headers.get("Range", "")
        if not asked or not self.server.ranges:
            self._answer(200, content)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start = int(first) if first else max(len(content) - int(last), 0)
        end = min(int(last) + 1, len(content)) if first and last else len(content)
        self._answer(206, content[start:end], {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"})

    def _page(self, content: bytes) -> None:
        headers = {"Content-Type": "application/vnd.pypi.simple.v1+json", "Cache-Control": "max-age=600"}
        if "gzip" in self.headers.get("Accept-Encoding", ""):
            content = gzip.compress(content)
            headers["Content-Encoding"] = "gzip"
        self._answer(200, content, headers)

    def do_CONNECT(self) -> None:
        """Tunnel to nowhere: what comes is sent back, with the name of the host before it."""
        self.server.seen.append((self.path, ""))
        self.server.proxied += filter(None, [self.headers.get("Proxy-Authorization")])
        if self.server.gate and self.headers.get("Proxy-Authorization") != TOKEN:
            self._answer(407)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode() + b": ")
        while chunk := self.connection.recv(100):
            self.wfile.write(chunk)
        self.close_connection = True

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            body = body[: self.server.cut] if self.server.cut else body
            self.server.sent += len(body)
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """Serve a folder for as long as the block lasts."""
    server = Server(folder)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def write_page(folder: Path, name: str, artifacts: list[Artifact], *, base: str = "../..") -> None:
    """Write the page of a project (PEP 691, 700) into a served folder; the files are at ``base``."""
    files = [
        {
            "filename": artifact.filename,
            "url": f"{base}/{artifact.filename}",
            "hashes": {"sha256": artifact.sha256},
            "upload-time": "2021-01-01T00:00:00Z",
        }
        for artifact in artifacts
    ]
    page = {"meta": {"api-version": "1.1"}, "name": name, "versions": ["1.0"], "files": files}
    path = folder / "simple" / name
    path.mkdir(parents=True, exist_ok=True)
    (path / "index.json").write_text(json.dumps(page))
