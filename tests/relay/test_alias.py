"""What a tool is shown of an index with secrets, and what its words mean."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.redact import SafeUrl
from envbuilder.relay.alias import Alias, aliases_of
from envbuilder.relay.passage import passage

SECRET = "hunter2"


def alias(*urls: str) -> Alias:
    (one,) = aliases_of([SafeUrl(url) for url in urls])
    return one


PLAIN = alias(f"https://user:{SECRET}@index.example.org/root/simple/")


def test_the_host_does_not_exist_and_stays_the_same() -> None:
    assert PLAIN.host.endswith(".index.invalid")
    others = ("https://x@INDEX.example.org:443/other/simple", "https://index.example.org/t/TOKEN/simple")
    assert {alias(url).host for url in others} == {PLAIN.host}
    assert alias("http://x@index.example.org/simple").host != PLAIN.host
    assert alias("https://x@index.example.org:8443/simple").host != PLAIN.host


def test_only_indexes_with_secrets_have_one() -> None:
    assert aliases_of([SafeUrl("https://example.org/simple"), SafeUrl("/a/folder")]) == ()
    two = alias("https://x@example.org/a/simple", "https://example.org/b/simple")
    assert two.roots == ("/a/simple/", "/b/simple/")


@pytest.mark.parametrize(
    ("real", "shown"),
    [
        ("https://index.example.org/x", "/x"),
        ("https://index.example.org:443/x", "/x"),
        ("https://someone:else@index.example.org/x", "/x"),
        ("HTTPS://Index.Example.org/x", "/x"),
        (json.dumps("https://index.example.org/x").replace("/", "\\/"), None),
        ("https://index.example.org", ""),
        ("https://index.example.org:8443/x", False),
        ("https://index.example.org.evil.example/x", False),
        ("https://my-index.example.org/x", False),
        ("http://index.example.org/x", False),
    ],
)
def test_what_is_led_through_the_relay(real: str, shown: str | bool | None) -> None:
    found = PLAIN.shown(f'<a href="{real}">')
    match shown:
        case False:
            assert found == f'<a href="{real}">'
        case None:
            assert PLAIN.host in found
        case _:
            assert found == f'<a href="{PLAIN.url}{shown}">'


def test_a_token_is_in_no_page_and_no_index_url() -> None:
    url = SafeUrl(f"https://index.example.org/root/t/{SECRET}/simple/")
    one = alias(url.secret)
    assert one.index(url) == f"{one.url}/root/simple/"
    page = f'["/root/t/{SECRET}/x.whl", "https:\\/\\/index.example.org\\/root\\/t\\/{SECRET}\\/x.whl"]'
    assert SECRET not in one.shown(page)
    assert SECRET not in repr(one)


@given(st.from_regex(r"(/[A-Za-z0-9._~!$&'()*+,=:@%-]{0,12}){1,5}(\?[a-z=&]{0,9})?", fullmatch=True))
def test_what_is_shown_comes_back(path: str) -> None:
    url = f"https://index.example.org{path}"
    assert PLAIN.real(PLAIN.shown(url)) == url
    assert PLAIN.shown(PLAIN.shown(url)) == PLAIN.shown(url)


@pytest.mark.parametrize(
    "path",
    [
        "/root/simple", "/root/simple/", "/root/simple/numpy/", "/files/numpy-1.0-py3-none-any.whl",
        "/files/numpy-1.0-py3-none-any.whl.metadata", "/files/a-1.tar.gz", "/files/a-1.zip", "/f/A-1.TAR.BZ2",
    ],
)  # fmt: skip
def test_pages_and_files_are_allowed(path: str) -> None:
    assert PLAIN.allows(path)


@pytest.mark.parametrize(
    "path",
    [
        "", "/", "/root", "/root/simple2/", "/api/token", "/api/token/.whl", "/api/token;.whl", "/api/x.whl/token",
        "/root/simple/../../api/token", "/root/simple/%2e%2e/%2E%2e/api/token", "/root/simple/..%2f..%2fapi",
        "/root/simple/..\\..\\api", "/root/simple/.%2e/api", "/api/..;/x.whl", "/x.whl.exe",
    ],
)  # fmt: skip
def test_nothing_else_is(path: str) -> None:
    assert not PLAIN.allows(path)


def test_where_nothing_is_secret_nothing_changes() -> None:
    variables = {"HTTPS_PROXY": "http://proxy.example.org:3128", "NO_PROXY": "x", "LANG": "C"}
    with passage(indexes=[SafeUrl("https://example.org/simple")], variables=variables) as way:
        assert (way.indexes, way.variables, way.hosts) == (("https://example.org/simple",), variables, ())


def test_a_secret_is_in_nothing_that_a_tool_is_told() -> None:
    indexes = [
        SafeUrl(f"https://user:{SECRET}@one.example.org/simple"),
        SafeUrl(f"https://two.example.org/t/{SECRET}/simple"),
        SafeUrl("https://three.example.org/simple"),
    ]
    variables = {"HTTPS_PROXY": f"http://user:{SECRET}@proxy.example.org:3128", "no_proxy": "x", "LANG": "C"}
    with passage(indexes=indexes, variables=variables) as way:
        assert SECRET not in repr((way.indexes, dict(way.variables), way.hosts))
        assert way.indexes[2] == "https://three.example.org/simple"
        assert {name.lower() for name in way.variables} == {"http_proxy", "https_proxy", "all_proxy", "lang"}
        assert (
            way.real(f"{way.indexes[0]} {way.hosts[1]}") == "https://one.example.org/simple two.example.org"
        )
