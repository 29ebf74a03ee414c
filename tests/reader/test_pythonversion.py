from __future__ import annotations

import pytest

from envbuilder.findings import Origin
from envbuilder.reader.gather import Refusal
from envbuilder.reader.pythonversion import constraint, plain_version

SPOT = Origin(file="f", line=1)


@pytest.mark.parametrize(
    ("text", "version"),
    [("3", "3"), ("3.10", "3.10"), ("3.8.18", "3.8.18"), ("3.8.0+", "3.8.0"), ("3.12.0rc1", "3.12.0")],
)
def test_versions(text: str, version: str) -> None:
    assert plain_version(text, SPOT) == version


WRONG = [
    "./evil/python",
    "--help",
    "-V",
    "3.8.1.2",
    "3.8;id",
    "python3.8",
    "3.x",
    "\u0663.8",
    "3.8\n",
    "3..8",
]


@pytest.mark.parametrize("text", [*WRONG, "", ">=3.8", "3.8.*"])
def test_no_version(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        plain_version(text, SPOT)
    assert caught.value.code == "input/python-version"


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("", ""), ("*", ""), ("=3.8", "3.8"), ("==3.8.8", "3.8.8"), ("3.8.*", "3.8"), ("3.8*", "3.8"),
        (">=3.8,<3.10", ">=3.8,<3.10"), (">=3.8.*", ">=3.8"), ("!=3.8.*", "!=3.8.*"), ("~=3.8", "~=3.8"),
        ("<=3.8", "<=3.8"), ("==3.7|==3.8", "3.8"), ("=3.8,!=3.8.1", "3.8,!=3.8.1"),
    ],
)  # fmt: skip
def test_constraints(text: str, result: str) -> None:
    assert constraint(text, SPOT) == result


@pytest.mark.parametrize("text", WRONG)
def test_no_constraint(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        constraint(text, SPOT)
    assert caught.value.code == "input/python-version"


def test_too_long() -> None:
    for read in (plain_version, constraint):
        with pytest.raises(Refusal) as caught:
            read("1" * 5000, SPOT)
        assert caught.value.code == "input/too-long"
