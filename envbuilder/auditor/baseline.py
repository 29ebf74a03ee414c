"""A registry's known findings: an audit against them reports only what is new."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from envbuilder.errors import UsageError
from envbuilder.findings import Origin
from envbuilder.redact import excerpt
from envbuilder.report.report import ModelReport, Report

SCHEMA = 1
LONGEST = 1024**3
"""Bytes of a baseline: some 100 per model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Baseline:
    """The fingerprints of known findings by model. Paths count as reports write them, lines do not."""

    known: dict[str, frozenset[str]] = field(default_factory=dict)

    def without_known(self, report: ModelReport) -> ModelReport:
        """Return a model's report with its new findings only."""
        known = self.known.get(report.model)
        if not known:
            return report
        new = tuple(finding for finding in report.findings if finding.fingerprint not in known)
        return replace(report, findings=new)

    def without_known_of_policy(self, report: Report) -> Report:
        """Return a report with the new findings about its policy only."""
        if not report.policy_findings:
            return report
        new = self.without_known(report.subjects[0]).findings
        hidden = report.hidden + len(report.policy_findings) - len(new)
        return replace(report, policy_findings=new, hidden=hidden)


NOTHING = Baseline()


def read_baseline(path: Path) -> Baseline:
    """Return the baseline of a file. Raises UsageError if it cannot be read or is none."""
    try:
        if path.stat().st_size > LONGEST:
            raise _none(path, f"it is longer than {LONGEST} bytes")
        data = json.loads(path.read_bytes())
        if data["schema"] != SCHEMA:
            raise _none(path, f"its schema is {excerpt(str(data['schema']))}")
        known = {str(model): frozenset(map(str, prints)) for model, prints in data["findings"].items()}
    except OSError as error:
        raise _none(path, (error.strerror or str(error)).lower()) from error
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _none(path, "it is no JSON of ours") from error
    return Baseline(known=known)


def _none(path: Path, why: str) -> UsageError:
    return UsageError(
        f"the baseline {excerpt(str(path))} cannot be read: {why}",
        code="usage/baseline",
        origin=Origin(file=path.name),
        hint="make it with --write-baseline",
    )


def baseline_text(report: Report) -> Iterator[str]:
    """Yield a baseline that knows every finding of a report; one line per model, sorted, to be versioned."""
    yield f'{{"schema": {SCHEMA}, "findings": {{'
    known = sorted(
        (model.model, sorted({finding.fingerprint for finding in model.findings}))
        for model in report.subjects
        if model.findings
    )
    for number, (model, prints) in enumerate(known):
        yield ("\n" if number == 0 else ",\n") + f"{json.dumps(model)}: {json.dumps(prints)}"
    yield "\n}}\n"
