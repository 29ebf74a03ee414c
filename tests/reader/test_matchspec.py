from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.findings import Origin
from envbuilder.reader.gather import Refusal
from envbuilder.reader.matchspec import read_matchspec

SPOT = Origin(file="f", line=1, column=1)


@pytest.mark.parametrize(
    ("text", "name", "version", "build"),
    [
        ("numpy", "numpy", "", ""),
        ("NumPy", "numpy", "", ""),
        ("_libgcc_mutex=0.1=main", "_libgcc_mutex", "==0.1", "main"),
        ("a-b_c.d", "a-b_c.d", "", ""),
        ("numpy=1.19", "numpy", "=1.19", ""),
        ("numpy =1.19", "numpy", "=1.19", ""),
        ("numpy = 1.19", "numpy", "=1.19", ""),
        ("numpy=1.19.*", "numpy", "1.19.*", ""),
        ("numpy=1.19*", "numpy", "1.19*", ""),
        ("numpy==1.19.2", "numpy", "==1.19.2", ""),
        ("numpy == 1.19.2", "numpy", "==1.19.2", ""),
        ("numpy 1.19.2", "numpy", "==1.19.2", ""),
        ("numpy 1.19.2 py38_0", "numpy", "==1.19.2", "py38_0"),
        ("numpy=1.19.2=py38_0", "numpy", "==1.19.2", "py38_0"),
        ("numpy==1.19.2=py38_0", "numpy", "==1.19.2", "py38_0"),
        ("python=3.9.7=hb7a2778_3_cpython", "python", "==3.9.7", "hb7a2778_3_cpython"),
        ("blas=*=*mkl", "blas", "", "*mkl"),
        ("blas * *mkl", "blas", "", "*mkl"),
        ("a>=1,<2", "a", ">=1,<2", ""),
        ("a >= 1 , < 2", "a", ">=1,<2", ""),
        ("a >=1,<2 py38*", "a", ">=1,<2", "py38*"),
        ("libarchive>=3.8 lgpl_*", "libarchive", ">=3.8", "lgpl_*"),
        ("a>=1=py38_0", "a", ">=1", "py38_0"),
        ("a >=1,<2=py38*", "a", ">=1,<2", "py38*"),
        ("a==1.2|==1.3=b", "a", "==1.2|==1.3", "b"),
        ("a=1.2.*=b", "a", "1.2.*", "b"),
        ("a=1.2|1.3", "a", "=1.2|==1.3", ""),
        ("a 1.2 | 1.3", "a", "==1.2|==1.3", ""),
        ("a>1|<0.5", "a", ">1|<0.5", ""),
        ("a~=1.2", "a", "~=1.2", ""),
        ("a!=1.2", "a", "!=1.2", ""),
        ("a=*", "a", "", ""),
        ("a *", "a", "", ""),
        ("a>=2.*", "a", ">=2.*", ""),
        ("a=1!2.0", "a", "=1!2.0", ""),
        ("blas[build=mkl]", "blas", "", "mkl"),
        ("a[version='>=1,<2']", "a", ">=1,<2", ""),
        ("a[version=1.2]", "a", "==1.2", ""),
        ('a=1.2[build="x*"]', "a", "=1.2", "x*"),
        ("a # why", "a", "", ""),
    ],
)
def test_forms(text: str, name: str, version: str, build: str) -> None:
    spec = read_matchspec(text, SPOT)
    assert (spec.name, spec.version, spec.build) == (name, version, build)
    assert spec.text == text
    assert spec.origin == SPOT


@pytest.mark.parametrize(
    ("text", "channel", "subdir"),
    [
        ("conda-forge::a=1", "conda-forge", ""),
        ("pkgs/main::a", "pkgs/main", ""),
        ("defaults/linux-64::a", "defaults", "linux-64"),
        ("defaults/noarch::a", "defaults", "noarch"),
        ("https://example.org:443::a=1.0.2", "https://example.org:443", ""),
        ("https://example.org/ch/label/x::a", "https://example.org/ch/label/x", ""),
        ("a[channel=defaults]", "defaults", ""),
        ("a[channel='https://example.org/x', subdir=osx-64]", "https://example.org/x", "osx-64"),
        ("../../evil::a", "../../evil", ""),
    ],
)
def test_channels(text: str, channel: str, subdir: str) -> None:
    spec = read_matchspec(text, SPOT)
    assert (spec.name, spec.channel, spec.subdir) == ("a", channel, subdir)


def test_other_brackets() -> None:
    spec = read_matchspec("a[md5=00, build_number='>=2', fn=x]", SPOT)
    assert spec.brackets == (("build_number", ">=2"), ("fn", "x"), ("md5", "00"))


@pytest.mark.parametrize(
    "text",
    [
        "https://u:s3cret@example.org/x::a",
        "https://example.org/t/s3cret/x::a",
        "a[url='https://s3cret@example.org/x']",
    ],
)
def test_credentials_are_masked(text: str) -> None:
    assert "s3cret" not in repr(read_matchspec(text, SPOT))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "input/malformed-requirement"),
        ("=1.0", "input/malformed-requirement"),
        ("3.8", "input/malformed-requirement"),
        ("*", "input/malformed-requirement"),
        ("a>=1 <2", "input/malformed-requirement"),
        ("a=1=2=3", "input/malformed-requirement"),
        ("a 1 <2", "input/malformed-requirement"),
        ("a=1=b,c", "input/malformed-requirement"),
        ("a==1=b!", "input/malformed-requirement"),
        ("a[build='>=1']", "input/malformed-requirement"),
        ("a 1 b c", "input/malformed-requirement"),
        ("a @ https://example.org", "input/malformed-requirement"),
        ("a[extra]", "input/malformed-requirement"),
        ("a[x=1", "input/malformed-requirement"),
        ("a]", "input/malformed-requirement"),
        ("a[x=1,x=2]", "input/malformed-requirement"),
        ("a>=", "input/malformed-requirement"),
        ("a>=1,", "input/malformed-requirement"),
        ("a=>1", "input/malformed-requirement"),
        ("a;b", "input/malformed-requirement"),
        ("a$(id)", "input/malformed-requirement"),
        ("a=./x", "input/malformed-requirement"),
        ("p\u0430ndas", "input/non-ascii-name"),
        ("\u212aeras=1", "input/non-ascii-name"),
        ("a" * 129, "input/too-long"),
        ("a=" + "1" * 129, "input/too-long"),
        ("a=" + "1" * 5000, "input/too-long"),
        ("a" + "," .join(f">{n}" for n in range(100)), "input/too-many"),
    ],
)  # fmt: skip
def test_refused(text: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_matchspec(text, SPOT)
    assert caught.value.code == code
    assert caught.value.message.isprintable()


names = st.from_regex(r"[a-z_][a-z0-9_-]{0,6}[a-z0-9]", fullmatch=True)
numbers = st.from_regex(r"[0-9](\.[0-9]){0,3}", fullmatch=True)


@given(names, numbers, st.sampled_from(["=", "==", ">=", "<", "~="]), st.sampled_from(["", "py38_0"]))
def test_every_spelling_of_a_pin(name: str, number: str, operator: str, build: str) -> None:
    spec = read_matchspec(f"{name} {operator} {number} {build}", SPOT)
    assert spec.name == name
    assert spec.version == ("==" if build and operator == "=" else operator) + number
    assert spec.build == build


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    try:
        spec = read_matchspec(text, SPOT)
    except Refusal as refusal:
        assert refusal.message.isprintable()
    else:
        assert spec.name.isascii()


@given(names, numbers, st.text("ab1_*.<>=!,", min_size=1, max_size=8))
def test_no_build_holds_what_belongs_to_versions(name: str, number: str, build: str) -> None:
    for text in (f"{name}={number}={build}", f"{name} {number} {build}", f"{name}[build='{build}']"):
        try:
            spec = read_matchspec(text, SPOT)
        except Refusal:
            continue
        assert not set(spec.build) & set("<>=!,")
