"""One way to name packages, everywhere in the policy."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.policyfile.patterns import read_pattern


@pytest.mark.parametrize(
    ("text", "name", "specifier"),
    [
        ("numpy", "numpy", ""),
        (" Ruamel.YAML ", "ruamel-yaml", ""),
        ("psycopg2_binary < 3", "psycopg2-binary", "<3"),
        ("a==1.0", "a", "==1.0"),
        ("a>=1, <2", "a", ">=1,<2"),
        ("a~=1.4", "a", "~=1.4"),
    ],
)
def test_what_is_read(text: str, name: str, specifier: str) -> None:
    pattern = read_pattern(text)
    assert (pattern.name, pattern.specifier) == (name, specifier)


@pytest.mark.parametrize(
    "text",
    ["", " ", "a b", "a[x]", "a; python_version<'3'", "a @ https://x.example", "a<", "a==", "-a", "ä", "a" * 300,
     "a=1", 3, None, ["a"]],
)  # fmt: skip
def test_what_is_none(text: object) -> None:
    with pytest.raises(ValueError, match=r".*"):
        read_pattern(text)


@pytest.mark.parametrize(
    ("text", "name", "version", "whether"),
    [
        ("numpy", "NumPy", "1.0", True),
        ("numpy", "numpydoc", "1.0", False),
        ("ruamel.yaml", "ruamel_yaml", "0.1", True),
        ("numpy<2", "numpy", "1.26.4", True),
        ("numpy<2", "numpy", "2.0.0", False),
        ("numpy==1.0", "numpy", "1.0.0", True),
        ("torch==1.9.0", "torch", "1.9.0+cu102", True),
        ("numpy<2", "numpy", "1.0rc1", True),
        ("openssl<2", "openssl", "1.1.1w", False),
        ("openssl", "openssl", "1.1.1w", True),
    ],
)
def test_what_a_pattern_matches(text: str, name: str, version: str, whether: bool) -> None:
    assert read_pattern(text).matches(name, version) is whether


@given(st.text(max_size=60))
def test_a_text_is_a_pattern_or_a_value_error(text: str) -> None:
    try:
        pattern = read_pattern(text)
    except ValueError:
        return
    assert read_pattern(str(pattern)) == pattern
    assert pattern.matches(pattern.name, "1.0") in {True, False}
