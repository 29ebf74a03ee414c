"""What is done in a conda file's text, and where in it a value or a list's item stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from envbuilder.findings import Change
from envbuilder.rewriter.splices import Splice, row_at, without_row

_ITEM = re.compile(r"\s*-\s+")


@dataclass(kw_only=True, slots=True)
class CondaEdit:
    """What is done in a conda file; lines are counted from 1."""

    path: str
    splices: list[Splice] = field(default_factory=list)
    touched: dict[int, tuple[Change, ...]] = field(default_factory=dict)
    """The lines that change, with what changes in them as far as their text tells."""
    skipped: list[Change] = field(default_factory=list)
    """What should change and cannot be edited as text."""

    def put(self, start: int, end: int, text: str) -> None:
        """Replace a span."""
        self.splices.append(Splice(start=start, end=end, text=text))


def inner(text: str, node: Any) -> tuple[int, int] | None:
    """Return the span of a scalar's text, without quotes; None where it is not written as it reads."""
    start, end = node.start_mark.index, node.end_mark.index
    if node.style in {"'", '"'}:
        start, end = start + 1, end - 1
    return (start, end) if text[start:end] == node.value and node.value else None


def row_splices(text: str, item: Any) -> Iterator[Splice]:
    """Yield the splice that takes a list item's line away; its comment stays."""
    row = row_at(text, item.start_mark.index)
    lead, rest = text[row.start : item.start_mark.index], text[item.end_mark.index : row.end]
    if item.end_mark.index <= row.end and _ITEM.fullmatch(lead) and re.fullmatch(r"\s*(#.*)?", rest):
        indent = lead[: len(lead) - len(lead.lstrip())]
        yield without_row(text, row, indent + rest.strip() if rest.strip() else "")
