"""The report as SARIF 2.1.0 (OASIS standard), for code scanning services."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from envbuilder.codes import catalogue
from envbuilder.digests import digest
from envbuilder.escapes import sarif_text
from envbuilder.redact import visible
from envbuilder.report.licences import licence_of

if TYPE_CHECKING:
    from envbuilder.findings import Finding, Level
    from envbuilder.report.report import ModelReport, PackageReport, Report, Skipped


def write(report: Report, *, fail_on: Level) -> Iterator[str]:  # noqa: ARG001 - every format's signature
    """Yield one log with one run, a result on each line, in ASCII."""
    codes = sorted({finding.code for model in report.subjects for finding in model.findings})
    driver = {
        "name": "envbuilder",
        "version": version("envbuilder"),
        "rules": [_rule(code) for code in codes],
    }
    yield '{"$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json",\n'
    yield f'"version": "2.1.0", "runs": [{{"tool": {{"driver": {json.dumps(driver)}}},\n'
    yield '"columnKind": "unicodeCodePoints", "originalUriBaseIds": {"SRCROOT": {"description": '
    yield '{"text": "the folder where the audit ran"}}},\n'
    yield f'"invocations": [{json.dumps(_invocation(report))}],\n"results": ['
    rules = {code: number for number, code in enumerate(codes)}
    separator = "\n"
    for model in report.subjects:
        packages = {package.name: package for package in model.packages}
        for finding in model.findings:
            result = _result(model, finding, rules[finding.code])
            if finding.subject in packages:
                result["properties"] = _properties(packages[finding.subject])
            yield separator + json.dumps(result)
            separator = ",\n"
    yield "]}]}\n"


def _rule(code: str) -> dict[str, Any]:
    entry = catalogue()[code]
    return {
        "id": code,
        "shortDescription": {"text": entry.meaning},
        "help": {"text": f"{entry.meaning}\n\ncure: {entry.cure}"},
    }


def _invocation(report: Report) -> dict[str, Any]:
    return {
        "executionSuccessful": report.complete,
        "toolExecutionNotifications": [_notification(item) for item in report.skipped],
    }


def _notification(item: Skipped) -> dict[str, Any]:
    return {
        "level": "error",
        "message": {"text": sarif_text(item.reason)},
        "locations": [{"physicalLocation": {"artifactLocation": _artifact(item.path)}}],
    }


def _result(model: ModelReport, finding: Finding, rule: int) -> dict[str, Any]:
    message = f"{finding.message} ({finding.hint})" if finding.hint else finding.message
    location: dict[str, Any] = {"artifactLocation": _artifact(model.place(finding))}
    if finding.origin and finding.origin.line:
        region = {"startLine": finding.origin.line, "startColumn": finding.origin.column}
        location["region"] = {name: number for name, number in region.items() if number}
    return {
        "ruleId": finding.code,
        "ruleIndex": rule,
        "level": finding.level.value,
        "message": {"text": sarif_text(message)},
        "locations": [{"physicalLocation": location}],
        # The model is part of it: the same finding in two models is two findings.
        "partialFingerprints": {"envbuilder/v1": digest([model.model, finding.fingerprint])[:20]},
    }


def _properties(package: PackageReport) -> dict[str, Any]:
    """Return the package that a result is about, for those who group by it."""
    return {
        "package": visible(f"{package.name} {package.version}"),
        "license": visible(licence_of(package)),
        "chain": [visible(name) for name in package.chain],
    }


def _artifact(path: str) -> dict[str, str]:
    """Return where a file is: an absolute URI, or one relative to where the audit ran (RFC 3986)."""
    uri = quote(path, safe="/", errors="backslashreplace")
    return {"uri": f"file://{uri}"} if path.startswith("/") else {"uri": uri, "uriBaseId": "SRCROOT"}
