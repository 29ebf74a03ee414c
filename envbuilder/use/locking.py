"""From a model to its lock: the one the store knows, else a new one."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

from envbuilder.errors import EnvbuilderError, ResolveError, UsageError
from envbuilder.findings import Fidelity, fidelity_of
from envbuilder.flavors import imports_of
from envbuilder.interpreters.choice import Interpreters
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.reader.model import read_model
from envbuilder.request import Request
from envbuilder.resolver.engines import engine_for
from envbuilder.resolver.resolution import resolve
from envbuilder.resolver.targets import host_platform
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.store.store import Store
from envbuilder.use.engine_choice import rewritten_for, second_choice
from envbuilder.use.keys import resolution_key
from envbuilder.use.reading import carrier_for, with_files

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.environment import Interpreter
    from envbuilder.lock import Lock
    from envbuilder.policy import Policy
    from envbuilder.settings import Settings
    from envbuilder.spec import Rewritten
    from envbuilder.use.engine_choice import EngineChoice


PLAIN = Request()
"""What is asked where nothing is said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Locked:
    """A model with its lock. ``known`` tells that the store had it. Times are in seconds."""

    rewritten: Rewritten
    """For a lock of conda packages: as a conda environment wants it, its conda dependencies still conda's."""
    choice: EngineChoice
    lock: Lock
    known: bool
    parse_seconds: float
    resolve_seconds: float


def lock_model(
    model: Path,
    *,
    request: Request = PLAIN,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
    interpreters: Interpreters | None = None,
) -> Locked:
    """Return the lock of a model; the same one as the last time unless ``request.refresh``.

    Any number of processes that ask at once resolve once. ``interpreters`` are the host's, if the caller
    has looked already. Raises InputRefused, PolicyError, InterpreterError, ResolveError (also one that
    the store remembers), StoreError.
    """
    began = time.monotonic()
    progress.phase("parse", str(model))
    rewritten, choice = rewritten_for(read_model(model), request=request, policy=policy)
    store = Store.open(settings.home)
    rewritten = with_files(rewritten, model, policy=policy, store=store)
    parsed = time.monotonic()
    question = _Question(
        rewritten=rewritten,
        choice=choice,
        key=resolution_key(rewritten, request, settings, policy),
        request=request,
        settings=settings,
        policy=policy,
        interpreters=interpreters or interpreters_of(store, settings, policy),
    )
    question, lock, known = question.settled(model, store, progress)
    return Locked(
        rewritten=question.rewritten,
        choice=question.choice,
        lock=lock,
        known=known,
        parse_seconds=parsed - began,
        resolve_seconds=time.monotonic() - parsed,
    )


def lock_here(
    model: Path, *, request: Request, settings: Settings, policy: Policy, progress: Progress
) -> tuple[Locked, Interpreter | None]:
    """Return a model's lock for this host, and the interpreter that it is for: none if it has its own Python.

    A lock of the store whose Python has since left the host is made again. Raises as lock_model() does,
    and UsageError for a platform that is not this host's.
    """
    if request.platform not in (None, host_platform()):
        raise UsageError(
            f"an environment for {request.platform} cannot be made on {host_platform()}",
            code="usage/platform",
            hint="leave --platform out, or only lock: `envbuilder lock --platform`",
        )
    interpreters = interpreters_of(Store.open(settings.home), settings, policy)

    def locked(asked: Request) -> tuple[Locked, Interpreter | None]:
        found = lock_model(
            model,
            request=asked,
            settings=settings,
            policy=policy,
            progress=progress,
            interpreters=interpreters,
        )
        if found.lock.conda:
            return found, None
        return found, interpreters.choose(found.lock.target.python, progress=progress)

    found, interpreter = locked(request)
    if found.known and interpreter and interpreter.version != found.lock.target.python:
        found, interpreter = locked(replace(request, refresh=True))
    return found, interpreter


def interpreters_of(store: Store, settings: Settings, policy: Policy) -> Interpreters:
    """Return the host's interpreters, with the ways to others that the policy names."""
    from envbuilder.builder.pythons import ways_of

    return Interpreters(settings=settings, folder=store.pythons, ways=ways_of(store, settings, policy))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Question:
    """All that a resolution depends on, and its address in the store."""

    rewritten: Rewritten
    choice: EngineChoice
    key: str
    request: Request
    settings: Settings
    policy: Policy
    interpreters: Interpreters

    def settled(self, model: Path, store: Store, progress: Progress) -> tuple[_Question, Lock, bool]:
        """Return the lock, and the question that it answers: where the index lacks what is asked of conda, that
        of a conda environment, if one is nearer to what was logged.
        """
        try:
            lock, known = self.answer(store, progress)
        except ResolveError as error:
            other = self._for_conda(error, model, store)
            if other is None:
                raise
            try:
                return (other, *other.answer(store, progress))
            except EnvbuilderError:
                raise error from None
        other = self._for_conda(lock, model, store)
        if other is not None:
            with contextlib.suppress(EnvbuilderError):
                nearer, found = other.answer(store, progress)
                if fidelity_of(nearer.changes) is not Fidelity.DEGRADED:
                    return other, nearer, found
        return self, lock, known

    def _for_conda(self, came_of: Lock | ResolveError, model: Path, store: Store) -> _Question | None:
        """Return the second question, None where the first answer stands or nobody here could give another."""
        choice = second_choice(self.choice, self.rewritten, came_of, self.request, self.policy)
        if choice is None or find_spec("rattler") is None:
            return None
        rewritten = rewrite(
            self.rewritten.original, policy=self.policy, strict=self.request.strict, conda=True
        )
        rewritten = with_files(rewritten, model, policy=self.policy, store=store)
        key = resolution_key(rewritten, self.request, self.settings, self.policy)
        return replace(self, rewritten=rewritten, choice=choice, key=key)

    def answer(self, store: Store, progress: Progress) -> tuple[Lock, bool]:
        """Return the lock, and whether the store had it."""
        known = self._known(store)
        if known:
            return known, True
        if self.request.refresh:
            store.forget_failure(self.key)
        # What fails offline may succeed at the next request.
        remember = not (self.request.offline or self.settings.offline)
        with store.turn(self.key, progress=progress, remember=remember) as notes:
            known = self._known(store)
            if known:
                return known, True
            lock = self._resolve(store, notes)
            store.records.save_spec(self.rewritten)
            store.records.save_resolution(self.key, self.rewritten, lock)
        return lock, False

    def _known(self, store: Store) -> Lock | None:
        if self.request.refresh:
            return None
        imports = imports_of(self.rewritten.spec.flavors)
        return store.records.find_resolution(self.key, self.rewritten, imports)

    def _resolve(self, store: Store, progress: Progress) -> Lock:
        return resolve_by(
            self.choice,
            self.rewritten,
            request=self.request,
            settings=self.settings,
            policy=self.policy,
            store=store,
            interpreters=self.interpreters,
            progress=progress,
        )


def resolve_by(
    choice: EngineChoice,
    rewritten: Rewritten,
    *,
    request: Request,
    settings: Settings,
    policy: Policy,
    store: Store,
    interpreters: Interpreters,
    progress: Progress = SILENT,
) -> Lock:
    """Return the lock that the chosen engine makes of a spec that was rewritten for it.

    The store keeps what is fetched on the way, not the lock. Raises as the engines do.
    """
    conda = choice.engine == "conda"
    name = "auto" if conda else choice.engine  # what is asked of pip comes from the index in any case
    engine = engine_for(name, settings=settings, cache=store.uv_cache, policy=policy)
    carrier = carrier_for(rewritten, engine, store=store, settings=settings, policy=policy, progress=progress)
    if not conda:
        return resolve(
            rewritten, request=request, engine=engine, interpreters=interpreters, carrier=carrier,
            policy=policy, progress=progress,
        )  # fmt: skip
    from envbuilder.conda.resolution import resolve_conda
    from envbuilder.store.packages import using_conda

    with using_conda(store.layout):
        return resolve_conda(
            rewritten, request=request, settings=settings, engine=engine, interpreters=interpreters,
            cache=store.conda_cache, carrier=carrier, policy=policy, progress=progress,
        )  # fmt: skip
