"""The report as Markdown (GitHub's flavour), short enough for a comment on a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from envbuilder.escapes import markdown_code
from envbuilder.findings import Finding, Level
from envbuilder.report.causes import CauseGroup, causes_of
from envbuilder.report.report import RANKS, ModelReport, Report, worse
from envbuilder.report.text import counted, verdict

LIMIT = 60_000
"""Characters; GitHub takes comments of 65,536."""

_SUBJECTS = 5
_SKIPPED = 50
_SHOWN = 500
"""Characters of one value: the text of a model may be a megabyte without a blank."""


def write(report: Report, *, fail_on: Level) -> Iterator[str]:
    """Yield the report: causes as a table, then models, those with errors first; what doesn't fit is counted."""
    yield f"## envbuilder audit: {_outcome(report, fail_on)}\n\n{verdict(report)}.\n"
    head = [*_causes(report), *_not_read(report)]
    yield from head
    room = LIMIT - sum(map(len, head))
    listed = [model for model in report.subjects if _told(model)]
    listed.sort(key=lambda model: RANKS[_told(model)[0].level])
    for number, model in enumerate(listed):
        text = _model(model)
        room -= len(text)
        if room < 0:
            yield f"\n… and {len(listed) - number:,} more models with errors or warnings.\n"
            return
        yield text


def _outcome(report: Report, fail_on: Level) -> str:
    if not report.complete:
        return "not complete"
    return "failed" if report.fails(fail_on) else "passed"


def _causes(report: Report) -> Iterator[str]:
    groups = causes_of(report.models)
    if not groups:
        return
    yield "\n| level | cause | models | fixable by rewrite |\n|---|---|---|---|\n"
    for group in groups:
        yield f"| {group.level.value} | {_cause(group)} | {counted(group.models, len(report.models))} "
        yield f"| {group.fixable:,} |\n"


def _cause(group: CauseGroup) -> str:
    shown = [f"{code_span(cause.subject)} {cause.models:,}" for cause in group.causes if cause.subject]
    more = f", {len(shown) - _SUBJECTS:,} more" if len(shown) > _SUBJECTS else ""
    subjects = f": {', '.join(shown[:_SUBJECTS])}{more}" if shown else ""
    return f"{code_span(group.code)}{subjects}"


def _not_read(report: Report) -> Iterator[str]:
    if report.skipped:
        yield "\n### Not read\n\n"
        yield from (
            f"- {code_span(item.path)}: {code_span(item.reason)}\n" for item in report.skipped[:_SKIPPED]
        )
        if len(report.skipped) > _SKIPPED:
            yield f"- … and {len(report.skipped) - _SKIPPED:,} more\n"


def _told(model: ModelReport) -> list[Finding]:
    found = [finding for finding in model.findings if worse(finding.level, Level.WARNING)]
    return sorted(found, key=lambda finding: RANKS[finding.level])


def _model(model: ModelReport) -> str:
    lines = [finding_items(finding) for finding in _told(model)]
    return f"\n### {code_span(model.model)}\n\n" + "".join(lines)


def finding_items(finding: Finding) -> str:
    """Return a finding as an item of a list, with what its fix makes of the line."""
    place = f" {code_span(str(finding.origin))}" if finding.origin else ""
    line = f"- {finding.level.value} {code_span(finding.code)}{place}: {code_span(finding.message)}\n"
    if finding.fix:
        line += "".join(f"  - becomes {code_span(text)}\n" for text in finding.fix.after.splitlines())
    return line


def code_span(text: str) -> str:
    """Return untrusted text as a code span of bounded length."""
    return markdown_code(text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…")
