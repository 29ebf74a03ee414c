"""The names that nine releases of MLflow gave, each asked for itself (names.json), are the names that we give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from envbuilder.errors import EnvbuilderError
from envbuilder.handover.errors import HandoverError
from envbuilder.handover.naming import environment_name, environments_root
from envbuilder.handover.release import Release, named_release
from envbuilder.settings import Settings
from tests.conftest import MODELS

HERE = Path(__file__).parent
NAMES: dict[str, Any] = json.loads((HERE / "names.json").read_text("utf-8"))
OURS: dict[str, dict[str, str]] = json.loads((HERE / "models.json").read_text("utf-8"))


def written(files: dict[str, str], folder: Path) -> Path:
    for name, text in files.items():
        (folder / name).write_bytes(text.encode())
    return folder


def release(version: str, python: str | None = None) -> Release:
    found = named_release(version)
    return Release(version=found.version, number=found.number, python=python)


@pytest.mark.parametrize("version", NAMES)
def test_the_names_are_mlflows_own(version: str, tmp_path: Path) -> None:
    for name, expected in NAMES[version]["names"].items():
        (tmp_path / name).mkdir()
        model = written(OURS[name], tmp_path / name) if name in OURS else MODELS / name
        asked = release(version, NAMES[version]["python"])
        if expected is None:
            with pytest.raises(HandoverError) as caught:
                environment_name(model, asked)
            assert caught.value.code == "handover/unnamed"
        else:
            assert environment_name(model, asked) == expected, name


def test_a_name_that_depends_on_mlflows_python_is_not_guessed(tmp_path: Path) -> None:
    model = written(OURS["no-python"], tmp_path)
    with pytest.raises(HandoverError, match="which Python runs MLflow"):
        environment_name(model, release("2.9.2"))


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"python_env.yaml": "python: 3.8\n"}, "a number"),
        ({"python_env.yaml": "python: '3.8'\nname: x\n"}, "a key 'name'"),
        ({"python_env.yaml": "python: '3.8'\ndependencies: -r requirements.txt\n"}, "no list"),
        ({"python_env.yaml": "python: '3.8'\ndependencies: [-r gone.txt]\n"}, r"gone\.txt is not there"),
        ({"conda.yaml": "dependencies: [python]\n"}, "does not pin"),
        ({"conda.yaml": "dependencies: ['python<3.9']\n"}, "does not pin"),
        ({}, r"conda\.yaml, and that is not there"),
    ],
)
def test_a_model_at_which_mlflow_fails_is_told(files: dict[str, str], why: str, tmp_path: Path) -> None:
    mlmodel = "flavors:\n  python_function:\n    env: conda.yaml\n    loader_module: m\n"
    with pytest.raises(HandoverError, match=why) as caught:
        environment_name(written({"MLmodel": mlmodel, **files}, tmp_path), release("2.9.2", "3.10.1"))
    assert caught.value.code == "handover/unnamed"


@pytest.mark.parametrize("named", ["/etc/passwd", "../up.txt"])
def test_files_outside_of_the_model_are_not_read(named: str, tmp_path: Path) -> None:
    files = {"MLmodel": "flavors: {}\n", "python_env.yaml": f"python: '3.8'\ndependencies: [-r {named}]\n"}
    with pytest.raises(EnvbuilderError) as caught:
        environment_name(written(files, tmp_path), release("3.1.0"))
    assert caught.value.code == "input/path-escape"


def test_files_that_name_each_other_end(tmp_path: Path) -> None:
    files = {
        "MLmodel": "flavors: {}\n",
        "python_env.yaml": "python: '3.8'\ndependencies: [-r a.txt]\n",
        "a.txt": "-r a.txt\n-r a.txt\n",
    }
    with pytest.raises(EnvbuilderError):
        environment_name(written(files, tmp_path), release("3.1.0"))


def test_the_root_is_mlflows(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": "", "MLFLOW_ENV_ROOT": "/r"}
    assert environments_root(Settings.from_environ(environ)) == Path("/r")
    assert environments_root(Settings.from_environ({"HOME": str(tmp_path)})) == tmp_path / ".mlflow" / "envs"
