"""The report as JUnit XML: a failed test case per finding that fails the run, a passed one per clean model."""

from __future__ import annotations

from collections.abc import Iterator

from envbuilder.escapes import xml_text
from envbuilder.findings import Finding, Level
from envbuilder.report.report import ModelReport, Report, worse


def write(report: Report, *, fail_on: Level) -> Iterator[str]:
    """Yield the document. What does not fail the run stands in ``system-out`` of its model."""
    failures = sum(worse(f.level, fail_on) for model in report.subjects for f in model.findings)
    clean = sum(not _failing(model, fail_on) for model in report.subjects)
    tests = failures + clean + len(report.skipped)
    counts = f'tests="{tests}" failures="{failures}" errors="{len(report.skipped)}"'
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {counts}>\n'
    yield f'<testsuite name="envbuilder audit" {counts} skipped="0" time="0">\n'
    for model in report.subjects:
        yield from _model(model, fail_on)
    for item in report.skipped:
        yield f'<testcase classname="{xml_text(item.path)}" name="not read" time="0">'
        yield f'<error message="{xml_text(item.reason)}" type="not-read"/></testcase>\n'
    yield "</testsuite>\n</testsuites>\n"


def _failing(model: ModelReport, fail_on: Level) -> list[Finding]:
    return [finding for finding in model.findings if worse(finding.level, fail_on)]


def _model(model: ModelReport, fail_on: Level) -> Iterator[str]:
    failing = _failing(model, fail_on)
    others = [finding for finding in model.findings if not worse(finding.level, fail_on)]
    out = "".join(f"{_line(finding)}\n" for finding in others)
    told = f"<system-out>{out}</system-out>" if out else ""
    if not failing:
        yield f'<testcase classname="{xml_text(model.model)}" name="audit" time="0">{told}</testcase>\n'
    for finding in failing:
        yield f'<testcase classname="{xml_text(model.model)}" name="{_name(finding)}" time="0">'
        yield f'<failure message="{xml_text(finding.message)}" type="{xml_text(finding.code)}">'
        yield f"{_line(finding)}</failure>{told}</testcase>\n"
        told = ""


def _name(finding: Finding) -> str:
    return xml_text(f"{finding.code} {finding.origin}" if finding.origin else finding.code)


def _line(finding: Finding) -> str:
    place = f" {finding.origin}" if finding.origin else ""
    hint = f" ({finding.hint})" if finding.hint else ""
    return xml_text(f"{finding.level.value}[{finding.code}]{place}: {finding.message}{hint}")
