"""Servers with certificates of our own: whom we trust, and tunnels through proxies that want a password."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from envbuilder.redact import SafeUrl
from envbuilder.relay.passage import Passage, passage
from envbuilder.web import Web, WebError
from tests.relay.test_server import ask, at, password
from tests.webserver import SECRET, TOKEN, Server, serving


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusting(authority: trustme.CA, tmp_path: Path) -> dict[str, str]:
    """The variables of a host that trusts that authority."""
    path = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return {"SSL_CERT_FILE": str(path)}


@pytest.fixture
def server(authority: trustme.CA, tmp_path: Path) -> Iterator[Server]:
    (tmp_path / "file-1.0.zip").write_bytes(b"0123456789")
    with serving(tmp_path) as one:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost").configure_cert(context)
        one.socket = context.wrap_socket(one.socket, server_side=True)
        one.guarded = True
        yield one


@pytest.fixture
def proxy() -> Iterator[Passage]:
    """A proxy that wants a password; one relay is the host's proxy for the other."""
    with passage(indexes=[], variables={"http_proxy": "http://u:p@127.0.0.1:9"}) as way:
        yield way


def url(server: Server, user: str = "") -> SafeUrl:
    return SafeUrl(f"https://{user}localhost:{server.server_port}/file-1.0.zip")


def test_a_certificate_that_the_host_trusts(server: Server, trusting: dict[str, str]) -> None:
    page = Web(variables=trusting).page(url(server, f"user:{SECRET}@"), limit=10)
    assert (page.body, server.seen) == (b"0123456789", [("/file-1.0.zip", TOKEN)])


def test_a_certificate_that_it_does_not(server: Server) -> None:
    with pytest.raises(WebError, match="CERTIFICATE_VERIFY_FAILED") as caught:
        Web(variables={}).page(url(server), limit=10)
    assert caught.value.passing is False


def test_a_tunnel_with_a_password(server: Server, trusting: dict[str, str], proxy: Passage) -> None:
    variables = {**trusting, "https_proxy": proxy.variables["https_proxy"]}
    client = Web(variables=variables, indexes=[url(server, f"user:{SECRET}@")])
    assert client.page(url(server), limit=10).body == b"0123456789"
    assert (server.seen, server.proxied) == ([("/file-1.0.zip", TOKEN)], [])
    wrong = {**trusting, "https_proxy": variables["https_proxy"].replace("tool:", "other:")}
    with pytest.raises(WebError, match="407"):
        Web(variables=wrong).open(url(server))


def test_a_relay_behind_a_proxy_with_a_password(
    server: Server, trusting: dict[str, str], proxy: Passage
) -> None:
    variables = {**trusting, "https_proxy": proxy.variables["https_proxy"]}
    index = SafeUrl(f"https://user:{SECRET}@localhost:{server.server_port}/simple")
    with passage(indexes=[index], variables=variables) as way:
        assert way.variables["SSL_CERT_FILE"] == trusting["SSL_CERT_FILE"]
        answer, body = ask(way, at(way, "file-1.0.zip"))
        assert (answer.status, body) == (200, b"0123456789")
        assert way.real(at(way, "file-1.0.zip")) == url(server).secret
        assert password(way) != password(proxy)
    assert (server.seen, server.proxied) == ([("/file-1.0.zip", TOKEN)], [])
