"""Edits of spans, lines and encodings."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envbuilder.rewriter.splices import Splice, decoded, newline_of, row_at, spliced, without_row


def test_splices_may_come_in_any_order_and_touch() -> None:
    splices = [
        Splice(start=4, end=5, text="E"),
        Splice(start=0, end=1, text=""),
        Splice(start=4, end=4, text="-"),
    ]
    assert spliced("abcdef", splices) == "bcd-Ef"


@pytest.mark.parametrize(
    ("text", "line", "after"),
    [
        ("a\nb\nc\n", "b", "a\nc\n"),
        ("a\r\nb\r\nc\r\n", "b", "a\r\nc\r\n"),
        ("a\nb", "b", "a"),
        ("a\r\nb", "b", "a"),
        ("b\n", "b", ""),
        ("b", "b", ""),
    ],
)
def test_a_line_goes_with_its_line_end(text: str, line: str, after: str) -> None:
    assert spliced(text, [without_row(text, row_at(text, text.index(line)))]) == after


def test_a_comment_may_stay() -> None:
    text = "- a\r\n  - b # why\r\n"
    assert spliced(text, [without_row(text, row_at(text, 6), "  # why")]) == "- a\r\n  # why\r\n"


@settings(deadline=None)
@given(st.text(alphabet="ab\r\n", max_size=20), st.integers(0, 20))
def test_rows_cover_the_text(text: str, offset: int) -> None:
    row = row_at(text, min(offset, len(text)))
    assert row.start <= row.end <= row.next <= len(text)
    assert "\n" not in text[row.start : row.end]
    assert text[row.end : row.next] in {"", "\n", "\r\n"}


@pytest.mark.parametrize(
    "content",
    [
        "ä\n".encode(),
        codecs.BOM_UTF8 + "ä\r\n".encode(),
        codecs.BOM_UTF16_LE + "ä".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "ä".encode("utf-16-be"),
    ],
)
def test_encodings_come_back(content: bytes) -> None:
    found = decoded(content)
    assert found.text[0] == "ä"
    assert found.encode(found.text) == content


def test_the_line_end_of_a_text() -> None:
    assert [newline_of("a\r\nb"), newline_of("a\nb"), newline_of("")] == ["\r\n", "\n", "\n"]
