"""A small model, a fresh store, and fake stages behind the real ones' names: nothing is downloaded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from envbuilder.builder.building import Built
from envbuilder.environment import Interpreter, environment_id
from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Change, Effect
from envbuilder.lock import Lock
from envbuilder.settings import Settings
from envbuilder.store.store import Store
from tests.store import fakes

RESOLVED = Change(code="date/raised", message="the day moved", effect=Effect.NONE)


@dataclass
class Stages:
    """What the fake stages were asked, and what they answer."""

    resolutions: int = 0
    builds: int = 0
    error: EnvbuilderError | None = None
    changes: tuple[Change, ...] = (RESOLVED,)
    interpreter: Interpreter = field(default_factory=fakes.interpreter)

    def resolve(self, rewritten: Any, **_: Any) -> Lock:
        self.resolutions += 1
        if self.error:
            raise self.error
        lock = fakes.lock()
        target = replace(lock.target, python=self.interpreter.version)
        changes = (*rewritten.changes, *self.changes)
        return replace(lock, target=target, spec_id=rewritten.spec_id, changes=changes)

    def build(self, lock: Lock, *, interpreter: Interpreter, store: Store, **_: Any) -> Built:
        env_id = environment_id(lock, interpreter)
        lease = store.lease(env_id)
        found = store.find(env_id)
        if found is None:
            self.builds += 1
            found = fakes.make(store, env_id)
        return Built(environment=found, lease=lease, hit=not self.builds, seconds=0.0)


class FakeInterpreters:
    """The host's interpreters: the one of the stages, whatever is wished."""

    stages: Stages

    def __init__(self, **_: Any) -> None: ...

    def choose(self, _: str, **__: Any) -> Interpreter:
        return self.stages.interpreter


@pytest.fixture
def stages(monkeypatch: pytest.MonkeyPatch) -> Stages:
    fake = Stages()
    monkeypatch.setattr(FakeInterpreters, "stages", fake, raising=False)
    monkeypatch.setattr("envbuilder.use.locking.Interpreters", FakeInterpreters)
    monkeypatch.setattr("envbuilder.use.locking.resolve", fake.resolve)
    monkeypatch.setattr("envbuilder.builder.building.build", fake.build)
    return fake


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "store", user_home=tmp_path)


@pytest.fixture
def store(settings: Settings) -> Store:
    return Store.open(settings.home)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A model of one requirement, with an include."""
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "MLmodel").write_text(
        "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
        "utc_time_created: '2024-01-02 03:04:05.000000'\n"
    )
    (folder / "requirements.txt").write_text("-r more.txt\nthing==1.0\nmlflow==2.9.2\n")
    (folder / "more.txt").write_text("other\n")
    (folder / "python_env.yaml").write_text("python: 3.8.8\ndependencies:\n- -r requirements.txt\n")
    return folder
