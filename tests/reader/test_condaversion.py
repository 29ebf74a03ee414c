from __future__ import annotations

import pytest

from envbuilder.reader.condaversion import pypi_specifier


@pytest.mark.parametrize(
    ("conda", "pypi"),
    [
        ("", ""), ("==1.2", "==1.2"), ("1.19.*", "==1.19.*"), ("1.19*", "==1.19.*"), ("=1.19", "==1.19.*"),
        ("=20.2.4", "==20.2.4"), (">=1,<2", ">=1,<2"), (">=2.*", ">=2"), ("!=1.2.*", "!=1.2.*"),
        ("~=1.2", "~=1.2"), ("==1.2|==1.3", None), ("1.*.3", None), ("*", None), ("^1.*$", None),
    ],
)  # fmt: skip
def test_specifier(conda: str, pypi: str | None) -> None:
    assert pypi_specifier(conda) == pypi
