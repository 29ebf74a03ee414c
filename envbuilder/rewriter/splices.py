"""Small edits of a text: each replaces one span, and everything outside the spans stays as it is."""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Splice:
    """Replace the characters from ``start`` to ``end`` (exclusive); equal ones insert."""

    start: int
    end: int
    text: str


def spliced(text: str, splices: Iterable[Splice]) -> str:
    """Return the text with all splices made; they must not overlap."""
    parts: list[str] = []
    position = 0
    for splice in sorted(set(splices)):
        parts += [text[position : splice.start], splice.text]
        position = splice.end
    return "".join([*parts, text[position:]])


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """A file's text with its own line ends, and how to write it back: encoding, byte order mark."""

    text: str
    encoding: str
    mark: bytes

    def encode(self, text: str) -> bytes:
        """Return another text as the same file would hold it."""
        return self.mark + text.encode(self.encoding)


def decoded(content: bytes) -> Decoded:
    """Return the text of a file that the reader took (UTF-8, or UTF-16 with a byte order mark)."""
    marks = {
        codecs.BOM_UTF8: "utf-8",
        codecs.BOM_UTF16_LE: "utf-16-le",
        codecs.BOM_UTF16_BE: "utf-16-be",
    }
    for mark, encoding in marks.items():
        if content.startswith(mark):
            return Decoded(text=content[len(mark) :].decode(encoding), encoding=encoding, mark=mark)
    return Decoded(text=content.decode("utf-8"), encoding="utf-8", mark=b"")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of a text, as offsets: ``end`` lies before its line end, ``next`` behind it."""

    start: int
    end: int
    next: int


def row_at(text: str, offset: int) -> Row:
    """Return the line that holds a character."""
    start = text.rfind("\n", 0, offset) + 1
    feed = text.find("\n", offset)
    if feed < 0:
        return Row(start=start, end=len(text), next=len(text))
    end = feed - 1 if feed > start and text[feed - 1] == "\r" else feed
    return Row(start=start, end=end, next=feed + 1)


def newline_of(text: str) -> str:
    """Return the line end that a text uses."""
    return "\r\n" if "\r\n" in text else "\n"


def without_row(text: str, row: Row, keep: str = "") -> Splice:
    """Return the splice that takes a line away; ``keep`` (its comment) stays in its place."""
    if keep:
        return Splice(start=row.start, end=row.end, text=keep)
    if row.next > row.end or row.start == 0:
        return Splice(start=row.start, end=row.next, text="")
    # The last line, which has no line end: the one before it becomes such a line.
    before = row_at(text, row.start - 1)
    return Splice(start=before.end, end=row.end, text="")
