"""The last gate: by exact text, for every way in which a lock may name another place."""

from __future__ import annotations

import dataclasses

import pytest

from envbuilder.conda.gate import refuse, refuse_sources, refuse_url
from envbuilder.conda.questions import Source
from envbuilder.errors import PolicyError
from envbuilder.lock import CondaPackage
from envbuilder.redact import SafeUrl
from envbuilder.spec import CondaName
from tests.condaserver import CONDA_FORGE

SOURCES = (Source(channel=CONDA_FORGE, mirrors=(SafeUrl("http://127.0.0.1:1/conda-forge"),)),)
PLAIN = CondaPackage(
    name=CondaName("plain"), version="2.0", build="0", channel=CONDA_FORGE, subdir="linux-64",
    filename="plain-2.0-0.conda", url=SafeUrl(f"{CONDA_FORGE}/linux-64/plain-2.0-0.conda"), sha256="0" * 64,
)  # fmt: skip


def code_of(package: CondaPackage) -> str:
    with pytest.raises(PolicyError) as caught:
        refuse((PLAIN, package), SOURCES)
    assert "secret" not in str(caught.value)
    return caught.value.code


def test_what_is_the_channels_own_passes() -> None:
    escaped = "epoch-1!2.0-0.tar.bz2"
    url = SafeUrl(f"{CONDA_FORGE}/noarch/epoch-1%212.0-0.tar.bz2")
    refuse((PLAIN, dataclasses.replace(PLAIN, subdir="noarch", filename=escaped, url=url)), SOURCES)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("https://repo.anaconda.com/pkgs/main/linux-64/plain-2.0-0.conda", "channel/restricted"),
        ("https://repo.anaconda.com:443/pkgs/main/linux-64/plain-2.0-0.conda", "channel/restricted"),
        ("https://conda.anaconda.org/t/secret/main/linux-64/plain-2.0-0.conda", "channel/restricted"),
        ("https://conda.anaconda.org/MAIN/linux-64/plain-2.0-0.conda", "channel/restricted"),
        ("https://conda.anaconda.org/%6dain/linux-64/plain-2.0-0.conda", "channel/restricted"),
        ("http://127.0.0.1:1/pkgs/main/linux-64/plain-2.0-0.conda", "channel/restricted"),
        ("https://conda.anaconda.org/conda-forge/../main/linux-64/plain-2.0-0.conda", "channel/not-allowed"),
        ("https://conda.anaconda.org/conda-forge/linux-64/../../main/linux-64/plain-2.0-0.conda", "channel/not-allowed"),
        ("https://conda.anaconda.org/conda-forge/linux-64/%2e%2e/plain-2.0-0.conda", "channel/not-allowed"),
        ("https://conda.anaconda.org/conda-forge/linux-64/plain-2.0-0.conda?x=/pkgs/main", "channel/not-allowed"),
        ("https://conda.anaconda.org/conda-forge/linux-64/plain-2.0-0.conda#x", "channel/not-allowed"),
        ("https://conda.anaconda.org/conda-forge//linux-64/plain-2.0-0.conda", "channel/not-allowed"),
        ("https://conda.anaconda.org/conda-forge/noarch/plain-2.0-0.conda", "channel/not-allowed"),
        ("https://conda.anaconda.org/conda-forge/linux-64/other-2.0-0.conda", "channel/not-allowed"),
        ("https://user:secret@conda.anaconda.org/conda-forge/linux-64/plain-2.0-0.conda", "channel/not-allowed"),
        ("https://conda.anaconda.org.example.org/conda-forge/linux-64/plain-2.0-0.conda", "channel/not-allowed"),
        ("https://conda.anaconda.org@example.org/conda-forge/linux-64/plain-2.0-0.conda", "channel/not-allowed"),
        ("http://conda.anaconda.org/conda-forge/linux-64/plain-2.0-0.conda", "channel/not-allowed"),
        ("http://127.0.0.1:1/conda-forge/linux-64/plain-2.0-0.conda", "channel/not-allowed"),
        ("file:///conda-forge/linux-64/plain-2.0-0.conda", "channel/not-allowed"),
        ("", "channel/not-allowed"),
    ],
)  # fmt: skip
def test_another_place(url: str, code: str) -> None:
    assert code_of(dataclasses.replace(PLAIN, url=SafeUrl(url))) == code


@pytest.mark.parametrize(
    ("channel", "subdir", "filename", "code"),
    [
        ("https://conda.anaconda.org/main", "linux-64", "plain-2.0-0.conda", "channel/restricted"),
        ("https://conda.anaconda.org/pkgs/r", "linux-64", "plain-2.0-0.conda", "channel/restricted"),
        ("https://conda.anaconda.org/other", "linux-64", "plain-2.0-0.conda", "channel/not-allowed"),
        (f"{CONDA_FORGE}/label/rc", "linux-64", "plain-2.0-0.conda", "channel/not-allowed"),
        (f"{CONDA_FORGE}/", "linux-64", "plain-2.0-0.conda", "channel/not-allowed"),
        (CONDA_FORGE, "..", "plain-2.0-0.conda", "channel/not-allowed"),
        (CONDA_FORGE, "linux-64", "..", "channel/not-allowed"),
        (CONDA_FORGE, "linux-64", "plain-2.0-0.whl", "channel/not-allowed"),
        (CONDA_FORGE, "linux-64", "..%2fplain-2.0-0.conda", "channel/not-allowed"),
    ],
)  # fmt: skip
def test_another_channel(channel: str, subdir: str, filename: str, code: str) -> None:
    url = SafeUrl(f"{channel}/{subdir}/{filename}")
    package = dataclasses.replace(PLAIN, channel=channel, subdir=subdir, filename=filename, url=url)
    assert code_of(package) == code


@pytest.mark.parametrize("text", ["conda-forge", "ftp://example.org/x", "/srv/channel", "s3://bucket/x"])
def test_a_source_that_is_no_url(text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        refuse_sources((Source(channel=text),))
    assert caught.value.code == "channel/not-allowed"


def test_where_a_server_may_send_us() -> None:
    origins = frozenset({"http://127.0.0.1:1"})
    refuse_url("https://files.example.org/anything/linux-64/a.conda", origins)
    refuse_url("http://127.0.0.1:1/elsewhere", origins)
    for url, code in (
        ("http://files.example.org/a.conda", "channel/insecure-transport"),
        ("http://127.0.0.1:2/a.conda", "channel/insecure-transport"),
        ("https://repo.anaconda.com/pkgs/main/linux-64/a.conda", "channel/restricted"),
    ):
        with pytest.raises(PolicyError) as caught:
            refuse_url(url, origins)
        assert caught.value.code == code
