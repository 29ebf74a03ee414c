"""One model judged: what reading told, what the rules add, the fix for each, at the policy's levels."""

from __future__ import annotations

import datetime
import os
from dataclasses import dataclass, field
from pathlib import Path

from envbuilder.auditor.discovery import Found, shown_path
from envbuilder.auditor.fixes import with_fixes
from envbuilder.auditor.matches import NOTHING, matched_entries
from envbuilder.auditor.rules import RULES, Subject
from envbuilder.errors import EnvbuilderError
from envbuilder.policy import DEFAULT, Policy
from envbuilder.reader.model import examine_model
from envbuilder.report.report import ModelReport, Skipped
from envbuilder.rewriter.files import rewrite_files
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.spec import EnvSpec, Rewritten
from envbuilder.weights import weighed


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """What a judgement depends on beside the model."""

    policy: Policy = field(default=DEFAULT)
    today: datetime.date


def judge(found: Found, terms: Terms) -> ModelReport | Skipped:
    """Read a model and judge it; Skipped where there is none to read."""
    try:
        spec = examine_model(Path(found.path), name=found.name)
    except EnvbuilderError as error:
        return Skipped(path=found.name, reason=error.message)
    return report_of(found, spec, terms)


def report_of(found: Found, spec: EnvSpec, terms: Terms) -> ModelReport:
    """Judge a model that was read. A pure function of its files' bytes, the policy and the day."""
    # What refuses a model is told first: it is why the rest is not known.
    findings = tuple(sorted(spec.findings, key=lambda finding: not finding.refuses))
    matched = NOTHING
    if not any(finding.refuses for finding in findings):
        rewritten = rewrite(spec, policy=terms.policy)
        subject = Subject(rewritten=rewritten, policy=terms.policy, today=terms.today)
        findings += tuple(finding for rule in RULES for finding in rule(subject))
        findings = with_fixes(findings, rewrite_files(rewritten))
        matched = matched_entries(terms.policy, rewritten, findings)
    return ModelReport(
        model=found.name,
        folder=folder_of(found),
        mlflow_version=spec.provenance.mlflow_version,
        created=spec.provenance.created,
        python=spec.python[0].text if spec.python else None,
        channels=tuple(channel.text for channel in spec.channels),
        findings=weighed(findings, terms.policy),
        matched=matched,
    )


def folder_of(found: Found) -> str:
    """Return the folder that a model's files are relative to."""
    return found.name if os.path.isdir(found.path) else shown_path(os.path.dirname(found.path))  # noqa: PTH112, PTH120


def refused_files(report: ModelReport) -> tuple[Skipped, ...]:
    """Return the files of a model that were not read to their end, each with the first reason."""
    reasons: dict[str, str] = {}
    for finding in report.findings:
        if finding.refuses:
            reasons.setdefault(report.place(finding), f"{finding.code}: {finding.message}")
    return tuple(Skipped(path=path, reason=reason) for path, reason in reasons.items())


def rewritten_of(path: str, policy: Policy) -> Rewritten | None:
    """Return a model as its files should be; None where they are refused. Raises EnvbuilderError."""
    spec = examine_model(Path(path))
    if any(finding.refuses for finding in spec.findings):
        return None
    return rewrite(spec, policy=policy)
