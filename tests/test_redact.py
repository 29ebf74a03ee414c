"""Secrets are masked by type, and untrusted text cannot move a cursor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.redact import MASK, SafeUrl, excerpt, masked, visible

SECRETS = [
    ("https://user:hunter2@host.example.org/simple", "hunter2"),
    ("https://user:hunter2@host.example.org/simple", "user"),
    ("https://ghp_token@host.example.org/simple", "ghp_token"),
    ("https://conda.example.org/t/tk-123/main", "tk-123"),
    ("https://conda.example.org/T/tk-123/main", "tk-123"),
    ("https://host.example.org/simple?token=abc123&x=1", "abc123"),
    ("https://host.example.org/x.whl?abc123", "abc123"),
    ("https://host.example.org/x.whl#token=abc123", "abc123"),
    ("https://host.example.org/simple;token=abc123/numpy", "abc123"),
    ("https://host.example.org/simple&access_token=abc123", "abc123"),
    ("git+https://oauth2:glpat-x@host.example.org/a/b", "glpat-x"),
    ("git+ssh://deploy:hunter2@host.example.org/a", "hunter2"),
    ("deploy:hunter2@host.example.org:a/b.git", "hunter2"),
    ("https://user:hun'ter2@host.example.org/simple", "ter2"),
    ('https://user:hun"ter2@host.example.org/simple', "ter2"),
    ("https://user:hunter2/x@host.example.org/simple", "hunter2"),
    ("https://user:hunter2?x@host.example.org/simple", "hunter2"),
    ("https://user:hunter2#x@host.example.org/simple", "hunter2"),
    ("https://user:#hunter2@host.example.org/simple", "hunter2"),
    ("https://user:/hunter2@host.example.org/simple", "hunter2"),
    ("https://user:123#hunter2@host.example.org/simple", "123"),
    ("https://user:123?hunter2@host.example.org/simple", "hunter2"),
    ("./https://user:hunter2@host.example.org/simple", "hunter2"),
    ("'https://ghp_token@host.example.org/simple'", "ghp_token"),
    ("a:https://user:hunter2@host.example.org/simple", "hunter2"),
    ("https://mirror.example.org/x/https://user:hunter2@host.example.org/simple", "hunter2"),
    ("${A}https://user:hunter2@host.example.org/simple", "hunter2"),
    ("https://user:hunter2@[host/simple", "hunter2"),
    ("https:/user:hunter2@host.example.org/simple", "hunter2"),
    ("//user:hunter2@host.example.org/simple", "user"),
    ("//user:hunter2@host.example.org/simple", "hunter2"),
    ("https://conda.example.org/%74/tk-123/main", "tk-123"),
    ("https://conda.example.org/t%2Ftk-123/main", "tk-123"),
]


@pytest.mark.parametrize(("url", "secret"), SECRETS)
def test_no_way_of_showing_a_url_shows_its_secret(url: str, secret: str) -> None:
    safe = SafeUrl(url)
    for shown in (str(safe), repr(safe), f"{safe}", safe.stripped, excerpt(f"error at {url} now", 500)):
        assert secret not in shown
    assert safe.secret == url
    assert safe.has_credentials


@pytest.mark.parametrize(
    "url",
    [
        "https://host.example.org/simple/",
        "git+ssh://git@host.example.org/a/b@v1",
        "file:///srv/wheels",
        "https://host.example.org/x-1.0.zip;python_version=='3.8'",
        "file:///home/me@work/wheels",
        "file:///me@work/wheels",
        "../wheels",
        "/home/me@work/wheels",
        "conda-forge",
        "https://host.example.org:8443/simple/a@b",
        "https://[2001:db8::1]:8443/simple",
        "https://host.example.org/a-1.0.whl#sha256=" + "0" * 64,
        "HTTPS://Host.example.org/simple",
        "https://host.example.org/simple?",
        "https://host.example.org/simple#",
    ],
)
def test_what_holds_no_secret_stays_as_it_is(url: str) -> None:
    assert str(SafeUrl(url)) == url
    assert not SafeUrl(url).has_credentials


def test_stripped_keeps_a_digest_and_nothing_else() -> None:
    digest = "sha256=" + "0" * 64
    assert (
        SafeUrl(f"https://u:p@h.example.org/t/x/a.whl?q=1#{digest}").stripped
        == f"https://h.example.org/a.whl#{digest}"
    )
    assert SafeUrl("https://h.example.org/a.whl#egg=a").stripped == "https://h.example.org/a.whl"


@given(st.from_regex(r"[A-Za-z0-9]{12,20}", fullmatch=True), st.sampled_from(["https", "http", "git+https"]))
def test_a_password_is_never_in_free_text(secret: str, scheme: str) -> None:
    text = f"fetching {scheme}://name:{secret}@host.example.org/simple failed, see ({scheme}://{secret}@h.example.org)"
    assert secret not in masked(text)
    assert MASK in masked(text)


@given(st.text())
def test_visible_text_has_no_control_and_no_separator(text: str) -> None:
    shown = visible(text)
    assert shown.isprintable()
    assert visible(shown) == shown


@given(st.text(max_size=400), st.integers(min_value=2, max_value=100))
def test_an_excerpt_is_one_short_printable_line(text: str, limit: int) -> None:
    shown = excerpt(text, limit)
    assert len(shown) <= limit
    assert shown.isprintable()


def test_letters_of_every_script_stay() -> None:
    assert visible("модель-äö-模型") == "модель-äö-模型"
    assert visible("a\x1b[31mb\u202ec\u2028") == r"a\x1b[31mb\u202ec\u2028"
    assert visible("a\nb\tc", newlines=True) == "a\nb\tc"
