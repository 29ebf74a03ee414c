"""Real packages of a real index, on the oldest and on the running Python, with both installers."""

from __future__ import annotations

import dataclasses
import datetime
import subprocess
from pathlib import Path

import pytest

from envbuilder.builder.building import build
from envbuilder.environment import Interpreter
from envbuilder.interpreters.choice import Interpreters
from envbuilder.lock import Kind, Lock, Target
from envbuilder.policy import DEFAULT
from envbuilder.resolver.engine import Question, Solution
from envbuilder.resolver.selection import select
from envbuilder.resolver.uv import UvEngine
from envbuilder.settings import Settings
from envbuilder.store.store import Store

pytestmark = pytest.mark.index

OLD_DAY = datetime.datetime(2020, 8, 20, tzinfo=datetime.timezone.utc)
"""The pip, setuptools and wheel of that day; termcolor 1.1.0 was only ever published as a source."""

ASKED = ("six", "packaging", "termcolor==1.1.0", "pip", "setuptools", "wheel")


@pytest.fixture
def here(warm_home: Path) -> Settings:
    return dataclasses.replace(Settings.from_environ(), home=warm_home)


def resolved(interpreter: Interpreter, settings: Settings, day: datetime.datetime | None) -> Lock:
    target = Target(python=interpreter.version, platform=interpreter.platform, floor=interpreter.floor)
    engine = UvEngine(settings=settings, cache=settings.home / "pkgs" / "v1" / "uv")
    answer = engine.solve(Question(requirements=ASKED, target=target, interpreter=interpreter, cutoff=day))
    assert isinstance(answer, Solution)
    artifacts, _, refused = select(answer.candidates, target, DEFAULT.builds)
    assert not refused
    imports = ("six", "packaging.version", "termcolor", "pkg_resources")
    return Lock(target=target, artifacts=artifacts, spec_id="1" * 64, engine="uv", as_of=day, imports=imports)


@pytest.mark.parametrize("engine", ["uv", "pip"])
@pytest.mark.parametrize("wish", ["3.6", "3.10"])
def test_a_lock_with_a_source_becomes_an_environment(wish: str, engine: str, here: Settings) -> None:
    store = Store.open(here.home)
    interpreter = Interpreters(settings=here, folder=store.pythons).choose(wish)
    day = OLD_DAY if wish == "3.6" else OLD_DAY + datetime.timedelta(days=800)
    lock = dataclasses.replace(resolved(interpreter, here, day), engine=engine)
    assert [artifact.name for artifact in lock.artifacts if artifact.kind is Kind.SDIST] == ["termcolor"]
    built = build(lock, interpreter=interpreter, store=store, settings=here)
    with built.lease:
        prefix = built.environment.prefix
        script = prefix / "bin" / "wheel"
        done = subprocess.run([script, "version"], capture_output=True, text=True, check=True, cwd="/")
        wheel = next(artifact for artifact in lock.artifacts if artifact.name == "wheel")
        assert done.stdout == f"wheel {wheel.version}\n"
        installed = {
            path.name.partition("-")[0] for path in prefix.glob("lib/python*/site-packages/*.dist-info")
        }
        assert installed == {artifact.name for artifact in lock.artifacts}
