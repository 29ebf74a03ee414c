"""A difference as Markdown (GitHub's flavour), short enough for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from envbuilder.comparison.difference import Delta, Difference
from envbuilder.comparison.phrases import groups, head, phrase, place, told, verdict
from envbuilder.findings import Finding, Level
from envbuilder.report.markdown import LIMIT, code_span, finding_items


def write(difference: Difference, *, fail_on: Level) -> Iterator[str]:
    """Yield the difference: new findings first, then tables; rows that don't fit are counted."""
    result = "failed" if difference.fails(fail_on) else "passed"
    if difference.skipped:
        result = "not complete"
    yield f"## envbuilder diff: {result}\n\n"
    yield f"- before: {head(difference.before, code_span)}\n- after: {head(difference.after, code_span)}\n\n"
    yield "No difference.\n" if difference.empty else f"{_sentence(verdict(difference))}.\n"
    room = LIMIT
    for piece in _pieces(difference):
        room -= len(piece)
        if room < 0:
            yield "\n… and more, which does not fit here.\n"
            return
        yield piece


def _pieces(difference: Difference) -> Iterator[str]:
    if difference.skipped:
        yield "\n### Licences not read\n\n"
        yield from (f"- {code_span(item.path)}: {code_span(item.reason)}\n" for item in difference.skipped)
    yield from _findings("New findings", difference.new)
    for heading, deltas in groups(difference):
        yield f"\n### {_sentence(heading)}\n\n| | change | where |\n|---|---|---|\n"
        yield from (_row(delta) for delta in deltas)
    yield from _findings("Findings that are gone", tuple(replace(item, fix=None) for item in difference.gone))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _row(delta: Delta) -> str:
    where = place(delta)
    return f"| {delta.step.value} | {phrase(delta, code_span)} | {code_span(where) if where else ''} |\n"


def _findings(heading: str, findings: tuple[Finding, ...]) -> Iterator[str]:
    listed = told(findings)
    if listed:
        yield f"\n### {heading}\n\n"
        yield from map(finding_items, listed)
