"""What is done about mismatches: told, raised, loaded elsewhere; and nothing where only notes differ."""

from __future__ import annotations

import os
import pickle
import sys
import types
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import envbuilder
from envbuilder.errors import UsageError
from envbuilder.findings import Level
from envbuilder.inspection import checking
from envbuilder.inspection.mismatches import MismatchError, MismatchWarning
from envbuilder.inspection.places import Python
from tests.inspection.conftest import PACKAGES, Known, Make, python_with


def running(monkeypatch: pytest.MonkeyPatch, python: Python) -> None:
    monkeypatch.setattr(checking, "running_python", lambda: python)


def check(known: Known, action: str) -> envbuilder.Mismatches:
    return envbuilder.check(known.model, on_mismatch=action, settings=known.settings)


def test_a_warning_is_one_line_with_the_weightiest_and_the_cure(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = make()
    running(
        monkeypatch, python_with(tmp_path, {**PACKAGES, "numpy": "2.0", "six": "1.16.0"}, version="3.11.7")
    )
    with pytest.warns(MismatchWarning) as caught:
        found = envbuilder.check(known.model, on_mismatch="warn", settings=known.settings)
    (warning,) = caught
    assert str(warning.message) == (
        f"python 3.11.7 is not what {known.model} was made for: python 3.11.7 for 3.8.18 (python_env.yaml:1:9); "
        "numpy 2.0 for 1.20.1; six 1.16.0 for 1.15.0; load it in its own environment: "
        "envbuilder.load_model(model), or `envbuilder run MODEL -- python …`"
    )
    assert warning.filename == __file__
    assert len(found) == 3


def test_an_error_has_all_of_it(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = make()
    running(monkeypatch, python_with(tmp_path, {"numpy": "1.20.1"}, version="3.8.8"))
    with pytest.raises(MismatchError, match=r"check/mismatch: .*scikit-learn missing for 0\.24\.1") as caught:
        check(known, "raise")
    assert {item.name for item in caught.value.mismatches} == {*PACKAGES} - {"numpy"}
    assert "; and 2 more" in caught.value.message
    assert pickle.loads(pickle.dumps(caught.value)).mismatches == caught.value.mismatches


@pytest.mark.parametrize("action", ["return", "warn", "raise", "isolate", "exec"])
def test_notes_alone_are_told_and_nothing_is_done(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str
) -> None:
    known = make({**PACKAGES, "torch": "2.0.1+cu118"})
    there = {**PACKAGES, "torch": "2.0.1+cpu", "pip": "24.0"}
    running(monkeypatch, python_with(tmp_path, there, version="3.8.1"))
    monkeypatch.setattr("envbuilder.use.restoration.restore", None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = check(known, action)
    assert found
    assert {item.name: item.level for item in found} == dict.fromkeys(("pip", "python", "torch"), Level.NOTE)
    assert found.grave == ()


@pytest.mark.parametrize("action", ["return", "warn", "raise", "isolate", "exec"])
def test_all_right_is_quiet(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: str) -> None:
    known = make()
    running(monkeypatch, python_with(tmp_path))
    assert not check(known, action)


@dataclass
class Restored:
    lease: Path


class Loaded:
    def __init__(self, *where: Any, **how: Any) -> None:
        self.where, self.how = where, how


def test_isolated_a_model_is_loaded_where_it_fits(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = make()
    monkeypatch.setattr("envbuilder.use.restoration.restore", lambda model, **_: Restored(lease=model))
    monkeypatch.setattr("envbuilder.workers.loading.load", Loaded)
    running(monkeypatch, python_with(tmp_path / "other", {}))
    child: Any = check(known, "isolate").load_model(workers=3, timeout=7.0)
    assert child.where == (Restored(lease=known.model), known.model)
    assert child.how == {"workers": 3, "timeout": 7.0}

    pyfunc = types.ModuleType("mlflow.pyfunc")
    monkeypatch.setattr(pyfunc, "load_model", lambda path: Loaded("here", path), raising=False)
    package = types.ModuleType("mlflow")
    monkeypatch.setattr(package, "pyfunc", pyfunc, raising=False)
    monkeypatch.setitem(sys.modules, "mlflow", package)
    monkeypatch.setitem(sys.modules, "mlflow.pyfunc", pyfunc)
    running(monkeypatch, python_with(tmp_path / "same"))
    here: Any = check(known, "isolate").load_model()
    assert here.where == ("here", str(known.model))


def test_where_mlflow_is_not_even_wanted_that_is_told(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = make()
    running(monkeypatch, python_with(tmp_path))
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(UsageError, match="check/no-mlflow"):
        check(known, "isolate").load_model()


def test_only_an_isolating_check_loads(make: Make) -> None:
    with pytest.raises(UsageError, match="was not asked to isolate"):
        check(make(), "return").load_model()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_mismatch": "panic"}, "on_mismatch='panic' means nothing"),
        ({"on_mismatch": "exec", "python": "3.8"}, "is about the running Python"),
        ({"on_mismatch": "isolate", "python": "/usr/bin/python3"}, "is about the running Python"),
        ({"as_of": "soon"}, "no date"),
        ({"engine": "poetry"}, "no engine"),
    ],
)
def test_what_means_nothing_is_refused_before_anything_is_done(
    make: Make, options: dict[str, str], message: str
) -> None:
    known = make(None)
    with pytest.raises(UsageError, match=message):
        envbuilder.check(known.model, settings=known.settings, **options)  # type: ignore[arg-type]


def test_a_restart_is_refused_before_an_environment_is_made(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = make()
    monkeypatch.setattr("envbuilder.use.restoration.restore", None)
    monkeypatch.setattr(sys, "ps1", ">>> ", raising=False)
    with pytest.raises(envbuilder.EnvbuilderError, match=r"check/restart: .*it is interactive") as caught:
        check(known, "exec")
    assert caught.value.hint == "use envbuilder.load_model(model): a child process"


def test_a_process_is_restarted_once(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    known = make()
    told = f'{{"pid": {os.getpid()}, "model": "another"}}'
    monkeypatch.setenv("ENVBUILDER_RESTARTED", told)
    with pytest.raises(MismatchError, match=r"check/restarted: .*restarted for another already"):
        check(known, "exec")
