"""Fetching against a server of our own, with and without credentials."""

from __future__ import annotations

import base64
import dataclasses
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from envbuilder.builder import fetching
from envbuilder.builder.fetching import Fetcher
from envbuilder.builder.installer import BuildLog, Job
from envbuilder.environment import Interpreter
from envbuilder.errors import BuildError
from envbuilder.lock import Artifact
from envbuilder.policy import DEFAULT, Policy, Sources
from envbuilder.progress import SILENT
from envbuilder.redact import SafeUrl
from envbuilder.settings import Settings
from tests.builder.conftest import Make, lock_of
from tests.builder.wheelsmith import make_sdist, make_wheel

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
        self.seen: list[tuple[str, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        authorization = self.headers.get("Authorization", "")
        self.server.seen.append((self.path, authorization))
        file = self.server.folder / urlsplit(self.path).path.lstrip("/")
        if self.server.failures:
            self.server.failures -= 1
            self._answer(503)
        elif self.server.guarded and authorization != TOKEN:
            self._answer(401)
        elif self.server.elsewhere:
            self._answer(302, location=self.server.elsewhere + self.path)
        elif file.is_file():
            self._answer(200, file.read_bytes())
        else:
            self._answer(404)

    do_HEAD = do_GET  # noqa: N815

    def _answer(self, status: int, body: bytes = b"", location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def servers(shop: Path) -> Iterator[list[Server]]:
    started = [Server(shop), Server(shop)]
    threads = [threading.Thread(target=server.serve_forever, args=(0.02,)) for server in started]
    for thread in threads:
        thread.start()
    yield started
    for server, thread in zip(started, threads, strict=True):
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server(servers: list[Server]) -> Server:
    return servers[0]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PAUSES", (0.0, 0.0))


@pytest.fixture
def job(running: Interpreter, tmp_path: Path, host: Settings) -> Job:
    tree, scratch = tmp_path / "tree", tmp_path / "scratch"
    return Job(
        lock=lock_of(running),
        interpreter=running,
        tree=tree,
        scratch=scratch,
        packages=tmp_path / "packages",
        settings=dataclasses.replace(host, offline=False),
        policy=DEFAULT,
        progress=SILENT,
        log=BuildLog(),
    )


def at(artifact: Artifact, url: str) -> Artifact:
    return dataclasses.replace(artifact, url=SafeUrl(f"{url}/{artifact.filename}"))


def with_index(job: Job, url: str) -> Job:
    index = SafeUrl(url.replace("http://", f"http://user:{SECRET}@") + "/simple/")
    return dataclasses.replace(job, policy=Policy(sources=Sources(indexes=(index,))))


def test_a_file_is_fetched_once(job: Job, shop: Path, server: Server) -> None:
    wheel = at(make_wheel(shop, "plain"), server.url)
    (path,) = Fetcher(job).fetch([wheel])
    assert path.read_bytes() == (shop / wheel.filename).read_bytes()
    assert Fetcher(job).fetch([wheel]) == (path,)
    assert len(server.seen) == 1


def test_files_come_in_the_order_asked_for(job: Job, shop: Path, server: Server) -> None:
    wheels = [at(make_wheel(shop, f"plain{number}"), server.url) for number in range(9)]
    assert [path.name for path in Fetcher(job).fetch(wheels)] == [wheel.filename for wheel in wheels]


def test_credentials_go_to_the_indexs_host_alone(job: Job, shop: Path, servers: list[Server]) -> None:
    own, other = servers
    job = with_index(job, own.url)
    Fetcher(job).fetch([at(make_wheel(shop, "one"), own.url), at(make_wheel(shop, "two"), other.url)])
    assert own.seen == [("/one-1.0-py3-none-any.whl", TOKEN)]
    assert other.seen == [("/two-1.0-py3-none-any.whl", "")]


def test_a_redirect_takes_no_credentials_along(job: Job, shop: Path, servers: list[Server]) -> None:
    own, other = servers
    own.elsewhere = other.url
    Fetcher(with_index(job, own.url)).fetch([at(make_wheel(shop, "one"), own.url)])
    assert [authorization for _, authorization in own.seen + other.seen] == [TOKEN, ""]


def test_a_server_that_stumbles_is_asked_again(job: Job, shop: Path, server: Server) -> None:
    server.failures = 2
    wheel = at(make_wheel(shop, "plain"), server.url)
    assert Fetcher(job).fetch([wheel])[0].is_file()
    assert len(server.seen) == 3


def test_a_server_that_stays_down_is_an_error(job: Job, shop: Path, server: Server) -> None:
    server.failures = 99
    with pytest.raises(BuildError, match=r"cannot fetch plain-1\.0.*503") as caught:
        Fetcher(job).fetch([at(make_wheel(shop, "plain"), server.url)])
    assert caught.value.code == "build/network"


def test_a_file_that_is_gone_is_asked_for_once(job: Job, shop: Path, server: Server) -> None:
    wheel = at(make_wheel(shop, "plain"), server.url + "/elsewhere")
    with pytest.raises(BuildError, match="404"):
        Fetcher(job).fetch([wheel])
    assert len(server.seen) == 1


def test_another_file_is_refused_and_not_kept(job: Job, shop: Path, server: Server) -> None:
    wheel = dataclasses.replace(at(make_wheel(shop, "plain"), server.url), sha256="ab" * 32)
    with pytest.raises(BuildError) as caught:
        Fetcher(job).fetch([wheel])
    assert caught.value.code == "build/hash-mismatch"
    assert [path for path in (job.packages / "files").rglob("*") if path.is_file()] == []


def test_offline_asks_nobody(job: Job, shop: Path, server: Server) -> None:
    offline = dataclasses.replace(job, settings=dataclasses.replace(job.settings, offline=True))
    with pytest.raises(BuildError, match="not in the store"):
        Fetcher(offline).fetch([at(make_wheel(shop, "plain"), server.url)])
    assert server.seen == []


def test_other_schemes_are_refused(job: Job, shop: Path) -> None:
    wheel = at(make_wheel(shop, "plain"), "ftp://example.org")
    with pytest.raises(BuildError, match=r"cannot fetch ftp://example\.org"):
        Fetcher(job).fetch([wheel])


def test_a_guarded_index_serves_the_whole_build(
    make: Make, shop: Path, server: Server, host: Settings, tmp_path: Path
) -> None:
    """Wheels and sources come with credentials; the build and the environment know nothing of them."""
    server.guarded = True
    index = SafeUrl(f"http://user:{SECRET}@127.0.0.1:{server.server_port}/simple")
    settings = dataclasses.replace(host, offline=False, index=index)
    files = (at(make_wheel(shop, "plain"), server.url), at(make_sdist(shop, "built"), server.url))
    built = make(*files, settings=settings, imports=("plain", "built"))
    (module,) = built.environment.prefix.rglob("site-packages/built.py")
    assert SECRET not in module.read_text()
    kept = [path for path in (tmp_path / "store").rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]
