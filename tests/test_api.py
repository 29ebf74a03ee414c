"""The Python calls of the interface, as a user writes them, on stages that download nothing."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import envbuilder
from envbuilder.errors import UsageError
from envbuilder.request import Request
from envbuilder.settings import Settings
from tests.conftest import MODELS

MODEL = MODELS / "seed-sklearn"

HEAVY = ("click", "packaging", "rich", "tomli_w", "uv", "yaml", "mlflow", "numpy")


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_import_loads_nothing_but_the_package_itself() -> None:
    code = "import sys; old = set(sys.modules); import envbuilder; print(*sorted(set(sys.modules) - old))"
    loaded = python(code).split()
    assert [name for name in loaded if name.startswith("envbuilder")] == ["envbuilder"]
    assert not set(HEAVY) & set(loaded)


def test_submodules_never_take_the_place_of_a_public_name() -> None:
    # Importing a.b binds b in a: a package called like a function would replace it.
    code = (
        "import importlib, pkgutil, envbuilder\n"
        "for module in pkgutil.walk_packages(envbuilder.__path__, 'envbuilder.'):\n"
        "    if not module.name.endswith(('__main__', 'pip_links')): importlib.import_module(module.name)\n"
        "import types\n"
        "print([n for n in envbuilder.__all__ if isinstance(getattr(envbuilder, n), types.ModuleType)])"
    )
    assert python(code) == "[]"


def test_the_stages_follow_each_other_as_promised() -> None:
    spec = envbuilder.parse(str(MODEL))
    assert spec == envbuilder.parse(MODEL)
    rewritten = envbuilder.rewrite(spec)
    assert rewritten.original == spec
    assert rewritten.changes[0].code == "channel/restricted"


@pytest.mark.parametrize("offline", [True, False])
def test_whoever_asks_to_stay_offline_stays_offline_in_every_stage(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *, offline: bool
) -> None:
    seen: list[tuple[bool, bool]] = []

    def resolve(_: Any, *, request: Request, engine: Any, **__: Any) -> str:
        seen.append((request.offline, engine.offline))
        return "lock"

    class Engine:
        name = "uv"

        def __init__(self, _: Any, *, settings: Settings, **__: Any) -> None:
            self.offline = settings.offline

    def acquire(_: Path, *, request: Request, settings: Settings, **__: Any) -> None:
        seen.append((request.offline, settings.offline))

    monkeypatch.setattr("envbuilder.use.locking.resolve", resolve)
    monkeypatch.setattr("envbuilder.use.locking.engine_for", Engine)
    monkeypatch.setattr("envbuilder.use.session.acquire", acquire)
    settings = Settings(home=tmp_path / "store", user_home=tmp_path)
    envbuilder.resolve(envbuilder.parse(MODEL), offline=offline, settings=settings)
    envbuilder.acquire(MODEL, offline=offline, settings=settings)
    envbuilder.acquire(MODEL, settings=replace(settings, offline=offline))
    assert seen == [(offline, offline)] * 3


@pytest.mark.parametrize("option", [{"as_of": "soon"}, {"python": "3.x"}, {"engine": "poetry"}])
def test_an_option_that_means_nothing_is_refused(tmp_path: Path, option: dict[str, str]) -> None:
    settings = Settings(home=tmp_path / "store", user_home=tmp_path)
    with pytest.raises(UsageError):
        envbuilder.resolve(envbuilder.parse(MODEL), settings=settings, **option)  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        envbuilder.acquire(MODEL, settings=settings, **option)  # type: ignore[arg-type]
