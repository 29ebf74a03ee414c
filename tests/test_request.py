"""What callers may say: what their texts mean, and that nothing else gets through."""

from __future__ import annotations

import datetime
import platform
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.errors import EnvbuilderError, UsageError
from envbuilder.request import read_as_of, read_engine, read_python

UTC = datetime.timezone.utc


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("logged", "logged"),
        ("now", "now"),
        ("2021-03-15", datetime.datetime(2021, 3, 15, 23, 59, 59, tzinfo=UTC)),
        ("2021-03-15T10:41:07Z", datetime.datetime(2021, 3, 15, 10, 41, 7, tzinfo=UTC)),
        ("2021-03-15T10:41:07", datetime.datetime(2021, 3, 15, 10, 41, 7, tzinfo=UTC)),
        ("2021-03-15T10:41:07+02:00", datetime.datetime(2021, 3, 15, 8, 41, 7, tzinfo=UTC)),
        (datetime.date(2021, 3, 15), datetime.datetime(2021, 3, 15, 23, 59, 59, tzinfo=UTC)),
        (datetime.datetime(2021, 3, 15, 10, 41), datetime.datetime(2021, 3, 15, 10, 41, tzinfo=UTC)),  # noqa: DTZ001
    ],
)
def test_a_date_is_read_in_utc(text: str | datetime.date, meaning: object) -> None:
    assert read_as_of(text) == meaning


@pytest.mark.parametrize(
    "text", ["yesterday", "", "2021-13-01", "2021", "15.03.2021", "0001-01-01T00:00:00+14:00"]
)
def test_what_is_no_date_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_as_of(text)
    assert "2021-03-15" in caught.value.hint


@given(st.text(max_size=40), st.sampled_from([read_as_of, read_python, read_engine]))
def test_no_text_does_more_than_be_refused(text: str, read: Callable[[str], object]) -> None:
    try:
        read(text)
    except EnvbuilderError as error:
        assert error.hint


def test_a_version_of_python() -> None:
    assert [read_python(text) for text in (None, "3.8", "3.8.18")] == [None, "3.8", "3.8.18"]
    assert read_python("host") == platform.python_version()


@pytest.mark.parametrize("text", ["", "3", "3.8.18.1", "3.x", "3.\u00b2", "../3.8", "--x", ">=3.8"])
def test_what_is_no_version_of_python_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no version of Python"):
        read_python(text)


def test_an_engine_that_is_not_there_is_refused() -> None:
    assert read_engine("uv") == "uv"
    with pytest.raises(UsageError, match="no engine 'poetry'"):
        read_engine("poetry")
