"""Fetching from servers of our own: what goes to which host, what is tried again, what an error says."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from envbuilder.origins import Key, origin_of
from envbuilder.proxies import Proxies, proxy_of
from envbuilder.redact import SafeUrl
from envbuilder.web import Web, WebError
from tests.webserver import SECRET, TOKEN, Server, serving


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envbuilder.web.PAUSES", (0.0, 0.0))


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Server]]:
    (tmp_path / "file").write_bytes(b"0123456789")
    with serving(tmp_path) as one, serving(tmp_path) as other:
        yield [one, other]


@pytest.fixture
def server(servers: list[Server]) -> Server:
    return servers[0]


def with_user(url: str) -> SafeUrl:
    return SafeUrl(url.replace("http://", f"http://user:{SECRET}@") + "/simple/")


def web(*indexes: SafeUrl, **variables: str) -> Web:
    return Web(variables=variables, indexes=indexes)


def test_a_page_comes_whole_with_its_headers(server: Server) -> None:
    page = web().page(SafeUrl(f"{server.url}/file"), limit=10)
    assert (page.body, page.headers["Content-Length"], str(page.url)) == (
        b"0123456789",
        "10",
        f"{server.url}/file",
    )


def test_a_page_that_is_too_large_is_refused(server: Server) -> None:
    with pytest.raises(WebError, match="more than 9 bytes") as caught:
        web().page(SafeUrl(f"{server.url}/file"), limit=9)
    assert (caught.value.code, len(server.seen)) == ("web/size", 1)


def test_a_part_of_a_file(server: Server) -> None:
    with web().open(SafeUrl(f"{server.url}/file"), headers={"Range": "bytes=-4"}) as answer:
        assert (answer.status, answer.read(10), answer.headers["Content-Range"]) == (
            206,
            b"6789",
            "bytes 6-9/10",
        )


def test_a_body_that_breaks_off_is_no_whole_one(server: Server) -> None:
    server.cut = 4
    with pytest.raises(WebError, match="ends 6 bytes too early") as caught:
        web().page(SafeUrl(f"{server.url}/file"), limit=10)
    assert (caught.value.passing, len(server.seen)) == (True, 3)


def test_a_server_that_stumbles_is_asked_again(server: Server) -> None:
    server.failures = 2
    assert web().page(SafeUrl(f"{server.url}/file"), limit=10).body
    assert len(server.seen) == 3


def test_what_is_not_there_is_asked_for_once(server: Server) -> None:
    with pytest.raises(WebError, match="HTTP status 404") as caught:
        web().page(SafeUrl(f"{server.url}/nothing"), limit=10)
    assert (caught.value.status, caught.value.code, len(server.seen)) == (404, "web/status", 1)
    assert pickle.loads(pickle.dumps(caught.value)).status == 404


def test_nobody_there_is_an_error_without_a_status(server: Server) -> None:
    with pytest.raises(WebError, match=r"cannot fetch http://127\.0\.0\.1:9/x: ") as caught:
        web().page(SafeUrl("http://127.0.0.1:9/x"), limit=10)
    assert (caught.value.status, caught.value.code, caught.value.passing) == (None, "web/network", True)


def test_offline_asks_nobody(server: Server) -> None:
    with pytest.raises(WebError) as caught:
        Web(variables={}, offline=True).open(SafeUrl(f"{server.url}/file"))
    assert (caught.value.code, server.seen) == ("web/offline", [])


@pytest.mark.parametrize("url", ["ftp://example.org/x", "file:///etc/passwd", "data:,x", "x"])
def test_other_schemes_are_refused(url: str) -> None:
    with pytest.raises(WebError) as caught:
        web().open(SafeUrl(url))
    assert caught.value.code == "web/scheme"


def test_credentials_go_to_the_indexs_host_alone(servers: list[Server]) -> None:
    own, other = servers
    client = web(with_user(own.url))
    for server in servers:
        client.page(SafeUrl(f"{server.url}/file"), limit=10)
    assert [authorization for _, authorization in own.seen + other.seen] == [TOKEN, ""]


@pytest.mark.parametrize("back", [False, True])
def test_a_redirect_takes_no_credentials_along(servers: list[Server], back: bool) -> None:
    own, other = servers
    first = other if back else own
    first.elsewhere = (own if back else other).url
    web(with_user(own.url)).page(SafeUrl(f"{first.url}/file"), limit=10)
    assert [authorization for _, authorization in own.seen + other.seen] == [TOKEN, ""]


def test_a_redirect_leads_to_no_file(server: Server) -> None:
    server.elsewhere = "file:///etc/passwd?"
    with pytest.raises(WebError, match="HTTP status 302"):
        Web(variables={}, schemes=("http", "file")).open(SafeUrl(f"{server.url}/file"))


def test_the_nearest_of_two_indexes_on_a_host_gives_its_credentials(server: Server) -> None:
    indexes = [SafeUrl(f"http://{name}:x@127.0.0.1:{server.server_port}/{name}/simple") for name in "ab"]
    with pytest.raises(WebError, match="404"):
        web(*indexes).open(SafeUrl(f"{server.url}/b/packages/x.whl"))
    ((_, authorization),) = server.seen
    assert authorization == "Basic Yjp4"


def test_a_token_in_the_path_is_put_back(server: Server) -> None:
    client = web(SafeUrl(f"{server.url}/root/t/{SECRET}/simple/"))
    for path in ("/root/simple/x/", f"/root/t/{SECRET}/files/x.whl", "/elsewhere/x.whl"):
        with pytest.raises(WebError, match="404") as caught:
            client.open(SafeUrl(server.url + path))
        assert SECRET not in str(caught.value)
    assert [path for path, _ in server.seen] == [
        f"/root/t/{SECRET}/simple/x/",
        f"/root/t/{SECRET}/files/x.whl",
        "/elsewhere/x.whl",
    ]


def test_an_exchange_follows_nothing_and_raises_for_no_status(servers: list[Server]) -> None:
    own, other = servers
    own.elsewhere = other.url
    with web().exchange(SafeUrl(f"{own.url}/file"), headers={}, method="HEAD") as answer:
        assert (answer.status, answer.headers["Location"]) == (302, f"{other.url}/file")
    with web().exchange(SafeUrl(f"{other.url}/nothing"), headers={}, method="GET") as answer:
        assert answer.status == 404


def test_a_proxy_is_told_its_own_password(servers: list[Server]) -> None:
    proxy, other = servers
    address = proxy.url.replace("http://", f"http://user:{SECRET}@")
    with pytest.raises(WebError, match="HTTP status 404"):
        web(http_proxy=address).open(SafeUrl("http://packages.example.org/x"))
    assert proxy.seen == [("http://packages.example.org/x", "")]
    assert proxy.proxied == [TOKEN]
    web(http_proxy=address, NO_PROXY="example.org, 127.0.0.0/8").page(SafeUrl(f"{other.url}/file"), limit=10)
    assert len(proxy.seen) == 1


def test_the_process_environment_says_nothing(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert web().page(SafeUrl(f"{server.url}/file"), limit=10).body
    monkeypatch.setenv("no_proxy", "*")
    with pytest.raises(WebError, match="refused"):
        web(http_proxy="http://127.0.0.1:9").page(SafeUrl(f"{server.url}/file"), limit=10)


@pytest.mark.parametrize(
    ("variables", "url", "port"),
    [
        ({"HTTP_PROXY": "http://a:1", "http_proxy": "http://a:2"}, "http://h/", 2),
        ({"ALL_PROXY": "a:3"}, "https://h/", 3),
        ({"https_proxy": "http://u:p@a:4", "ALL_PROXY": "a:3"}, "https://h/", 4),
        ({"http_proxy": "http://a:1"}, "https://h/", None),
        ({"http_proxy": "http://a", "no_proxy": "h"}, "http://sub.h:80/", None),
        ({"http_proxy": "http://a"}, "http://h/", 80),
        ({"http_proxy": "http://a:1", "no_proxy": "10.0.0.0/8"}, "http://10.2.3.4:8080/", None),
        ({"http_proxy": "http://a:1", "no_proxy": "10.0.0.0/8"}, "http://11.2.3.4:8080/", 1),
        ({"http_proxy": "http://a:1", "no_proxy": "*"}, "http://h/", None),
        ({}, "http://h/", None),
    ],
)
def test_which_proxy_a_url_goes_through(variables: dict[str, str], url: str, port: int | None) -> None:
    found = Proxies(variables).of(url)
    assert (found.port if found else None) == port


def test_a_proxys_password_does_not_show() -> None:
    proxy = proxy_of(f"http://user:{SECRET}@proxy.example.org:3128")
    assert proxy.authorization == TOKEN
    assert TOKEN not in repr(proxy)
    assert Proxies({"http_proxy": f"http://user:{SECRET}@a", "no_proxy": "x@y"}).secret
    assert not Proxies({"http_proxy": "http://a", "no_proxy": "x@y"}).secret


def test_a_proxy_of_another_kind_is_said_to_be_one(server: Server) -> None:
    with pytest.raises(WebError, match="a proxy variable names no http proxy") as caught:
        web(http_proxy="socks5://127.0.0.1:1080").page(SafeUrl(f"{server.url}/file"), limit=10)
    assert caught.value.passing is False


def test_origins() -> None:
    assert origin_of("https://u:p@Example.org:443/x") == origin_of("https://example.org/")
    assert origin_of("http://example.org:8080/") == "http://example.org:8080"
    assert Key.of(SafeUrl("https://example.org/simple")) is None
    assert SECRET not in repr(Key.of(SafeUrl(f"https://{SECRET}@example.org/simple")))
