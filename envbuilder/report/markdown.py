"""The report as Markdown (GitHub's flavour), short enough for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from envbuilder.escapes import markdown_code
from envbuilder.findings import Finding, Level
from envbuilder.report.causes import CauseGroup, causes_of
from envbuilder.report.licences import totals
from envbuilder.report.report import RANKS, ModelReport, Report, worse
from envbuilder.report.text import counted, verdict

LIMIT = 60_000
"""Characters; GitHub takes comments of 65,536."""

_CAUSES, _LICENCES, _NOT_READ, _ONE = 18_000, 12_000, 8_000, 12_000
"""Characters of the parts, and of one model: what does not fit is counted."""

_SUBJECTS = 5
_SHOWN = 500
"""Characters of one value: the text of a model may be a megabyte without a blank."""
_SUBJECT = 100


def write(report: Report, *, fail_on: Level) -> Iterator[str]:
    """Yield the report: causes as a table, then models, those with errors first; what doesn't fit is counted."""
    command = "licenses" if report.of_locks else "audit"
    head = [
        f"## envbuilder {command}: {_outcome(report, fail_on)}\n\n{verdict(report)}.\n",
        *_causes(report), *_licences(report), *_not_read(report),
    ]  # fmt: skip
    yield from head
    listed = [model for model in report.subjects if _told(model)]
    listed.sort(key=lambda model: RANKS[_told(model)[0].level])
    room = LIMIT - sum(map(len, head))
    yield from _fitting(
        map(_model, listed),
        len(listed),
        room,
        "\n… and {} more models with errors or warnings, which other formats list.\n",
    )


def _fitting(pieces: Iterable[str], count: int, room: int, more: str) -> Iterator[str]:
    """Yield pieces as long as there is room for them, then how many are left."""
    for number, piece in enumerate(pieces):
        room -= len(piece)
        if room < 0:
            yield more.format(f"{count - number:,}")
            return
        yield piece


def _outcome(report: Report, fail_on: Level) -> str:
    if not report.complete:
        return "not complete"
    return "failed" if report.fails(fail_on) else "passed"


def _causes(report: Report) -> Iterator[str]:
    groups = causes_of(report.models)
    if not groups:
        return
    yield "\n| level | cause | models | fixable by rewrite |\n|---|---|---|---|\n"
    rows = (
        f"| {group.level.value} | {_cause(group)} | {counted(group.models, len(report.models))} "
        f"| {group.fixable:,} |\n"
        for group in groups
    )
    yield from _fitting(rows, len(groups), _CAUSES, "| | and {} more | | |\n")


def _cause(group: CauseGroup) -> str:
    shown = [
        f"{code_span(cause.subject, _SUBJECT)} {cause.models:,}"
        for cause in group.causes[: _SUBJECTS + 1] if cause.subject
    ]  # fmt: skip
    more = f", {len(group.causes) - _SUBJECTS:,} more" if len(shown) > _SUBJECTS else ""
    subjects = f": {', '.join(shown[:_SUBJECTS])}{more}" if shown else ""
    return f"{code_span(group.code)}{subjects}"


def _licences(report: Report) -> Iterator[str]:
    rows = totals(report.models)
    if not rows:
        return
    yield "\n| licence | verdict | packages | models |\n|---|---|---|---|\n"
    shown = (
        f"| {code_span(row.licence, _SUBJECT)} | {row.state.value} | {row.packages:,} "
        f"| {counted(row.models, len(report.models))} |\n"
        for row in rows
    )
    yield from _fitting(shown, len(rows), _LICENCES, "| and {} more | | | |\n")


def _not_read(report: Report) -> Iterator[str]:
    if not report.skipped:
        return
    yield "\n### Not read\n\n"
    items = (f"- {code_span(item.path)}: {code_span(item.reason)}\n" for item in report.skipped)
    yield from _fitting(items, len(report.skipped), _NOT_READ, "- … and {} more\n")


def _told(model: ModelReport) -> list[Finding]:
    found = [finding for finding in model.findings if worse(finding.level, Level.WARNING)]
    return sorted(found, key=lambda finding: RANKS[finding.level])


def _model(model: ModelReport) -> str:
    told = _told(model)
    items = _fitting(map(finding_items, told), len(told), _ONE, "- … and {} more\n")
    return f"\n### {code_span(model.model)}\n\n" + "".join(items)


def finding_items(finding: Finding) -> str:
    """Return a finding as an item of a list, with what its fix makes of the line."""
    place = f" {code_span(str(finding.origin))}" if finding.origin else ""
    line = f"- {finding.level.value} {code_span(finding.code)}{place}: {code_span(finding.message)}\n"
    if finding.fix:
        line += "".join(f"  - becomes {code_span(text)}\n" for text in finding.fix.after.splitlines())
    return line


def code_span(text: str, limit: int = _SHOWN) -> str:
    """Return untrusted text as a code span of bounded length."""
    return markdown_code(text if len(text) <= limit else f"{text[: limit - 1]}…")
