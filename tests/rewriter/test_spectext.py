"""The text of one conda dependency, respelled."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envbuilder.channels import restricted
from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Origin
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.rewriter.spectext import respelled


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("python=3.9.7=h12debd9_1", "python==3.9.7"),
        ("python==3.9.7=h12debd9_1", "python==3.9.7"),
        ("python 3.9.7 h12debd9_1", "python==3.9.7"),
        ("numpy=1.21", "numpy=1.21"),
        ("numpy  >=1.21, <2", "numpy  >=1.21, <2"),
        ("blas[build=mkl]", "blas"),
        ("blas[build='*mkl*']", "blas[build='*mkl*']"),
        ("blas=1.0=*mkl*", "blas=1.0=*mkl*"),
        ("defaults::pandas>=1.0.0", "conda-forge::pandas>=1.0.0"),
        ("pkgs/main/linux-64::pandas=1.0=py_0", "conda-forge/linux-64::pandas==1.0"),
        ("conda-forge::pandas=1.0=py_0", "conda-forge::pandas=1.0=py_0"),
        ("pandas[channel=defaults, version='>=1', md5=0123]", "pandas[channel=conda-forge, version='>=1']"),
        (
            "https://repo.anaconda.com/pkgs/main/linux-64/numpy-1.21.2-py39h20f2e39_0.conda#0123",
            "conda-forge::numpy==1.21.2",
        ),
        (
            "numpy[url=https://repo.anaconda.com/pkgs/main/linux-64/numpy-1.21.2-py39_0.tar.bz2]",
            "conda-forge::numpy==1.21.2",
        ),
        ("numpy[url=https://example.org/numpy-1.21.2-py39_0.tar.bz2]", None),
    ],
)
def test_only_what_has_to_change_changes(text: str, after: str | None) -> None:
    new = respelled(text, foreign=True)
    assert new == (text if after is None else after)
    assert respelled(new, foreign=True) == new


def test_a_build_stays_where_no_licensed_channel_is_near() -> None:
    assert respelled("python=3.9.7=h12debd9_1", foreign=False) == "python=3.9.7=h12debd9_1"


@settings(deadline=None)
@given(st.text(alphabet="abdefault:=[]',*/ 10.", max_size=30), st.booleans())
def test_name_and_version_never_change(text: str, foreign: bool) -> None:
    new = respelled(text, foreign=foreign)
    try:
        before = read_matchspec(text, Origin(file=""))
    except EnvbuilderError:
        assert new == text
        return
    after = read_matchspec(new, Origin(file=""))
    assert (after.name, after.version) == (before.name, before.version)
    assert respelled(new, foreign=foreign) == new
    assert not restricted(after.channel) or new == text
