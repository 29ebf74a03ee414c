"""The relay between a client that knows nothing and servers of our own."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from envbuilder.lock import Artifact
from envbuilder.proxies import basic_authorization
from envbuilder.redact import SafeUrl
from envbuilder.relay.passage import Passage, passage
from tests.builder.wheelsmith import make_wheel
from tests.webserver import SECRET, TOKEN, Server, serving, write_page


@pytest.fixture
def wheel(shop: Path) -> Artifact:
    wheel = make_wheel(shop, "plain")
    write_page(shop, "plain", [wheel])
    return wheel


@pytest.fixture
def server(shop: Path, wheel: Artifact) -> Iterator[Server]:
    with serving(shop) as one:
        one.guarded = True
        yield one


@pytest.fixture
def way(server: Server) -> Iterator[Passage]:
    with passage(indexes=[index_of(server)], variables={}) as found:
        yield found


def index_of(server: Server) -> SafeUrl:
    return SafeUrl(f"http://user:{SECRET}@127.0.0.1:{server.server_port}/simple")


@contextmanager
def connected(way: Passage) -> Iterator[http.client.HTTPConnection]:
    proxy = urlsplit(way.variables["http_proxy"])
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)
    try:
        yield connection
    finally:
        connection.close()


def password(way: Passage) -> dict[str, str]:
    netloc = urlsplit(way.variables["http_proxy"]).netloc
    return {"Proxy-Authorization": basic_authorization(netloc)}


def ask(
    way: Passage, url: str, method: str = "GET", **headers: str
) -> tuple[http.client.HTTPResponse, bytes]:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    with connected(way) as connection:
        connection.request(method, url, headers={**password(way), **sent})
        answer = connection.getresponse()
        return answer, answer.read()


def at(way: Passage, path: str) -> str:
    return f"http://{way.hosts[0]}/{path}"


def test_a_page_comes_with_its_links_led_through_the_relay(
    way: Passage, server: Server, shop: Path, wheel: Artifact
) -> None:
    write_page(shop, "plain", [wheel], base=server.url.replace("http://", f"http://user:{SECRET}@"))
    answer, body = ask(way, at(way, "simple/plain/"), Accept="application/vnd.pypi.simple.v1+json")
    assert (answer.status, answer.headers["Content-Encoding"]) == (200, None)
    assert json.loads(body)["files"][0]["url"] == at(way, wheel.filename)
    assert answer.headers["Cache-Control"] == "max-age=600"
    assert way.real(at(way, wheel.filename)) == f"{server.url}/{wheel.filename}"


def test_files_and_parts_of_them_come_as_they_are(
    way: Passage, server: Server, shop: Path, wheel: Artifact
) -> None:
    content = (shop / wheel.filename).read_bytes()
    answer, body = ask(way, at(way, wheel.filename))
    assert (answer.status, body) == (200, content)
    answer, body = ask(way, at(way, wheel.filename), Range="bytes=2-5")
    assert (answer.status, body, answer.headers["Content-Range"]) == (
        206, content[2:6], f"bytes 2-5/{len(content)}",
    )  # fmt: skip
    answer, body = ask(way, at(way, wheel.filename), "HEAD")
    assert (answer.status, body, answer.headers["Content-Length"]) == (200, b"", str(len(content)))


@pytest.mark.parametrize("path", ["simple/nothing/", "files/nothing-1.0.tar.gz"])
def test_a_status_comes_as_it_is(way: Passage, server: Server, path: str) -> None:
    assert ask(way, at(way, path))[0].status == 404
    server.failures = 1
    assert ask(way, at(way, path))[0].status == 503
    assert {authorization for _, authorization in server.seen} == {TOKEN}


def test_a_redirect_is_the_tools_own_affair(way: Passage, server: Server) -> None:
    server.elsewhere = server.url.replace("http://", f"http://user:{SECRET}@") + "/other"
    answer, _ = ask(way, at(way, "simple/plain/"))
    assert (answer.status, answer.headers["Location"]) == (302, at(way, "other/simple/plain/"))
    server.elsewhere = "https://cdn.example.org"
    answer, _ = ask(way, at(way, "simple/plain/"))
    assert answer.headers["Location"] == "https://cdn.example.org/simple/plain/"


def test_a_body_comes_as_it_is_sent(way: Passage, server: Server, shop: Path, wheel: Artifact) -> None:
    content = (shop / wheel.filename).read_bytes()
    server.slow = threading.Event()
    with connected(way) as connection:
        connection.request("GET", at(way, wheel.filename), headers=password(way))
        answer = connection.getresponse()
        first = answer.read1(len(content))
        assert content.startswith(first)
        assert first
        server.slow.set()
        assert first + answer.read() == content


def test_a_body_that_breaks_off_breaks_off(way: Passage, server: Server, wheel: Artifact) -> None:
    server.cut = 10
    with pytest.raises(http.client.IncompleteRead):
        ask(way, at(way, wheel.filename))


@pytest.mark.parametrize("given", [{}, {"Proxy-Authorization": "Basic eDp5"}, {"Proxy-Authorization": "ä"}])
@pytest.mark.parametrize("method", ["GET", "CONNECT"])
def test_nobody_else_is_served(way: Passage, server: Server, given: dict[str, str], method: str) -> None:
    with connected(way) as connection:
        target = at(way, "simple/plain/") if method == "GET" else f"127.0.0.1:{server.server_port}"
        connection.request(method, target, headers=given)
        assert connection.getresponse().status == 407
    assert server.seen == []


def test_the_credentials_open_nothing_but_pages_and_files(way: Passage, server: Server) -> None:
    for path in ("api/token", "simple/../api/token", "simple/%2e%2e/api/token"):
        assert ask(way, at(way, path))[0].status == 403
    assert ask(way, at(way, "simple/plain/"), "POST")[0].status == 501
    assert server.seen == []


def test_the_real_name_gets_no_credentials(way: Passage, server: Server) -> None:
    answer, _ = ask(way, f"{server.url}/simple/plain/", Authorization="Basic eDp5")
    assert (answer.status, server.seen) == (401, [("/simple/plain/", "Basic eDp5")])


def test_an_origin_form_is_no_request(way: Passage) -> None:
    assert ask(way, "/simple/plain/")[0].status == 400


def test_what_cannot_be_reached_is_told_in_our_words(server: Server, wheel: Artifact) -> None:
    index = SafeUrl(f"http://user:{SECRET}@127.0.0.1:9/simple")
    with passage(indexes=[index], variables={}) as way:
        answer, body = ask(way, at(way, "simple/plain/"))
        assert (answer.status, b"Connection refused" in body) == (503, True)
        assert ["127.0.0.1:9/simple/plain/" in trouble for trouble in way.troubles] == [True]
        assert SECRET not in str(way.troubles)
    with passage(indexes=[index_of(server)], variables={}, offline=True) as way:
        assert ask(way, at(way, "simple/plain/"))[0].status == 503
        assert ask(way, "x:443", "CONNECT")[0].status == 503
    assert server.seen == []


@pytest.mark.parametrize("through", ["a proxy", "none"])
def test_a_tunnel_leads_through_the_hosts_proxy(server: Server, through: str) -> None:
    """The server repeats what it hears; as a proxy it tells before to whom it was asked to go."""
    server.gate = through == "a proxy"
    proxy = f"http://user:{SECRET}@127.0.0.1:{server.server_port}"
    variables = {"https_proxy": proxy} if server.gate else {"http_proxy": proxy}
    with listening() as port, passage(indexes=[], variables=variables) as way, connected(way) as connection:
        target = "packages.example.org:443" if server.gate else f"127.0.0.1:{port}"
        connection.connect()
        lines = [f"CONNECT {target} HTTP/1.1", *(f"{n}: {v}" for n, v in password(way).items()), "", ""]
        connection.sock.sendall("\r\n".join(lines).encode())
        stream = connection.sock.makefile("rb")
        with stream:
            assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
            assert stream.readline() == b"\r\n"
            connection.sock.sendall(b"hello")
            expected = f"{target}: hello".encode() if server.gate else b"hello"
            assert stream.read(len(expected)) == expected
    assert server.proxied == ([TOKEN] if server.gate else [])


def test_a_proxy_that_refuses_is_told(server: Server) -> None:
    server.gate = True
    proxy = f"http://user:wrong@127.0.0.1:{server.server_port}"
    with passage(indexes=[], variables={"https_proxy": proxy}) as way:
        assert ask(way, "packages.example.org:443", "CONNECT")[0].status == 503
        assert list(way.troubles) == [
            "cannot reach packages.example.org:443: the proxy answers 407 Proxy Authentication Required"
        ]


@contextmanager
def listening() -> Iterator[int]:
    """A server for one connection that repeats what it hears."""

    def repeat() -> None:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed: the test wanted nobody to come
            return
        with connection:
            while chunk := connection.recv(100):
                connection.sendall(chunk)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=repeat, daemon=True)
        thread.start()
        yield listener.getsockname()[1]


def test_all_ends_with_the_run(server: Server, wheel: Artifact) -> None:
    server.slow = threading.Event()
    with passage(indexes=[index_of(server)], variables={}) as way, connected(way) as connection:
        port = urlsplit(way.variables["http_proxy"]).port
        connection.request("GET", at(way, wheel.filename), headers=password(way))
        answer = connection.getresponse()
        assert answer.read1(1)
        waiting = socket.create_connection(("127.0.0.1", port))
        time.sleep(0.2)
    server.slow.set()
    with waiting:
        assert waiting.recv(1) == b""
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port))
