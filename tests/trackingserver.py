"""A real MLflow server on loopback, out of a fixture's own environment, behind a proxy that counts requests."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

SEED = """
import json, sys
from mlflow import MlflowClient
asked = json.load(sys.stdin)
client = MlflowClient()
answer = {}
for name, folder, alias in asked:
    run = client.create_run("0")
    client.log_artifacts(run.info.run_id, folder, "model")
    client.set_terminated(run.info.run_id)
    try:
        client.create_registered_model(name)
    except Exception as error:
        assert "ALREADY_EXISTS" in str(error)
    made = client.create_model_version(name, run.info.artifact_uri + "/model", run.info.run_id)
    if alias:
        client.set_registered_model_alias(name, alias, made.version)
    answer[name] = [str(made.version), run.info.run_id, run.info.artifact_uri]
print(json.dumps(answer))
"""
"""Registers (name, folder, alias) as the next version of each name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Tracking:
    """A server: where it is, where its artifacts are on the disk, and what was asked of it."""

    uri: str
    artifacts: Path
    requests: list[str] = field(default_factory=list)

    def python(self, program: str, stdin: str = "") -> str:
        """Run a program with MLflow against the server; return what it prints."""
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program],
            env={**os.environ, "MLFLOW_TRACKING_URI": self.uri},
            input=stdin, capture_output=True, text=True, check=False, timeout=300,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.strip().splitlines()[-1]

    def register(self, *models: tuple[str, Path, str]) -> dict[str, tuple[str, str, str]]:
        """Register folders as versions; return version, run id and artifact URI by name."""
        asked = json.dumps([(name, str(folder), alias) for name, folder, alias in models])
        return {name: tuple(found) for name, found in json.loads(self.python(SEED, asked)).items()}

    @contextmanager
    def watched(self) -> Iterator[list[str]]:
        """Yield the list of the requests that the block makes, each as ``METHOD path``."""
        start = len(self.requests)
        seen: list[str] = []
        yield seen
        seen += self.requests[start:]


@contextmanager
def tracking_server(python: Path, folder: Path) -> Iterator[Tracking]:
    """Run a server with the MLflow of an environment: SQLite, artifacts proxied."""
    port = _free_port()
    artifacts = folder / "artifacts"
    argv = [
        str(python), "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
        "--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(artifacts), "--serve-artifacts",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            argv, cwd=folder, stdout=log, stderr=log, start_new_session=True,
            env={"PATH": f"{python.parent}:/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
    try:
        _wait(port, child, folder / "log")
        with _counting(port) as (uri, requests):
            yield Tracking(uri=uri, artifacts=artifacts, requests=requests)
    finally:
        os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait(port: int, child: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 180
    while time.monotonic() < end and child.poll() is None:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            connection.request("GET", "/health")
            healthy = connection.getresponse().status == 200
            connection.close()
        except OSError:
            healthy = False
        if healthy:
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text()[-2000:])


@contextmanager
def _counting(port: int) -> Iterator[tuple[str, list[str]]]:
    requests: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass_on(self) -> None:
            requests.append(f"{self.command} {self.path}")
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else _chunked(self) if _is_chunked(self) else None
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
            headers = {
                k: v
                for k, v in self.headers.items()
                if k.lower() not in {"transfer-encoding", "host", "content-length"}
            }
            connection.request(self.command, self.path, body=body, headers=headers)
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {
                    "transfer-encoding",
                    "connection",
                    "content-length",
                    "date",
                    "server",
                }:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass_on  # noqa: N815

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _is_chunked(handler: BaseHTTPRequestHandler) -> bool:
    return handler.headers.get("Transfer-Encoding", "").lower() == "chunked"


def _chunked(handler: BaseHTTPRequestHandler) -> bytes:
    body = b""
    while size := int(handler.rfile.readline().split(b";")[0], 16):
        body += handler.rfile.read(size)
        handler.rfile.readline()
    handler.rfile.readline()
    return body
