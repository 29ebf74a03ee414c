"""The stages, one by one and all at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from envbuilder.api.given import located, request_of, settings_of
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.settings import Settings

if TYPE_CHECKING:
    import datetime
    from contextlib import AbstractContextManager

    from envbuilder.environment import Environment
    from envbuilder.lock import Lock
    from envbuilder.policy import Policy
    from envbuilder.spec import EnvSpec, Rewritten
    from envbuilder.use.session import Session


def parse(model: str | os.PathLike[str]) -> EnvSpec:
    """Read a model's environment files into an EnvSpec; its findings say what is odd.

    Raises InputRefused with all findings where the input is refused, EnvbuilderError where there is no model.
    """
    from envbuilder.reader.model import read_model

    settings = Settings.from_environ()
    return read_model(located(model, settings=settings), name=str(model))


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
    from envbuilder.spec import EnvSpec
    from envbuilder.store.store import Store
    from envbuilder.use.engine_choice import rewritten_for
    from envbuilder.use.locking import interpreters_of, resolve_by
    from envbuilder.use.reading import with_files

    settings = settings_of(settings, offline=offline)
    policy = policy or DEFAULT
    request = request_of(as_of, python, engine, offline=settings.offline, strict=strict, platform=platform)
    store = Store.open(settings.home)
    asked = spec if isinstance(spec, EnvSpec) else spec.original
    rewritten, choice = rewritten_for(asked, request=request, policy=policy)
    if not isinstance(spec, EnvSpec) and choice.engine != "conda":
        rewritten = spec
    place = located(rewritten.spec.provenance.model, settings=settings, policy=policy)
    rewritten = with_files(rewritten, place, policy=policy, store=store)
    return resolve_by(
        choice,
        rewritten,
        request=request,
        settings=settings,
        policy=policy,
        store=store,
        interpreters=interpreters_of(store, settings, policy),
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
    from envbuilder.store.store import Store
    from envbuilder.use.locking import interpreters_of

    settings = settings or Settings.from_environ()
    policy = policy or DEFAULT
    store = Store.open(settings.home)
    interpreters = interpreters_of(store, settings, policy)
    own = bool(lock.conda)
    built = build_lock(
        lock,
        interpreter=None if own else interpreters.choose(lock.target.python, progress=progress),
        store=store,
        settings=settings,
        policy=policy,
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

    settings = settings_of(settings, offline=offline)
    return acquire_path(
        located(model, settings=settings, policy=policy, progress=progress),
        request=request_of(as_of, python, engine, offline=settings.offline, strict=strict),
        settings=settings,
        policy=policy or DEFAULT,
        progress=progress,
    )
