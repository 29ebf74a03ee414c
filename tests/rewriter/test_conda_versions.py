"""Conda's version constraints in PEP 440's words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from envbuilder.findings import Origin
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.rewriter.conda_versions import Unequal, specifier_of

SPOT = Origin(file="conda.yaml")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("a", ""),
        ("a=*", ""),
        ("a=1.2", "==1.2.*"),
        ("a=1", "==1.*"),
        ("a=0.22.1", "==0.22.1"),
        ("a=0.22.1.*", "==0.22.1.*"),
        ("a=0.22.2.post1", "==0.22.2.post1"),
        ("a=1.9.0rc1", "==1.9.0rc1"),
        ("a=2021.1", "==2021.1.*"),
        ("a==1.2", "==1.2"),
        ("a 1.2", "==1.2"),
        ("a=1.2=py38_0", "==1.2"),
        ("a 1.2.*", "==1.2.*"),
        ("a>=1.1,<1.2", ">=1.1,<1.2"),
        ("a >=1.1, <1.2", ">=1.1,<1.2"),
        ("a>=2.*", ">=2"),
        ("a~=1.18.0", "~=1.18.0"),
        ("a!=1.3", "!=1.3"),
        ("a!=1.3.*", "!=1.3.*"),
        ("a[version='>=1,<2']", ">=1,<2"),
        ("a==1.9.0+cu102", "==1.9.0+cu102"),
    ],
)
def test_the_same_is_said(written: str, meant: str) -> None:
    assert specifier_of(read_matchspec(written, SPOT).version) == meant


@pytest.mark.parametrize(
    ("constraint", "reason"),
    [
        ("==1.2|==1.3", "of the alternatives ==1.2|==1.3 a requirement can name only one"),
        ("==1.1.1l", "==1.1.1l is no version constraint of PEP 440"),
        ("==2021c", "==2021c is no version constraint of PEP 440"),
        ("1.*.3", "1.*.3 is no version constraint of PEP 440"),
        ("^1.*$", "^1.*$ is no version constraint of PEP 440"),
        (">=1,==1.2_3", "==1.2_3 is no version constraint of PEP 440"),
        ("~=1", "~=1 is no version constraint of PEP 440"),
    ],
)
def test_what_has_no_equal_is_told(constraint: str, reason: str) -> None:
    assert specifier_of(constraint) == Unequal(reason=reason)


@settings(deadline=None)
@given(st.text(alphabet="0123456789.abrcpost*=<>!~,|+_ ", max_size=24))
def test_whatever_comes_out_is_pep_440(constraint: str) -> None:
    specifier = specifier_of(constraint)
    assert isinstance(specifier, Unequal) or str(SpecifierSet(specifier)) is not None
