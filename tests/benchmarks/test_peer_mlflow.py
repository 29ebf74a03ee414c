"""The peer makes environments of what it reads, proves them, and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from benchmarks.mlflow_reading import RUNNING_PYTHON
from benchmarks.outcome import Side, Stage
from benchmarks.peer_mlflow import Mlflow, told
from envbuilder.interpreters.choice import Interpreters
from envbuilder.settings import Settings

PYFUNC = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
OLD = PYFUNC + "    env: conda.yaml\n"
NEW = PYFUNC + "    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n"


def peer(tmp_path: Path) -> Mlflow:
    settings = replace(
        Settings.from_environ({"HOME": str(tmp_path), "PATH": "/usr/bin"}), python_downloads=False
    )
    interpreters = Interpreters(settings=Settings.from_environ(), folder=tmp_path / "pythons")
    return Mlflow(settings=settings, folder=tmp_path / "peer", choose=interpreters.choose, cap=1)


def test_a_model_without_requirements_becomes_an_environment_and_leaves_nothing(
    tmp_path: Path, model: Callable[..., Path]
) -> None:
    version = ".".join(RUNNING_PYTHON.split(".")[:2])
    path = model(MLmodel=NEW, python_env_yaml=f"python: '{version}'\n")
    mlflow = peer(tmp_path)
    found = mlflow.measure(path, "m", ())
    assert (found.stage, found.side, found.code) == (Stage.IMPORTS, Side.MLFLOW, "")
    assert found.environment_bytes > 0
    broken = mlflow.measure(path, "m", ("sklearn",))
    assert (broken.stage, broken.code) == (Stage.BUILT, "mlflow/import-failed")
    assert "No module named 'sklearn'" in broken.line
    assert {entry.name for entry in (tmp_path / "peer").iterdir()} <= {"uv"}


def test_a_model_that_is_left_out_starts_no_tool(tmp_path: Path, model: Callable[..., Path]) -> None:
    path = model(MLmodel=NEW, python_env_yaml="dependencies: [-e .]\n")
    found = peer(tmp_path).measure(path, "m", ("sklearn",))
    assert (found.left_out, found.code, found.python) == (True, "harness/left-out", "")


def test_a_failure_of_uv_is_its_kind_with_the_first_and_the_last_that_it_says() -> None:
    log = "error: Failed to build `x==1`\n  cause: it failed\n\n[stderr]\nTraceback\nKeyError: 'y'\n\nhint: no\n"
    error = told(log)
    assert (error.code, error.message) == ("mlflow/build", "Failed to build `x==1` cause: it failed")
    assert (
        told("error: Couldn't parse requirement in `r`\n  cause: no =").code == "mlflow/malformed-requirement"
    )
    assert told("error: No solution found when resolving\n").code == "mlflow/no-solution"
