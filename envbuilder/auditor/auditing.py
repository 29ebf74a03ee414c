"""The audit stage: paths to one report."""

from __future__ import annotations

from collections.abc import Iterable

from envbuilder.auditor.baseline import NOTHING, Baseline
from envbuilder.auditor.discovery import Found, discover
from envbuilder.auditor.judging import Terms, refused_files
from envbuilder.auditor.workers import judged
from envbuilder.policy import DEFAULT
from envbuilder.policyfile.lints import AUDIT, with_policy_findings
from envbuilder.progress import SILENT, Progress
from envbuilder.report.report import ModelReport, Report, Skipped


def audit(
    paths: Iterable[str | Found | Skipped],
    *,
    terms: Terms,
    jobs: int = 1,
    exclude: tuple[str, ...] = (),
    baseline: Baseline = NOTHING,
    progress: Progress = SILENT,
) -> Report:
    """Judge every model at and below the paths; ``jobs`` is the number of processes.

    What cannot be read is ``skipped``, never an error. Findings that the baseline knows are left out;
    ``exclude`` holds patterns of folders to leave out. With more than one job the caller's main module must
    be importable: each process imports it. Raises ToolError if such a process dies.
    """
    progress.phase("audit")
    models: list[ModelReport] = []
    skipped: list[Skipped] = []
    hidden = 0
    for done, outcome in enumerate(judged(discover(paths, exclude=exclude), terms, jobs), 1):
        if isinstance(outcome, Skipped):
            skipped.append(outcome)
        else:
            skipped += refused_files(outcome)
            kept = baseline.without_known(outcome)
            hidden += len(outcome.findings) - len(kept.findings)
            models.append(kept)
        progress.advance(done, 0)
    policy = terms.policy.digest if terms.policy != DEFAULT else None
    report = Report(
        models=tuple(models), skipped=tuple(skipped), today=terms.today, policy=policy, hidden=hidden
    )
    return baseline.without_known_of_policy(with_policy_findings(report, terms.policy, AUDIT))
