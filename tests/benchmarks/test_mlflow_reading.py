"""A model is read as MLflow reads it, with what it drops, takes wrongly and fails on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.mlflow_reading import RUNNING_PYTHON, PeerError, PythonEnv, read_python_env
from envbuilder.errors import EnvbuilderError
from envbuilder.reader.directory import Directory
from envbuilder.reader.gather import Missing

PYFUNC = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
OLD = PYFUNC + "    env: conda.yaml\n"
NEW = PYFUNC + "    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n"


def read(path: Path) -> PythonEnv:
    with Directory(path) as directory:
        return read_python_env(directory)


def test_python_env_decides_where_it_exists(model: Callable[..., Path]) -> None:
    path = model(
        MLmodel=NEW,
        python_env_yaml="python: 3.8.5\nbuild_dependencies: [pip==20.2]\ndependencies: [-r requirements.txt]\n",
        conda_yaml="dependencies: [python=3.11.7]\n",
    )
    assert read(path) == PythonEnv(
        python="3.8.5", build_dependencies=("pip==20.2",), dependencies=("-r requirements.txt",)
    )


def test_conda_packages_are_dropped_and_requirements_win_over_the_pip_list(
    model: Callable[..., Path],
) -> None:
    conda = "dependencies:\n- python=3.8.8\n- numpy=1.19\n- pip<=21.0\n- setuptools=50.3\n- pip: [mlflow]\n"
    path = model(MLmodel=OLD, conda_yaml=conda)
    expected = PythonEnv(
        python="3.8.8", build_dependencies=("pip<=21.0", "setuptools==50.3"), dependencies=("mlflow",)
    )
    assert read(path) == expected
    model(requirements_txt="scikit-learn\n")
    assert read(path) == replace(expected, dependencies=("-r requirements.txt",))


@pytest.mark.parametrize("item", ["python=3.8.*", "python 3.8.8", "conda-forge::python=3.8", "pip"])
def test_a_python_that_the_expression_does_not_know_is_the_running_one(
    model: Callable[..., Path], item: str
) -> None:
    path = model(MLmodel=OLD, conda_yaml=f"dependencies: ['{item}']\n")
    assert read(path).python == RUNNING_PYTHON


def test_an_upper_bound_is_taken_for_the_version(model: Callable[..., Path]) -> None:
    path = model(MLmodel=OLD, conda_yaml="dependencies: ['python<=3.8']\n")
    assert read(path).python == "3.8"


@pytest.mark.parametrize(
    ("mlmodel", "conda", "python_env", "code"),
    [
        ("flavors: {crate: {}}\n", "", "", "mlflow/no-flavor"),
        (PYFUNC + "    env: {conda: conda.yaml}\n", "", "", "mlflow/key-error"),
        (NEW, "", "python: 3.8\n", "mlflow/type-error"),
        (NEW, "", "python: '3.8'\ncuda: '11'\n", "mlflow/type-error"),
        (OLD, "dependencies: [python]\n", "", "mlflow/python"),
        (OLD, "dependencies: [{npm: [x]}]\n", "", "mlflow/type-error"),
        (OLD, "- a list\n", "", "mlflow/yaml"),
        (OLD, "{", "", "mlflow/yaml"),
    ],
)
def test_what_mlflow_fails_on(
    model: Callable[..., Path], mlmodel: str, conda: str, python_env: str, code: str
) -> None:
    path = model(MLmodel=mlmodel, conda_yaml=conda)
    if python_env:
        model(python_env_yaml=python_env)
    with pytest.raises(PeerError) as raised:
        read(path)
    assert raised.value.code == code


def test_a_named_file_that_is_absent(model: Callable[..., Path]) -> None:
    with pytest.raises(Missing):
        read(model(MLmodel=OLD))


def test_a_link_out_of_the_model_is_not_read(tmp_path: Path, model: Callable[..., Path]) -> None:
    path = model(MLmodel=OLD)
    (tmp_path / "secret").write_text("dependencies: [python=3.8]\n")
    (path / "conda.yaml").symlink_to(tmp_path / "secret")
    with pytest.raises(EnvbuilderError, match="a link that is not followed"):
        read(path)
