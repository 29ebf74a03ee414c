"""The report as JUnit XML: a failed test case per finding that fails the run, a passed one per clean model."""

from __future__ import annotations

from collections.abc import Iterator

from envbuilder.escapes import xml_text
from envbuilder.findings import Finding, Level
from envbuilder.report.licences import licence_of
from envbuilder.report.report import ModelReport, Report, worse


def write(report: Report, *, fail_on: Level) -> Iterator[str]:
    """Yield the document. What does not fail the run stands in ``system-out`` of its model."""
    failures = sum(len(_failing(model, fail_on)) for model in report.subjects)
    passed = sum(len(_passed(model, fail_on)) for model in report.subjects)
    tests = failures + passed + len(report.skipped)
    counts = f'tests="{tests}" failures="{failures}" errors="{len(report.skipped)}"'
    command = "licenses" if report.of_locks else "audit"
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {counts}>\n'
    yield f'<testsuite name="envbuilder {command}" {counts} skipped="0" time="0">\n'
    for model in report.subjects:
        yield from _model(model, fail_on)
    for item in report.skipped:
        yield f'<testcase classname="{xml_text(item.path)}" name="not read" time="0">'
        yield f'<error message="{xml_text(item.reason)}" type="not-read"/></testcase>\n'
    yield "</testsuite>\n</testsuites>\n"


def _failing(model: ModelReport, fail_on: Level) -> list[Finding]:
    return [finding for finding in model.findings if worse(finding.level, fail_on)]


def _passed(model: ModelReport, fail_on: Level) -> list[tuple[str, str]]:
    """Return subject and name of what passed: packages of a lock that nothing is against, or the model as a whole."""
    against = {finding.subject for finding in _failing(model, fail_on)}
    if model.packages:
        return [
            (p.name, f"{p.name} {p.version}: {licence_of(p)}")
            for p in model.packages
            if p.name not in against
        ]
    return [] if _failing(model, fail_on) else [("", "audit")]


def _model(model: ModelReport, fail_on: Level) -> Iterator[str]:
    others = [finding for finding in model.findings if not worse(finding.level, fail_on)]
    subjects = {subject for subject, _ in _passed(model, fail_on)}
    told = _told([finding for finding in others if finding.subject not in subjects])
    for subject, name in _passed(model, fail_on):
        own = _told([finding for finding in others if subject and finding.subject == subject])
        yield f'<testcase classname="{xml_text(model.model)}" name="{xml_text(name)}" time="0">'
        yield f"{_output(told + own)}</testcase>\n"
        told = ""
    for finding in _failing(model, fail_on):
        yield f'<testcase classname="{xml_text(model.model)}" name="{_name(finding)}" time="0">'
        yield f'<failure message="{xml_text(finding.message)}" type="{xml_text(finding.code)}">'
        yield f"{_line(finding)}</failure>{_output(told)}</testcase>\n"
        told = ""


def _told(findings: list[Finding]) -> str:
    return "".join(f"{_line(finding)}\n" for finding in findings)


def _output(text: str) -> str:
    return f"<system-out>{text}</system-out>" if text else ""


def _name(finding: Finding) -> str:
    return xml_text(f"{finding.code} {finding.origin}" if finding.origin else finding.code)


def _line(finding: Finding) -> str:
    place = f" {finding.origin}" if finding.origin else ""
    hint = f" ({finding.hint})" if finding.hint else ""
    return xml_text(f"{finding.level.value}[{finding.code}]{place}: {finding.message}{hint}")
