"""A server on loopback that asks for credentials, stumbles and redirects as it is told."""

from __future__ import annotations

import base64
import contextlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

SECRET = "hunter2"
TOKEN = "Basic " + base64.b64encode(f"user:{SECRET}".encode()).decode()


class Server(http.server.ThreadingHTTPServer):
    """Serves a folder; asks for credentials where told, fails as often as told, redirects where told."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.guarded = False
        self.failures = 0
        self.elsewhere = ""
        self.cut = 0
        """Bytes after which every body breaks off."""
        self.seen: list[tuple[str, str]] = []
        """Each request's target and Authorization."""
        self.proxied: list[str] = []
        """Each Proxy-Authorization that came."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        authorization = self.headers.get("Authorization", "")
        self.server.seen.append((self.path, authorization))
        if proxied := self.headers.get("Proxy-Authorization"):
            self.server.proxied.append(proxied)
        file = self.server.folder / urlsplit(self.path).path.lstrip("/")
        if self.server.failures:
            self.server.failures -= 1
            self._answer(503)
        elif self.server.guarded and authorization != TOKEN:
            self._answer(401)
        elif self.server.elsewhere:
            self._answer(302, headers={"Location": self.server.elsewhere + self.path})
        elif file.is_file():
            self._file(file.read_bytes())
        else:
            self._answer(404)

    do_HEAD = do_GET  # noqa: N815

    def _file(self, content: bytes) -> None:
        asked = self.headers.get("Range", "")
        if not asked:
            self._answer(200, content)
            return
        first, _, last = asked.removeprefix("bytes=").partition("-")
        start = int(first) if first else len(content) - int(last)
        end = min(int(last) + 1, len(content)) if first and last else len(content)
        self._answer(206, content[start:end], {"Content-Range": f"bytes {start}-{end - 1}/{len(content)}"})

    def _answer(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body[: self.server.cut] if self.server.cut else body)

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
