"""What loaders call: a check before an in-process load, a model in a child process, a file to install from."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.api.given import located, request_of, settings_of
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.settings import Settings

if TYPE_CHECKING:
    import datetime

    from envbuilder.exports.dependencies import DependencyFormat
    from envbuilder.inspection.mismatches import Mismatches
    from envbuilder.policy import Policy
    from envbuilder.workers.loading import LoadedModel


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

    settings = settings_of(settings, offline=offline)
    return check_model(
        located(model, settings=settings, policy=policy, progress=progress),
        name=str(model),
        python=None if python is None else os.fspath(python),
        on_mismatch=on_mismatch,
        request=request_of(as_of, None, engine, offline=settings.offline, strict=strict),
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

    settings = settings_of(settings, offline=offline)
    held = hold(str(model), settings=settings, policy=policy or DEFAULT, progress=progress)
    try:
        restored = restore(
            held.folder,
            request=request_of(as_of, python, engine, offline=settings.offline, strict=strict),
            settings=settings,
            policy=policy or DEFAULT,
            progress=progress,
        )
    except BaseException:
        held.close()
        raise
    restored = replace(restored, lease=held.joined(restored.lease))
    return load(restored, held.folder, workers=workers, timeout=timeout)


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

    ``pip``: a requirements file, as the model asks and rewritten. ``conda``: the rewritten conda file. With
    ``locked`` every package with version and sha256, for this host and ``python``; of conda as conda-lock.yml.
    It stands in the store.
    Raises what parse(), rewrite() and, with ``locked``, resolve() raise; UsageError for what there is no file of.
    """
    from envbuilder.exports.dependencies import dependencies_of

    settings = settings_of(settings, offline=offline)
    return dependencies_of(
        located(model, settings=settings, policy=policy, progress=progress),
        form=format,
        locked=locked,
        request=request_of(as_of, python, engine, offline=settings.offline, strict=strict),
        settings=settings,
        policy=policy or DEFAULT,
        progress=progress,
    )
