"""What looks on from the side: audits, licences, differences."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.api.given import located, request_of, settings_of
from envbuilder.locate import remote
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.settings import Settings

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable

    from envbuilder.comparison.difference import Difference
    from envbuilder.policy import Policy
    from envbuilder.report.report import Report


def audit(
    paths: Iterable[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    policy: Policy | None = None,
    today: datetime.date | None = None,
    jobs: int = 1,
    exclude: tuple[str, ...] = (),
    baseline: Path | None = None,
    offline: bool = False,
    settings: Settings | None = None,
    progress: Progress = SILENT,
) -> Report:
    """Judge every model at and below the paths; nothing is installed or run, and for paths nothing is fetched.

    Of URIs the environment files are fetched (offline: read from the store); ``models:/`` means every version
    of every registered model, ``models:/NAME`` of one. What cannot be read
    is ``skipped`` in the report. ``today`` is the day that the findings hold for (support of a Python ends on
    one), in UTC unless given. With ``jobs`` above 1 processes are started, which import the caller's main
    module. ``exclude`` holds patterns of folders to leave out; ``baseline`` is a file of known findings, which
    are left out. Raises UsageError if that file cannot be read.
    """
    import datetime as dates

    from envbuilder.auditor.auditing import audit as audit_paths
    from envbuilder.auditor.baseline import NOTHING, read_baseline
    from envbuilder.auditor.judging import Terms

    paths = [paths] if isinstance(paths, (str, os.PathLike)) else paths
    named = [os.fsdecode(path) for path in paths]
    if any(remote(path) for path in named):
        from envbuilder.registry.subjects import subjects

        settings = settings_of(settings, offline=offline)
        found = subjects(named, settings=settings, policy=policy or DEFAULT, progress=progress)
    else:
        found = None
    day = today or dates.datetime.now(dates.timezone.utc).date()
    terms = Terms(policy=policy or DEFAULT, today=day)
    report = audit_paths(
        found.items if found else named,
        terms=terms,
        jobs=jobs,
        exclude=exclude,
        baseline=read_baseline(baseline) if baseline else NOTHING,
        progress=progress,
    )
    return found.named(report) if found else report


def licenses(
    models: Iterable[str | os.PathLike[str]] | str | os.PathLike[str],
    *,
    as_of: str | datetime.date = "logged",
    python: str | None = None,
    engine: str = "auto",
    platform: str | None = None,
    offline: bool = False,
    strict: bool = False,
    policy: Policy | None = None,
    today: datetime.date | None = None,
    settings: Settings | None = None,
    progress: Progress = SILENT,
) -> Report:
    """Judge the licence of every package that the models lock; nothing is installed, and little is fetched.

    A model without a lock is locked first. What cannot be read, locked or fetched (with ``offline``: what the
    store does not have) is ``skipped`` in the report. ``today`` is the day that end dates of the policy are
    compared with, in UTC unless given. Raises UsageError, StoreError.
    """
    import datetime as dates

    from envbuilder.use.licences import judge_licences

    settings = settings_of(settings, offline=offline)
    models = [models] if isinstance(models, (str, os.PathLike)) else models
    return judge_licences(
        [os.fsdecode(model) for model in models],
        today=today or dates.datetime.now(dates.timezone.utc).date(),
        request=request_of(as_of, python, engine, offline=settings.offline, strict=strict, platform=platform),
        settings=settings,
        policy=policy or DEFAULT,
        progress=progress,
    )


def diff(
    before: str | os.PathLike[str],
    after: str | os.PathLike[str],
    *,
    files_only: bool = False,
    licences: bool = False,
    as_of: str | datetime.date = "logged",
    python: str | None = None,
    engine: str = "auto",
    offline: bool = False,
    strict: bool = False,
    policy: Policy | None = None,
    today: datetime.date | None = None,
    settings: Settings | None = None,
    progress: Progress = SILENT,
) -> Difference:
    """What changes from one model's environment to another's; both are locked, nothing is built.

    With ``files_only`` the files alone are compared, and no network is asked. With ``licences`` those that the
    store does not know are looked up, and judged. ``today`` is the day that the findings hold for, in UTC
    unless given. Raises InputRefused and whatever else keeps one of the two from
    being read or locked; the places in it name that model too.
    """
    import datetime as dates

    from envbuilder.use.comparing import compare_models

    settings = settings_of(settings, offline=offline)
    return compare_models(
        located(before, settings=settings, policy=policy, progress=progress),
        located(after, settings=settings, policy=policy, progress=progress),
        names=(str(before), str(after)),
        today=today or dates.datetime.now(dates.timezone.utc).date(),
        files_only=files_only,
        licences=licences,
        request=request_of(as_of, python, engine, offline=settings.offline, strict=strict),
        settings=settings,
        policy=policy or DEFAULT,
        progress=progress,
    )
