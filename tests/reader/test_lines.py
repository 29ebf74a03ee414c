from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.findings import Origin
from envbuilder.reader.gather import Refusal
from envbuilder.reader.lines import logical_lines, without_comment


def lines(text: str) -> list[tuple[str, int, int]]:
    return [(line.text, line.origin.line, line.origin.column) for line in logical_lines(text, "f")]


def test_places_comments_and_blanks() -> None:
    text = "# head\n\n  a==1  # why\nb#no-comment\nc\n"
    assert lines(text) == [("a==1", 3, 3), ("b#no-comment", 4, 1), ("c", 5, 1)]


def test_continuation() -> None:
    assert lines("a==1 \\\n  --hash=x \\\n  --hash=y\nb") == [
        ("a==1   --hash=x   --hash=y", 1, 1),
        ("b", 4, 1),
    ]
    assert lines("a \\") == [("a", 1, 1)]


def test_a_backslash_joins_no_comment() -> None:
    assert lines("# a \\\nb") == [("b", 2, 1)]
    assert lines("a \\\n# c\nb") == [("a", 1, 1), ("b", 3, 1)]


def test_a_comment_that_would_swallow_the_next_line() -> None:
    with pytest.raises(Refusal) as caught:
        lines("x\na==1 # fine \\\nhidden==1")
    assert caught.value.code == "input/line-separator"
    assert caught.value.origin == Origin(file="f", line=2)


@pytest.mark.parametrize("text", ["a" * 70_000, "a \\\n" * 40_000])
def test_too_long(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        lines("x\n" + text)
    assert caught.value.code == "input/too-long"
    assert caught.value.origin == Origin(file="f", line=2)


def test_blanks_take_no_time() -> None:
    assert without_comment(" " * 60_000 + "x") == "x"


@given(st.lists(st.text(alphabet="ab=1 #\\", max_size=8), max_size=6))
def test_every_line_is_trimmed_and_says_something(texts: list[str]) -> None:
    try:
        found = lines("\n".join(texts))
    except Refusal as refusal:
        assert refusal.code == "input/line-separator"
        return
    assert all(text and text == text.strip() and not text.startswith("#") for text, _, _ in found)
    assert [line for _, line, _ in found] == sorted({line for _, line, _ in found})
