"""The report for people: causes first, then models; readable at 80 columns and without colour."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import TypeAlias

from envbuilder.escapes import terminal_line
from envbuilder.findings import Finding, Fix, Level
from envbuilder.redact import visible
from envbuilder.report.causes import Cause, CauseGroup, causes_of
from envbuilder.report.report import RANKS, ModelReport, Registered, Report, worse

WIDTH = 80
_SUBJECTS = 5
"""Causes of one code that are listed; the others are counted."""

Style: TypeAlias = Callable[[str, Level | None], str]
"""Dresses a word that stands for a level, or (None) a heading."""


def plain(text: str, _level: Level | None) -> str:
    """Leave text as it is."""
    return text


def write(report: Report, *, fail_on: Level, style: Style = plain) -> Iterator[str]:  # noqa: ARG001
    """Yield the report line by line. Notes are counted among the causes and not listed by model."""
    for line in _lines(report, style):
        yield terminal_line(line) + "\n"


def _lines(report: Report, style: Style) -> Iterator[str]:
    groups = causes_of(report.models)
    for level in RANKS:
        yield from _causes([group for group in groups if group.level is level], len(report.models), style)
    for model in report.subjects:
        yield from _model(model, style)
    if report.skipped:
        yield style("not read", None)
        for item in report.skipped:
            yield from wrapped(f"{visible(item.path)}: {visible(item.reason)}", "  ", "    ")
        yield ""
    yield from wrapped(verdict(report), "", "")


def _causes(groups: list[CauseGroup], models: int, style: Style) -> Iterator[str]:
    if not groups:
        return
    yield style(f"{groups[0].level.value}s", groups[0].level)
    for group in groups:
        named = [cause for cause in group.causes if cause.subject]
        if len(group.causes) == 1 and len(named) == 1:
            yield from wrapped(f"{group.code}: {_cause(named[0], models)}", "  ", "    ")
            continue
        yield from wrapped(f"{group.code}: {_share(group, models)}", "  ", "    ")
        for cause in named[:_SUBJECTS]:
            yield from wrapped(_cause(cause, models), "    ", "      ")
        if len(named) > _SUBJECTS:
            yield f"    and {len(named) - _SUBJECTS} more"
    yield ""


def _cause(cause: Cause, models: int) -> str:
    return f"`{visible(cause.subject)}` {_share(cause, models)}"


def _share(cause: Cause | CauseGroup, models: int) -> str:
    fixable = f", {cause.fixable:,} fixable by rewrite" if cause.fixable else ""
    return f"in {counted(cause.models, models)}{fixable}"


def counted(some: int, models: int) -> str:
    """Return ``412 of 1,903 models``."""
    return f"{some:,} of {models:,} model{'' if models == 1 else 's'}"


def _model(model: ModelReport, style: Style) -> Iterator[str]:
    findings = [finding for finding in model.findings if worse(finding.level, Level.WARNING)]
    if not findings:
        return
    yield style(visible(model.model), None)
    if model.registered:
        yield from wrapped(_registered(model.registered), "  ", "    ")
    for finding in sorted(findings, key=lambda finding: RANKS[finding.level]):
        yield from finding_lines(finding, style)
    yield ""


def _registered(known: Registered) -> str:
    parts = [f"@{alias}" for alias in known.aliases]
    parts += [f"stage {known.stage}"] if known.stage not in {None, "None"} else []
    parts += [f"run {known.run_id}"] if known.run_id else []
    return visible(f"version {known.version} of {known.name}: {', '.join(parts) or 'no alias, no run'}")


def finding_lines(finding: Finding, style: Style) -> Iterator[str]:
    """Yield a finding with its fix or its hint, indented."""
    place = f" {visible(str(finding.origin))}" if finding.origin else ""
    head, *rest = wrapped(
        f"{finding.level.value}[{finding.code}]{place}: {visible(finding.message)}", "  ", "      "
    )
    yield head.replace(finding.level.value, style(finding.level.value, finding.level), 1)
    yield from rest
    if finding.fix:
        yield from _fix(finding.fix)
    elif finding.hint:
        yield from wrapped(f"hint: {visible(finding.hint)}", "      ", "        ")


def _fix(fix: Fix) -> Iterator[str]:
    if not fix.before and not fix.after:
        yield from wrapped(f"fix: {fix.description}: `envbuilder rewrite` shows it", "      ", "        ")
    from difflib import unified_diff  # few reports show a fix of several lines

    before, after = fix.before.splitlines(), fix.after.splitlines()
    for line in list(unified_diff(before, after, n=len(before), lineterm=""))[3:]:  # after its three heads
        yield f"      {line[0]} {visible(line[1:])}"


def wrapped(text: str, first: str, later: str) -> list[str]:
    """Return text wrapped at blanks; a path or a URL that is longer than a line stays in one piece, to be copied."""
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=later,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def verdict(report: Report) -> str:
    """Return the numbers of a report on one line."""
    found = report.summary
    parts = [
        _number(found.models, "model"), _number(found.errors, "error"), _number(found.warnings, "warning"),
        _number(found.notes, "note"),
    ]  # fmt: skip
    if report.hidden:
        parts.append(f"{report.hidden:,} known from the baseline")
    if not report.complete:
        parts.append(f"not complete: {len(report.skipped):,} not read")
    return ", ".join(parts)


def _number(count: int, word: str) -> str:
    return f"{count:,} {word}{'' if count == 1 else 's'}"
