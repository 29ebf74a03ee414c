"""A difference for people: readable at 80 columns and without colour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from envbuilder.comparison.difference import Delta, Difference
from envbuilder.comparison.phrases import groups, head, phrase, place, told, unlicensed, verdict
from envbuilder.escapes import terminal_line
from envbuilder.findings import Finding, Level
from envbuilder.redact import visible
from envbuilder.report.text import Style, finding_lines, plain, wrapped


def write(difference: Difference, *, fail_on: Level, style: Style = plain) -> Iterator[str]:  # noqa: ARG001
    """Yield the difference line by line, what is new of the findings last, where it is seen."""
    for line in _lines(difference, style):
        yield terminal_line(line) + "\n"


def _lines(difference: Difference, style: Style) -> Iterator[str]:
    yield from wrapped(f"before: {head(difference.before, visible)}", "", "  ")
    yield from wrapped(f"after:  {head(difference.after, visible)}", "", "  ")
    yield ""
    for heading, deltas in groups(difference):
        yield style(heading, None)
        for delta in deltas:
            yield from _delta(delta)
        yield ""
    bare = tuple(replace(finding, fix=None, hint="") for finding in difference.gone)
    yield from _findings("findings that are gone", bare, style)
    yield from _findings("new findings", difference.new, style)
    if difference.skipped:
        yield style("licences not read", None)
        for item in difference.skipped:
            yield from wrapped(f"{visible(item.path)}: {visible(item.reason)}", "  ", "    ")
        yield ""
    yield from wrapped(unlicensed(difference), "", "")
    yield from wrapped("no difference" if difference.empty else verdict(difference), "", "")


def _delta(delta: Delta) -> Iterator[str]:
    where = visible(place(delta))
    text = f"{delta.step.value:<10} {phrase(delta, visible)}"
    yield from wrapped(f"{text} ({where})" if where else text, "  ", " " * 13)


def _findings(heading: str, findings: tuple[Finding, ...], style: Style) -> Iterator[str]:
    listed = told(findings)
    if not listed:
        return
    yield style(heading, None)
    for finding in listed:
        yield from finding_lines(finding, style)
    yield ""
