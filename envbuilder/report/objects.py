"""The JSON format, and the objects that other commands' JSON shares with it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime

    from envbuilder.findings import Finding, Level, Origin
    from envbuilder.report.report import ModelReport, PackageReport, Registered, Report

SCHEMA = 1


def place_of(origin: Origin | None) -> dict[str, Any]:
    """Return file, line and column as the interface's JSON has them; null where there is none."""
    if origin is None:
        return {"file": None, "line": None, "column": None}
    return {"file": origin.file, "line": origin.line or None, "column": origin.column or None}


def time_text(moment: datetime.datetime | None) -> str | None:
    """Return an aware time as RFC 3339 in UTC."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None


def finding_object(finding: Finding) -> dict[str, Any]:
    """Return a finding as the interface's JSON object FINDING."""
    fix = finding.fix
    return {
        "code": finding.code,
        "level": finding.level.value,
        "message": finding.message,
        **place_of(finding.origin),
        "hint": finding.hint or None,
        "fingerprint": finding.fingerprint,
        "fix": {"description": fix.description, "before": fix.before, "after": fix.after} if fix else None,
    }


def package_object(package: PackageReport) -> dict[str, Any]:
    """Return a package of a lock with its licence."""
    return {
        "name": package.name,
        "version": package.version,
        "ecosystem": package.ecosystem,
        "files": [{"filename": file.filename, "sha256": file.sha256} for file in package.files],
        "license": package.expression,
        "evidence": package.evidence or None,
        "concluded": package.concluded,
        "state": package.state.value,
        "chain": list(package.chain),
    }


def registered_object(known: Registered) -> dict[str, Any]:
    """Return what a registry says of a version."""
    return {
        "name": known.name,
        "version": known.version,
        "run_id": known.run_id,
        "aliases": list(known.aliases),
        "stage": known.stage,
        "source": known.source,
    }


def model_object(model: ModelReport) -> dict[str, Any]:
    """Return a model as ``models`` of the interface has it.

    With ``packages`` where the report has its lock, and ``registered`` where a registry was asked.
    """
    locked = {"packages": [package_object(package) for package in model.packages]} if model.packages else {}
    known = {"registered": registered_object(model.registered)} if model.registered else {}
    return {
        "model": model.model,
        "mlflow_version": model.mlflow_version,
        "created": time_text(model.created),
        "python": model.python,
        "channels": list(model.channels),
        "findings": [finding_object(finding) for finding in model.findings],
        **known,
        **locked,
    }


def write(report: Report, *, fail_on: Level) -> Iterator[str]:  # noqa: ARG001 - every format's signature
    """Yield the interface's object piece by piece, a model on each line, in ASCII.

    ``policy_findings`` is there only where something is wrong with the policy itself.
    """
    yield f'{{"schema": {SCHEMA}, "complete": {json.dumps(report.complete)}, '
    yield f'"policy": {json.dumps(report.policy)},\n"models": ['
    for number, model in enumerate(report.models):
        yield ("\n" if number == 0 else ",\n") + json.dumps(model_object(model))
    skipped = [{"path": item.path, "reason": item.reason} for item in report.skipped]
    yield "],\n"
    if report.policy_findings:
        findings = [finding_object(finding) for finding in report.policy_findings]
        yield f'"policy_findings": {json.dumps(findings)},\n'
    yield f'"skipped": {json.dumps(skipped)},\n"summary": {json.dumps(_summary(report))}}}\n'


def _summary(report: Report) -> dict[str, Any]:
    found = report.summary
    return {
        "models": found.models,
        "errors": found.errors,
        "warnings": found.warnings,
        "notes": found.notes,
        "by_code": dict(found.by_code),
    }
