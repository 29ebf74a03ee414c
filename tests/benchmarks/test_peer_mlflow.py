"""The peer reads models as MLflow does, and hands only plain requirements to a tool."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.outcome import Side, Stage
from benchmarks.peer_mlflow import (
    RUNNING_PYTHON,
    LeftOutError,
    Mlflow,
    PeerError,
    PythonEnv,
    copies,
    harmless,
    logical_lines,
    read_python_env,
    told,
)
from envbuilder.errors import EnvbuilderError
from envbuilder.interpreters.choice import Interpreters
from envbuilder.reader.directory import Directory
from envbuilder.reader.gather import Missing
from envbuilder.settings import Settings

PYFUNC = "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n"
OLD = PYFUNC + "    env: conda.yaml\n"
NEW = PYFUNC + "    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n"


def model(folder: Path, **files: str) -> Path:
    """Write a model; ``python_env_yaml`` is the file python_env.yaml."""
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("_yaml", ".yaml").replace("_txt", ".txt")).write_text(text)
    return folder


def read(path: Path) -> PythonEnv:
    with Directory(path) as directory:
        return read_python_env(directory)


def test_python_env_decides_where_it_exists(tmp_path: Path) -> None:
    path = model(
        tmp_path,
        MLmodel=NEW,
        python_env_yaml="python: 3.8.5\nbuild_dependencies: [pip==20.2]\ndependencies: [-r requirements.txt]\n",
        conda_yaml="dependencies: [python=3.11.7]\n",
    )
    assert read(path) == PythonEnv(
        python="3.8.5", build_dependencies=("pip==20.2",), dependencies=("-r requirements.txt",)
    )


def test_conda_packages_are_dropped_and_requirements_win_over_the_pip_list(tmp_path: Path) -> None:
    conda = "dependencies:\n- python=3.8.8\n- numpy=1.19\n- pip<=21.0\n- setuptools=50.3\n- pip: [mlflow]\n"
    path = model(tmp_path, MLmodel=OLD, conda_yaml=conda)
    expected = PythonEnv(
        python="3.8.8", build_dependencies=("pip<=21.0", "setuptools==50.3"), dependencies=("mlflow",)
    )
    assert read(path) == expected
    model(tmp_path, requirements_txt="scikit-learn\n")
    assert read(path) == replace(expected, dependencies=("-r requirements.txt",))


@pytest.mark.parametrize("item", ["python=3.8.*", "python 3.8.8", "conda-forge::python=3.8", "pip"])
def test_a_python_that_the_expression_does_not_know_is_the_running_one(tmp_path: Path, item: str) -> None:
    path = model(tmp_path, MLmodel=OLD, conda_yaml=f"dependencies: ['{item}']\n")
    assert read(path).python == RUNNING_PYTHON


def test_an_upper_bound_is_taken_for_the_version(tmp_path: Path) -> None:
    path = model(tmp_path, MLmodel=OLD, conda_yaml="dependencies: ['python<=3.8']\n")
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
def test_what_mlflow_fails_on(tmp_path: Path, mlmodel: str, conda: str, python_env: str, code: str) -> None:
    path = model(tmp_path, MLmodel=mlmodel, conda_yaml=conda)
    if python_env:
        model(tmp_path, python_env_yaml=python_env)
    with pytest.raises(PeerError) as raised:
        read(path)
    assert raised.value.code == code


def test_a_named_file_that_is_absent(tmp_path: Path) -> None:
    with pytest.raises(Missing):
        read(model(tmp_path, MLmodel=OLD))


def test_a_link_out_of_the_model_is_not_read(tmp_path: Path) -> None:
    path = model(tmp_path / "m", MLmodel=OLD)
    (tmp_path / "secret").write_text("dependencies: [python=3.8]\n")
    (path / "conda.yaml").symlink_to(tmp_path / "secret")
    with pytest.raises(EnvbuilderError, match="a link that is not followed"):
        read(path)


PLAIN = [
    "numpy",
    "mlflow== 1.26.1",
    "a[b,c]>=1,<2",
    "werkzeug=3.0.3",
    "x==1.*",
    "x===1.0+cu1",
    "ruamel.yaml~=0.1 ; python_version < '3.8'",
    "x (>=1)",
    "y==1 --hash=sha256:00ff",
]
RISKY = [
    "./x",
    "wheels/x.whl",
    "x.whl",
    "x @ https://example.org/x.zip",
    "https://example.org/x.tar.gz",
    "git+ssh://example.org/x",
    "-e .",
    "--index-url https://example.org",
    "-f wheels",
    "--find-links=wheels",
    "x --global-option=y",
    "${HOME}",
    "C:\\x",
    "x ; python_version < '3' -e y/z",
    "file:x",
    "../x",
    "x.tar.gz",
]


@pytest.mark.parametrize("line", PLAIN)
def test_plain_requirements_are_handed_on(line: str) -> None:
    assert harmless(line)


@pytest.mark.parametrize("line", RISKY)
def test_places_and_options_are_not(line: str) -> None:
    assert not harmless(line)


@given(st.text())
def test_nothing_with_a_place_in_it_is_harmless(text: str) -> None:
    for risky in ("/", "\\", "://", "@", "$", " -e"):
        assert not harmless(f"x{risky}{text}")


def test_continued_lines_are_seen_as_one_and_comments_not_at_all() -> None:
    assert list(logical_lines("a==1 # -e x\n# -e y\nb \\\n  --hash=sha256:0\n\n")) == [
        "a==1",
        "b    --hash=sha256:0",
    ]


def given_to_a_tool(path: Path, *first: str) -> dict[str, bytes]:
    with Directory(path) as directory:
        return copies(directory, first)


def test_included_files_are_copied_byte_for_byte(tmp_path: Path) -> None:
    path = model(tmp_path, requirements_txt="a\r\n-c constraints.txt", constraints_txt="b==1\n")
    assert given_to_a_tool(path, "-r requirements.txt") == {
        "requirements.txt": (path / "requirements.txt").read_bytes(),
        "constraints.txt": b"b==1\n",
    }


def test_an_include_that_includes_itself_ends(tmp_path: Path) -> None:
    assert list(given_to_a_tool(model(tmp_path, r_txt="-r r.txt\n"), "-r r.txt")) == ["r.txt"]


@pytest.mark.parametrize("text", ["-e .\n", "a\x0c-e .\n", "a\x00", "x @ file:///etc\n"])
def test_a_risky_line_of_an_included_file_leaves_the_model_out(tmp_path: Path, text: str) -> None:
    with pytest.raises(LeftOutError):
        given_to_a_tool(model(tmp_path, r_txt=text), "-r r.txt")


@pytest.mark.parametrize("line", ["-r ../r.txt", "-r /etc/passwd", "-r https://example.org/r.txt"])
def test_an_include_from_elsewhere_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(EnvbuilderError):
        given_to_a_tool(tmp_path, line)


def peer(tmp_path: Path) -> Mlflow:
    settings = replace(
        Settings.from_environ({"HOME": str(tmp_path), "PATH": "/usr/bin"}), python_downloads=False
    )
    interpreters = Interpreters(settings=Settings.from_environ(), folder=tmp_path / "pythons")
    return Mlflow(settings=settings, folder=tmp_path / "peer", choose=interpreters.choose, cap=1)


def test_a_model_without_requirements_becomes_an_environment_and_leaves_nothing(tmp_path: Path) -> None:
    version = ".".join(RUNNING_PYTHON.split(".")[:2])
    path = model(tmp_path / "m", MLmodel=NEW, python_env_yaml=f"python: '{version}'\n")
    mlflow = peer(tmp_path)
    found = mlflow.measure(path, "m", ())
    assert (found.stage, found.side, found.code) == (Stage.IMPORTS, Side.MLFLOW, "")
    assert found.environment_bytes > 0
    broken = mlflow.measure(path, "m", ("sklearn",))
    assert (broken.stage, broken.code) == (Stage.BUILT, "mlflow/import-failed")
    assert "No module named 'sklearn'" in broken.line
    assert {entry.name for entry in (tmp_path / "peer").iterdir()} <= {"uv"}


def test_a_model_that_is_left_out_starts_no_tool(tmp_path: Path) -> None:
    path = model(tmp_path / "m", MLmodel=NEW, python_env_yaml="dependencies: [-e .]\n")
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
