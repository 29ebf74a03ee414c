"""Shared options: what their texts mean, and that nothing else gets through."""

from __future__ import annotations

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.cli.options import read_as_of
from envbuilder.errors import EnvbuilderError, UsageError

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
    ],
)
def test_a_date_is_read_in_utc(text: str, meaning: object) -> None:
    assert read_as_of(text) == meaning


@pytest.mark.parametrize("text", ["yesterday", "", "2021-13-01", "2021", "15.03.2021"])
def test_what_is_no_date_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_as_of(text)
    assert "2021-03-15" in caught.value.hint


@given(st.text(max_size=40))
def test_no_text_does_more_than_be_refused(text: str) -> None:
    try:
        read_as_of(text)
    except EnvbuilderError as error:
        assert error.hint
