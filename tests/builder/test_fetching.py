"""Fetching against a server of our own, with and without credentials."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

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
from tests.webserver import SECRET, TOKEN, Server, serving


@pytest.fixture
def servers(shop: Path) -> Iterator[list[Server]]:
    with serving(shop) as one, serving(shop) as other:
        yield [one, other]


@pytest.fixture
def server(servers: list[Server]) -> Server:
    return servers[0]


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envbuilder.web.PAUSES", (0.0, 0.0))


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
    with pytest.raises(BuildError, match=r"cannot fetch plain-1\.0.*: not https or http or file"):
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
