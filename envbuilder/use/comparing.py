"""From two models to what changes between them: each read, judged and, unless told otherwise, locked."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from envbuilder.auditor.discovery import Found
from envbuilder.auditor.judging import Terms, folder_of, report_of
from envbuilder.comparison.comparing import compare
from envbuilder.comparison.subject import Subject
from envbuilder.errors import EnvbuilderError, InputRefused, InterpreterError, PolicyError, ResolveError
from envbuilder.findings import Finding, Origin
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.reader.model import read_model
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.use.locking import PLAIN, lock_model

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.comparison.difference import Difference
    from envbuilder.policy import Policy
    from envbuilder.report.report import Report
    from envbuilder.request import Request
    from envbuilder.settings import Settings


def compare_models(
    before: Path,
    after: Path,
    *,
    names: tuple[str, str] | None = None,
    today: datetime.date,
    files_only: bool = False,
    licences: bool = False,
    request: Request = PLAIN,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Difference:
    """Return what changes from one model to the other; builds nothing.

    Each is locked as of its own day, from the store if it knows the lock; with ``files_only`` nothing is
    locked and no network is asked. Licences are those that the store knows; with ``licences`` the others are
    looked up, and what the policy has against them is among the findings. ``today`` is the day that the
    findings hold for. ``names`` are what reports call them, their paths unless given. Raises what keeps either from being read or locked, with places that name the model too.
    """
    task = _Task(
        request=request,
        settings=settings,
        terms=Terms(policy=policy, today=today),
        progress=progress,
        files_only=files_only,
    )
    called = names or (str(before), str(after))
    sides = task.subject(before, called[0]), task.subject(after, called[1])
    if files_only:
        return compare(*sides)
    found = task.licences(before, after, asking=licences)
    first, second = (
        _licensed(side, path, found, judging=licences)
        for side, path in zip(sides, (before, after), strict=True)
    )
    return replace(compare(first, second), skipped=found.skipped if licences else ())


@dataclass(frozen=True, kw_only=True, slots=True)
class _Task:
    request: Request
    settings: Settings
    terms: Terms
    progress: Progress
    files_only: bool

    def subject(self, model: Path, name: str) -> Subject:
        found = Found(path=str(model), name=name)
        try:
            return self._subject(model, found)
        except EnvbuilderError as error:
            _place(error, found)
            raise

    def _subject(self, model: Path, found: Found) -> Subject:
        policy, lock = self.terms.policy, None
        if self.files_only:
            rewritten = rewrite(read_model(model), policy=policy, strict=self.request.strict)
        else:
            locked = lock_model(
                model, request=self.request, settings=self.settings, policy=policy, progress=self.progress
            )
            rewritten, lock = locked.rewritten, locked.lock
        report = report_of(found, rewritten.original, self.terms)
        return Subject(report=report, rewritten=rewritten, lock=lock, policy=policy)

    def licences(self, before: Path, after: Path, *, asking: bool) -> Report:
        """The licences of both locks: those that the store knows, or all."""
        from envbuilder.use.licences import judge_licences

        settings = self.settings if asking else replace(self.settings, offline=True)
        return judge_licences(
            (str(before), str(after)),
            today=self.terms.today,
            request=replace(self.request, refresh=False),  # the locks have just been made
            settings=settings,
            policy=self.terms.policy,
            progress=self.progress if asking else SILENT,
        )


def _licensed(subject: Subject, path: Path, found: Report, *, judging: bool) -> Subject:
    """Return a side with what is known of its licences, and what is held against them."""
    for model in found.models:
        if model.model == str(path):
            findings = subject.report.findings + (model.findings if judging else ())
            report = replace(subject.report, packages=model.packages, findings=findings)
            return replace(subject, report=report)
    return subject


def _place(error: EnvbuilderError, found: Found) -> None:
    """Let an error tell which of the two models it is about: places are relative to a model."""
    folder = folder_of(found)

    def placed(origin: Origin | None) -> Origin:
        if origin is None:
            return Origin(file=found.name)
        return origin if folder in {"", "."} else replace(origin, file=f"{folder}/{origin.file}")

    def moved(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        return tuple(replace(finding, origin=placed(finding.origin)) for finding in findings)

    if error.origin or isinstance(error, (InterpreterError, PolicyError, ResolveError)):
        error.origin = placed(error.origin)
    if isinstance(error, InputRefused):
        error.refusals, error.findings = moved(error.refusals), moved(error.findings)
    if isinstance(error, ResolveError):
        error.requirements = tuple((placed(origin), text) for origin, text in error.requirements)
