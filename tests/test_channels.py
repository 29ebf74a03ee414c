from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder import channels
from envbuilder.redact import masked_url

RESTRICTED = [
    "defaults", "Defaults", "DEFAULTS", " defaults ", "main", "r", "R", "free", "msys2", "pro", "anaconda",
    "pkgs/main", "pkgs/r", "pkgs/anything", "PKGS/Main", "defaults/linux-64", "anaconda/label/dev",
    "main/noarch", "pkgs/main/linux-64", "pkgs/main/",
    "https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/", "http://repo.continuum.io/pkgs/free",
    "HTTPS://REPO.ANACONDA.COM/pkgs/r", "https://user:secret@repo.anaconda.com/pkgs/main",
    "https://repo.anaconda.com:443/pkgs/main", "https://repo.anaconda.com./pkgs/main",
    "https://repo.anaconda.cloud/repo/main", "repo.anaconda.com/pkgs/main",
    "https://conda.anaconda.org/anaconda", "https://conda.anaconda.org/t/to-ken/main/linux-64",
    "https://conda.anaconda.org/anaconda/label/main", "conda.anaconda.org/r", "https://anaconda.org/anaconda",
    "https://conda.anaconda.org//anaconda/", "https://conda.anaconda.org/%61naconda",
    "https://mirror.example.org/anaconda/pkgs/main", "https://mirror.example.org/pkgs/free/linux-64",
    "https://mirror.example.org/anaconda/cloud/anaconda", "https://user:pw@mirror.example.org/x/pkgs/msys2/",
    "https://mirror.example.org/pkgs/pro?x=1", "file:///mnt/mirror/pkgs/main", "/mnt/mirror/pkgs/main",
]  # fmt: skip

FREE = [
    "conda-forge", "pytorch", "nvidia", "intel", "bioconda", "nodefaults", "conda-forge/label/main",
    "conda-forge/label/r", "https://conda.anaconda.org/conda-forge", "https://conda.anaconda.org/t/x/pytorch",
    "https://mirror.example.org/anaconda/cloud/conda-forge", "https://example.org/main",
    "https://example.org/packages", "https://example.org/pkgs/conda-forge", "local", "file:///tmp/main",
    "../../evil", "", "https://example.org/repo.anaconda.com-like", "https://notrepo.anaconda.company/x",
    "rapidsai", "main-channel", "huggingface", "https://conda.anaconda.org/conda-forge/label/main/noarch",
]  # fmt: skip


@pytest.mark.parametrize("text", RESTRICTED)
def test_licensed_under_every_name(text: str) -> None:
    assert channels.restricted(text)


@pytest.mark.parametrize("text", FREE)
def test_community_channels_are_free(text: str) -> None:
    assert not channels.restricted(text)


@pytest.mark.parametrize("text", RESTRICTED + FREE)
def test_masking_changes_no_answer(text: str) -> None:
    assert channels.restricted(masked_url(text)) == channels.restricted(text)


@pytest.mark.parametrize(
    "text",
    [
        "file:///tmp/x",
        "../../evil",
        "./x",
        "/opt/x",
        "~/x",
        "C:\\x",
        "C:/x",
        "\\\\host\\x",
        "local",
        "a/../../b",
    ],
)
def test_local(text: str) -> None:
    assert channels.local(text)


@pytest.mark.parametrize("text", [*FREE[:12], "https://example.org/a..b"])
def test_not_local(text: str) -> None:
    assert not channels.local(text)


def test_insecure_transport() -> None:
    assert channels.insecure("http://example.org/x")
    assert channels.insecure("FTP://example.org/x")
    assert not channels.insecure("https://example.org/x")
    assert not channels.insecure("conda-forge")


@pytest.mark.parametrize("text", ["https://${T}@example.org/x", "$CHANNEL", "https://example.org/%USER%/x"])
def test_expansion(text: str) -> None:
    assert channels.expands(text)


def test_no_expansion() -> None:
    assert not channels.expands("https://example.org/a%20b")


def test_spellings_of_one_channel() -> None:
    spellings = [
        "conda-forge", "Conda-Forge", "conda-forge/", "https://conda.anaconda.org/conda-forge",
        "https://conda.anaconda.org/conda-forge/linux-64/", "https://conda.anaconda.org/t/abc/conda-forge",
    ]  # fmt: skip
    assert {channels.canonical(text) for text in spellings} == {"conda-forge"}
    assert channels.canonical("https://example.org/conda-forge") == "example.org/conda-forge"
    assert channels.canonical(" NoDefaults ") == "nodefaults"
    assert channels.canonical("nodefaults/noarch") == channels.canonical("nodefaults # why") != "nodefaults"


@given(st.text(max_size=60))
def test_any_text_has_an_answer(text: str) -> None:
    assert channels.restricted(text) in {True, False}
    assert channels.local(text) in {True, False}
    assert isinstance(channels.canonical(text), str)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("conda-forge", "https://conda.anaconda.org/conda-forge"),
        (" Conda-Forge/linux-64/ ", "https://conda.anaconda.org/conda-forge"),
        ("conda-forge/label/Dev", "https://conda.anaconda.org/conda-forge/label/Dev"),
        ("conda.anaconda.org/x", "https://conda.anaconda.org/x"),
        ("http://anaconda.org/x", "https://conda.anaconda.org/x"),
        ("https://conda.anaconda.org/t/tk-1/x/noarch", "https://conda.anaconda.org/x"),
        ("https://conda.anaconda.org/t/****/x", "https://conda.anaconda.org/x"),
        ("https://u:p@C.example.org:8443/Own/x/?a=b#c", "https://c.example.org:8443/Own/x"),
        ("http://127.0.0.1:99/x", "http://127.0.0.1:99/x"),
        ("file:///x", None),
        ("/x", None),
        ("https://C.example.org:443/", "https://c.example.org:443"),
        ("https://conda.anaconda.org/", None),
        ("s3://bucket/x", None),
        ("", None),
        ("linux-64", None),
    ],
)
def test_the_one_url_of_a_channel(text: str, place: str | None) -> None:
    assert channels.location(text) == place
    if place:
        assert channels.location(place) == place
        assert channels.canonical(place) == channels.canonical(text)


def test_only_the_community_host_has_names() -> None:
    for text in ("conda-forge", "a/label/b", "https://conda.anaconda.org/x", "anaconda.org/x"):
        assert channels.on_community_host(text)
    for text in ("https://c.example.org/x", "file:///x", "/x", "local", "s3://b/x"):
        assert not channels.on_community_host(text)
