"""Text of a requirements file to logical lines, as pip joins them, where all readers agree on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from envbuilder.findings import Origin
from envbuilder.reader import limits
from envbuilder.reader.gather import Refusal

_COMMENT = re.compile(r"(?:^|\s)#.*$", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One requirement or option with its place; comments and continuations are gone."""

    text: str
    origin: Origin


def logical_lines(text: str, file: str) -> Iterator[Line]:
    """Yield the lines that say something. Raises Refusal (``input/too-long``, ``input/line-separator``).

    A backslash at the end of a line joins the next one to it, except in a line that is only a comment.
    """
    parts: list[str] = []
    first, length = 1, 0
    for number, line in enumerate(text.split("\n"), 1):
        first = first if parts else number
        length += len(line)
        if length > limits.LOGICAL_LINE_CHARACTERS:
            message = f"a line of more than {limits.LOGICAL_LINE_CHARACTERS} characters"
            raise Refusal("input/too-long", message, Origin(file=file, line=first))
        comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not comment:
            _refuse_continued_comment(line, Origin(file=file, line=number))
            parts.append(line[:-1])
            continue
        yield from _logical("".join([*parts, " " + line if comment else line]), file, first)
        parts, length = [], 0
    if parts:
        yield from _logical("".join(parts), file, first)


def _refuse_continued_comment(line: str, origin: Origin) -> None:
    if _COMMENT.search(line):
        raise Refusal(
            "input/line-separator",
            "a comment ends with a backslash: for pip the next line belongs to it, for others it does not",
            origin,
            hint="remove the backslash",
        )


def _logical(text: str, file: str, line: int) -> Iterator[Line]:
    stripped = without_comment(text)
    if stripped:
        column = len(text) - len(text.lstrip()) + 1
        yield Line(text=stripped, origin=Origin(file=file, line=line, column=column))


def without_comment(text: str) -> str:
    """Return a line without its comment and the blanks around it; ``#`` inside a word is no comment."""
    return _COMMENT.sub("", text).strip(" \t\n")
