"""The Python calls of the interface: the stages with this host's settings filled in.

``settings`` default to what the process environment says (as the command line's), ``policy`` to the
default policy: a library must not obey a file that happens to lie in the working directory. ``as_of``,
``python`` and ``engine`` are read as the command line reads them; ``as_of`` may be a date too.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.locate import remote
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.request import Request, read_as_of, read_engine, read_python
from envbuilder.settings import Settings

if TYPE_CHECKING:
    import datetime
    from collections.abc import Iterable
    from contextlib import AbstractContextManager

    from envbuilder.comparison.difference import Difference
    from envbuilder.environment import Environment
    from envbuilder.exports.dependencies import DependencyFormat
    from envbuilder.inspection.mismatches import Mismatches
    from envbuilder.lock import Lock
    from envbuilder.policy import Policy
    from envbuilder.report.report import Report
    from envbuilder.spec import EnvSpec, Rewritten
    from envbuilder.use.session import Session
    from envbuilder.workers.loading import LoadedModel


def parse(model: str | os.PathLike[str]) -> EnvSpec:
    """Read a model's environment files into an EnvSpec; its findings say what is odd.

    Raises InputRefused with all findings where the input is refused, EnvbuilderError where there is no model.
    """
    from envbuilder.reader.model import read_model

    settings = Settings.from_environ()
    return read_model(_located(model, settings=settings), name=str(model))


def rewrite(spec: EnvSpec, *, policy: Policy | None = None, strict: bool = False) -> Rewritten:
    """Replace licensed channels and repair what cannot resolve; every change is in the result.

    Raises PolicyError with ``strict`` if anything would have been substituted.
    """
    from envbuilder.rewriter.rewriting import rewrite as rewrite_spec

    return rewrite_spec(spec, policy=policy or DEFAULT, strict=strict)


def resolve(
    spec: EnvSpec | Rewritten,
    *,
    as_of: str | datetime.date = "logged",
    python: str | None = None,
    engine: str = "auto",
    platform: str | None = None,
    offline: bool = False,
    strict: bool = False,
    policy: Policy | None = None,
    settings: Settings | None = None,
    progress: Progress = SILENT,
) -> Lock:
    """Lock every package with version and sha256, as of the day the model was logged.

    A spec that was not rewritten is rewritten first. Raises UsageError, PolicyError, InterpreterError,
    ResolveError.
    """
    from envbuilder.interpreters.choice import Interpreters
    from envbuilder.resolver.engines import engine_for
    from envbuilder.resolver.resolution import resolve as resolve_spec
    from envbuilder.spec import EnvSpec
    from envbuilder.store.store import Store
    from envbuilder.use.reading import carrier_for, with_files

    settings = _settings(settings, offline=offline)
    policy = policy or DEFAULT
    request = _request(as_of, python, engine, offline=settings.offline, strict=strict, platform=platform)
    store = Store.open(settings.home)
    rewritten = rewrite(spec, policy=policy, strict=strict) if isinstance(spec, EnvSpec) else spec
    place = _located(rewritten.spec.provenance.model, settings=settings, policy=policy)
    rewritten = with_files(rewritten, place, policy=policy, store=store)
    chosen = engine_for(request.engine, settings=settings, cache=store.uv_cache, policy=policy)
    return resolve_spec(
        rewritten,
        request=request,
        engine=chosen,
        carrier=carrier_for(
            rewritten, chosen, store=store, settings=settings, policy=policy, progress=progress
        ),
        interpreters=Interpreters(settings=settings, folder=store.pythons),
        policy=policy,
        progress=progress,
    )


def build(
    lock: Lock,
    *,
    policy: Policy | None = None,
    settings: Settings | None = None,
    progress: Progress = SILENT,
) -> Environment:
    """Make the environment of a lock, or find it in the store.

    No lease outlives the call: whoever uses the environment while others clean the store should
    ``acquire`` it. Raises InterpreterError, BuildError, ToolError, StoreError.
    """
    from envbuilder.builder.building import build as build_lock
    from envbuilder.interpreters.choice import Interpreters
    from envbuilder.store.store import Store

    settings = settings or Settings.from_environ()
    store = Store.open(settings.home)
    interpreters = Interpreters(settings=settings, folder=store.pythons)
    built = build_lock(
        lock,
        interpreter=interpreters.choose(lock.target.python, progress=progress),
        store=store,
        settings=settings,
        policy=policy or DEFAULT,
        progress=progress,
    )
    with built.lease:
        return built.environment


def acquire(
    model: str | os.PathLike[str],
    *,
    as_of: str | datetime.date = "logged",
    python: str | None = None,
    engine: str = "auto",
    offline: bool = False,
    strict: bool = False,
    policy: Policy | None = None,
    settings: Settings | None = None,
    progress: Progress = SILENT,
) -> AbstractContextManager[Session]:
    """All stages, or a hit; inside the block a lease is held, which children that the session starts inherit.

    Raises UsageError for an option that means nothing; when the block is entered, what the stages raise.
    """
    from envbuilder.use.session import acquire as acquire_path

    settings = _settings(settings, offline=offline)
    return acquire_path(
        _located(model, settings=settings, policy=policy, progress=progress),
        request=_request(as_of, python, engine, offline=settings.offline, strict=strict),
        settings=settings,
        policy=policy or DEFAULT,
        progress=progress,
    )


def check(
    model: str | os.PathLike[str],
    *,
    python: str | os.PathLike[str] | None = None,
    on_mismatch: str = "return",
    as_of: str | datetime.date = "logged",
    engine: str = "auto",
    offline: bool = False,
    strict: bool = False,
    policy: Policy | None = None,
    settings: Settings | None = None,
    progress: Progress = SILENT,
) -> Mismatches:
    """Compare the running Python with all that the model's lock has; nothing is imported or changed.

    ``python`` is another one's executable or prefix, or a version of this host's. The result is true when
    anything differs; ``.ranked`` has what, the weightiest first. For what is grave of it (``.grave``: all but
    notes) ``on_mismatch`` says what is done: ``return`` nothing; ``warn`` one MismatchWarning; ``raise`` a
    MismatchError; ``isolate``: ``.load_model()`` of the result loads the model in a child process, and in this
    one where nothing grave differs; ``exec`` starts this very program again inside the model's environment,
    and does not return: exit handlers do not run. A model that the store does not know is locked first.

    Raises UsageError, InterpreterError, what locking raises, RestartError where a process cannot be restarted
    (a notebook, a worker), and for ``isolate`` and ``exec`` what acquire() raises.
    """
    from envbuilder.inspection.acting import check_model

    settings = _settings(settings, offline=offline)
    return check_model(
        _located(model, settings=settings, policy=policy, progress=progress),
        name=str(model),
        python=None if python is None else os.fspath(python),
        on_mismatch=on_mismatch,
        request=_request(as_of, None, engine, offline=settings.offline, strict=strict),
        settings=settings,
        policy=policy or DEFAULT,
        progress=progress,
    )


def load_model(
    model: str | os.PathLike[str],
    *,
    workers: int = 1,
    timeout: float | None = None,
    as_of: str | datetime.date = "logged",
    python: str | None = None,
    engine: str = "auto",
    offline: bool = False,
    strict: bool = False,
    policy: Policy | None = None,
    settings: Settings | None = None,
    progress: Progress = SILENT,
) -> LoadedModel:
    """Load a model in a child process in its own environment; ``.predict(data)`` asks it from here.

    Up to ``workers`` children answer at once. ``timeout`` is in seconds, for loading and for each call; None
    waits for as long as it takes. The children die with this process. Raises what acquire() raises, and
    WorkerError where the model cannot be loaded.
    """
    from envbuilder.remote.whole import hold
    from envbuilder.use.restoration import restore
    from envbuilder.workers.loading import load

    settings = _settings(settings, offline=offline)
    held = hold(str(model), settings=settings, policy=policy or DEFAULT, progress=progress)
    try:
        restored = restore(
            held.folder,
            request=_request(as_of, python, engine, offline=settings.offline, strict=strict),
            settings=settings,
            policy=policy or DEFAULT,
            progress=progress,
        )
    except BaseException:
        held.close()
        raise
    restored = replace(restored, lease=held.joined(restored.lease))
    return load(restored, held.folder, workers=workers, timeout=timeout)


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

        settings = _settings(settings, offline=offline)
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

    settings = _settings(settings, offline=offline)
    models = [models] if isinstance(models, (str, os.PathLike)) else models
    return judge_licences(
        [os.fsdecode(model) for model in models],
        today=today or dates.datetime.now(dates.timezone.utc).date(),
        request=_request(as_of, python, engine, offline=settings.offline, strict=strict, platform=platform),
        settings=settings,
        policy=policy or DEFAULT,
        progress=progress,
    )


def get_model_dependencies(
    model: str | os.PathLike[str],
    format: DependencyFormat = "pip",  # noqa: A002 - MLflow's own name for it
    *,
    locked: bool = False,
    as_of: str | datetime.date = "logged",
    python: str | None = None,
    engine: str = "auto",
    offline: bool = False,
    strict: bool = False,
    policy: Policy | None = None,
    settings: Settings | None = None,
    progress: Progress = SILENT,
) -> Path:
    """Return a file to install a model's dependencies from, as ``mlflow.pyfunc.get_model_dependencies`` does.

    ``pip``: a requirements file, as the model asks and rewritten; with ``locked`` every package with version
    and sha256, for this host and ``python``. ``conda``: the rewritten conda file. It stands in the store.
    Raises what parse(), rewrite() and, with ``locked``, resolve() raise; UsageError for what there is no file of.
    """
    from envbuilder.exports.dependencies import dependencies_of

    settings = _settings(settings, offline=offline)
    return dependencies_of(
        _located(model, settings=settings, policy=policy, progress=progress),
        form=format,
        locked=locked,
        request=_request(as_of, python, engine, offline=settings.offline, strict=strict),
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

    settings = _settings(settings, offline=offline)
    return compare_models(
        _located(before, settings=settings, policy=policy, progress=progress),
        _located(after, settings=settings, policy=policy, progress=progress),
        names=(str(before), str(after)),
        today=today or dates.datetime.now(dates.timezone.utc).date(),
        files_only=files_only,
        licences=licences,
        request=_request(as_of, python, engine, offline=settings.offline, strict=strict),
        settings=settings,
        policy=policy or DEFAULT,
        progress=progress,
    )


def _located(
    model: str | os.PathLike[str],
    *,
    settings: Settings,
    policy: Policy | None = None,
    progress: Progress = SILENT,
) -> Path:
    """Return the folder of a model, with its environment files alone where it is named by a URI."""
    from envbuilder.remote.locating import located

    return located(os.fspath(model), settings=settings, policy=policy or DEFAULT, progress=progress)


def _settings(settings: Settings | None, *, offline: bool) -> Settings:
    """The host's settings; whoever is asked to stay offline must not learn it from the request alone."""
    found = settings or Settings.from_environ()
    return replace(found, offline=True) if offline else found


def _request(
    as_of: str | datetime.date,
    python: str | None,
    engine: str,
    *,
    offline: bool,
    strict: bool,
    platform: str | None = None,
) -> Request:
    return Request(
        as_of=read_as_of(as_of),
        python=read_python(python),
        engine=read_engine(engine),
        platform=platform,
        offline=offline,
        strict=strict,
    )
