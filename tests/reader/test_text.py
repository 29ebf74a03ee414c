from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.findings import Origin
from envbuilder.reader.gather import Gathering, Refusal
from envbuilder.reader.text import check_characters, decode
from envbuilder.spec import SourceFile


def source(content: bytes) -> SourceFile:
    return SourceFile(path="f", sha256="", content=content)


def text_of(content: bytes) -> str:
    return decode(source(content), Gathering())


def refusal(content: bytes) -> Refusal:
    with pytest.raises(Refusal) as caught:
        text_of(content)
    return caught.value


def test_line_ends_and_mark() -> None:
    assert text_of(codecs.BOM_UTF8 + b"a\r\nb\n\tc") == "a\nb\n\tc"


def test_utf16_with_a_mark_is_read_and_told() -> None:
    gathering = Gathering()
    assert decode(source("a\r\nb".encode("utf-16")), gathering) == "a\nb"
    assert [f.code for f in gathering.findings] == ["input/encoding"]
    assert not gathering.refused


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32", "utf-32-le"])
def test_other_wide_encodings(encoding: str) -> None:
    assert refusal("numpy==1.0\n".encode(encoding)).code == "input/encoding"


def test_latin_1_is_placed() -> None:
    error = refusal(b"a\nb\xe9\n")
    assert error.code == "input/encoding"
    assert error.origin == Origin(file="f", line=2, column=2)


@pytest.mark.parametrize(
    "line", [b"# -*- coding: latin-1 -*-", b"\n#coding=utf-7", b"# vim: set fileencoding=cp1252"]
)
def test_coding_lines(line: bytes) -> None:
    assert refusal(line + b"\nx\n").code == "input/encoding"


@pytest.mark.parametrize(
    "text", [b"# coding: utf-8\n", b"# coding: UTF_8\n", b"\n\n# coding: utf-7\n", b"coding: utf-7\n"]
)
def test_harmless_coding_lines(text: bytes) -> None:
    assert text_of(text)


@pytest.mark.parametrize(
    ("character", "code"),
    [
        ("\r", "input/line-separator"), ("\x0b", "input/line-separator"), ("\x0c", "input/line-separator"),
        ("\x1c", "input/line-separator"), ("\x85", "input/line-separator"), ("\u2028", "input/line-separator"),
        ("\u2029", "input/line-separator"), ("\x00", "input/control-character"),
        ("\x1b", "input/control-character"), ("\x7f", "input/control-character"),
        ("\x9b", "input/control-character"), ("\ufeff", "input/control-character"),
        ("\u202e", "input/bidi-control"), ("\u2066", "input/bidi-control"), ("\u200f", "input/bidi-control"),
    ],
)  # fmt: skip
def test_forbidden_characters_are_placed(character: str, code: str) -> None:
    error = refusal(f"line one is long enough\nab{character}c\n".encode())
    assert error.code == code
    assert error.origin == Origin(file="f", line=2, column=3)
    assert error.message.isprintable()


def test_origin_of_a_scalar() -> None:
    with pytest.raises(Refusal) as caught:
        check_characters("ab\x1b", Origin(file="f", line=7, column=5))
    assert caught.value.origin == Origin(file="f", line=7, column=7)


@given(st.binary(max_size=200))
def test_any_bytes(content: bytes) -> None:
    try:
        text = text_of(content)
    except Refusal:
        return
    # Every reader splits what passes into the same lines.
    assert text.splitlines() == text.split("\n")[: len(text.splitlines())]
    assert "\r" not in text
