"""The report as workflow commands of GitHub Actions: annotations at the files' lines."""

from __future__ import annotations

from collections.abc import Iterator

from envbuilder.escapes import github_message, github_property
from envbuilder.findings import Finding, Level
from envbuilder.report.report import ModelReport, Report
from envbuilder.report.text import verdict

_WORDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


def write(report: Report, *, fail_on: Level) -> Iterator[str]:  # noqa: ARG001 - every format's signature
    """Yield a command per finding and per thing that was not read, then the numbers."""
    for model in report.subjects:
        for finding in model.findings:
            yield _finding(model, finding)
    for item in report.skipped:
        yield _command("error", {"file": item.path, "title": "not read"}, item.reason)
    yield verdict(report) + "\n"


def _finding(model: ModelReport, finding: Finding) -> str:
    properties = {"file": model.place(finding), "title": finding.code}
    if finding.origin and finding.origin.line:
        properties["line"] = str(finding.origin.line)
        properties |= {"col": str(finding.origin.column)} if finding.origin.column else {}
    hint = f" ({finding.hint})" if finding.hint else ""
    return _command(_WORDS[finding.level], properties, finding.message + hint)


def _command(word: str, properties: dict[str, str], message: str) -> str:
    shown = ",".join(f"{name}={github_property(value)}" for name, value in properties.items())
    return f"::{word} {shown}::{github_message(message)}\n"
