"""Takes one model through envbuilder's own stages and notes how far it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.disk import tree_bytes
from benchmarks.outcome import Attempt, Outcome, Side, Stage
from envbuilder.builder.building import build
from envbuilder.errors import BuildError, InputRefused
from envbuilder.findings import fidelity_of
from envbuilder.flavors import imports_of
from envbuilder.interpreters.choice import Interpreters
from envbuilder.reader.model import read_model
from envbuilder.request import Request
from envbuilder.resolver.engines import engine_for
from envbuilder.resolver.resolution import resolve
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.store.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.findings import Change
    from envbuilder.lock import Lock
    from envbuilder.policy import Policy
    from envbuilder.settings import Settings
    from envbuilder.spec import EnvSpec, Rewritten

IMPORT_FAILED = "build/import-failed"
"""The one failure of build() that leaves an installed environment: only its proof is missing."""


class Envbuilder:
    """Restores models by envbuilder's stages, in a store of the benchmark's own."""

    def __init__(self, *, settings: Settings, policy: Policy, cap: int) -> None:
        self._settings = settings
        self._policy = policy
        self._cap = cap
        self.store = Store.open(settings.home)
        self.interpreters = Interpreters(settings=settings, folder=self.store.pythons)
        self._engine = engine_for("auto", settings=settings, cache=self.store.uv_cache, policy=policy)

    def measure(self, model: Path, name: str) -> Outcome:
        """Restore one model and say how far it got."""
        attempt = Attempt(Outcome(model=name, side=Side.ENVBUILDER))
        return attempt.run(lambda: self._steps(attempt, model))

    def _steps(self, attempt: Attempt, model: Path) -> None:
        rewritten = self._parse(attempt, model)
        lock = self._resolve(attempt, rewritten)
        if attempt.outcome.lock_bytes > self._cap:
            attempt.note(over_cap=True)
            return
        self._build(attempt, lock)

    def _parse(self, attempt: Attempt, model: Path) -> Rewritten:
        with attempt.timed("parse"):
            try:
                spec = read_model(model, name=attempt.outcome.model)
            except InputRefused as refused:
                attempt.note(codes=tuple(dict.fromkeys(f.code for f in refused.refusals)))
                raise
            attempt.note(
                stage=Stage.PARSED,
                requirements=_requirements(spec),
                imports=imports_of(spec.flavors),
                python_requested=spec.python[0].text if spec.python else "",
            )
            return rewrite(spec, policy=self._policy)

    def _resolve(self, attempt: Attempt, rewritten: Rewritten) -> Lock:
        with attempt.timed("resolve"):
            lock = resolve(
                rewritten,
                request=Request(),
                engine=self._engine,
                interpreters=self.interpreters,
                policy=self._policy,
            )
        attempt.note(
            stage=Stage.LOCKED,
            packages=len(lock.artifacts),
            lock_bytes=sum(artifact.size for artifact in lock.artifacts),
            **_fidelity(lock.changes),
        )
        return lock

    def _build(self, attempt: Attempt, lock: Lock) -> None:
        interpreter = self.interpreters.choose(lock.target.python)
        attempt.note(python=interpreter.version)
        with attempt.timed("build"):
            try:
                built = build(
                    lock,
                    interpreter=interpreter,
                    store=self.store,
                    settings=self._settings,
                    policy=self._policy,
                )
            except BuildError as error:
                if error.code == IMPORT_FAILED:
                    attempt.note(stage=Stage.BUILT)
                raise
        with built.lease:
            size = tree_bytes(built.environment.prefix)
        attempt.note(stage=Stage.IMPORTS, hit=built.hit, environment_bytes=size)


def _requirements(spec: EnvSpec) -> int:
    return len(spec.pypi) + len(spec.conda) + len(spec.direct)


def _fidelity(changes: tuple[Change, ...]) -> dict[str, object]:
    return {
        "fidelity": fidelity_of(changes).value,
        "changes": tuple(dict.fromkeys(change.code for change in changes)),
    }
