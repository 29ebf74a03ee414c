"""The Pythons that files ask for: read, ordered, and checked against the calendar."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.specifiers import SpecifierSet

from envbuilder.errors import ResolveError
from envbuilder.findings import Origin
from envbuilder.request import Request
from envbuilder.resolver.releases import LAST_PATCH, RELEASED, preferred_minors
from envbuilder.resolver.wishes import Wish, deciding, demanded, other_wishes, wishes
from envbuilder.spec import PythonRequest
from tests.resolver.toy import day

HERE = Origin(file="conda.yaml", line=3)


def read(*texts: str) -> list[str]:
    return [wish.text for wish in wishes(Request(), [PythonRequest(text=t, origin=HERE) for t in texts])]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3.8.8", ["3.8.8"]),
        ("3.8", ["3.8"]),
        ("3.8.*", ["3.8"]),
        ("=3.8", ["3.8"]),
        ("==3.8.8", ["3.8.8"]),
        ("3", ["3"]),
        (">=3.8, <3.10", [">=3.8,<3.10"]),
        ("3.7|3.8", ["3.7", "3.8"]),
        (">=3.6,=3.7", [">=3.6,==3.7.*"]),
        ("!=3.9.1", ["!=3.9.1"]),
    ],
)
def test_what_is_written(text: str, expected: list[str]) -> None:
    assert read(text) == expected


def test_the_first_file_decides_and_each_text_counts_once() -> None:
    assert read("3.8.8", "3.9", "3.8.8") == ["3.8.8", "3.9"]


@given(st.text(max_size=30))
def test_any_text_is_wishes_or_an_error(text: str) -> None:
    try:
        found = read(text)
    except ResolveError as error:
        assert error.code == "python/unreadable"
        return
    for wish in found:
        assert Wish(text=wish).version or SpecifierSet(wish)


def test_a_python_of_the_future_logged_nothing() -> None:
    future, true = Wish(text="3.12", origin=HERE), Wish(text="3.7.11", origin=Origin(file="MLmodel", line=7))
    found, changes = deciding((future, true), day("2021-09-27"))
    assert found == (true,)
    assert [change.message for change in changes] == [
        "python 3.12 came out after the model was logged; 3.7.11 is used, as MLmodel:7 says"
    ]
    assert deciding((future, true), None) == ((future, true), ())
    assert deciding((future,), day("2021-09-27")) == ((future,), ())
    assert deciding((true, future), day("2021-09-27")) == ((true,), ())


def test_demands_go_to_the_nearest() -> None:
    assert [w.text for w in demanded(">=3.9", near=(3, 7))][:2] == ["3.9", "3.10"]
    assert [w.text for w in demanded("<3.9,>=3.6", near=(3, 12))] == ["3.8", "3.7", "3.6"]
    assert demanded("<3", near=(3, 8)) == ()


def test_other_minors_once_each() -> None:
    given_ = tuple(Wish(text=text) for text in ("3.8.1", "3.8", ">=3", "3.9.1", "3.9.2", "3.7"))
    assert [wish.text for wish in other_wishes(given_, (3, 8))] == ["3.9.1", "3.7"]


@pytest.mark.parametrize(
    ("when", "minor"),
    [("2017-06-01", (3, 6)), ("2019-01-01", (3, 6)), ("2021-06-01", (3, 8)), ("2024-01-01", (3, 11))],
)
def test_the_python_in_common_use(when: str, minor: tuple[int, int]) -> None:
    order = list(preferred_minors(day(when)))
    assert order[0] == minor
    assert sorted(order) == sorted(RELEASED) == sorted(LAST_PATCH)
