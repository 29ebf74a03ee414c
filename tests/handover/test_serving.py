"""MLflow of three generations serves a model at once from an environment that we placed, and builds nothing."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.make import HERE
from tests.conftest import MODELS, Cli

pytestmark = pytest.mark.index

RELEASES = {
    "lightgbm-1.30": ("1.30.0", "virtualenv"),
    "sklearn-2.9": ("2.9.2", "virtualenv"),
    "sklearn-3.1": ("3.1.0", "uv"),
}
"""Each model's environment has the MLflow that logged it, which here is the one that serves as well."""

SECONDS = 120.0


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with a pyenv that has every Python, and tools that would build: each writes down its calls."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in ("pyenv", "virtualenv", "uv", "pip", "conda"):
        script = f'#!/bin/sh\necho {name} "$@" >> {folder}/calls\n[ "$1" = root ] && echo {folder}\nexit 0\n'
        (folder / name).write_text(script, "utf-8")
        (folder / name).chmod(0o755)
    (folder / "calls").touch()
    return folder


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def serving(mlflow: Path, model: Path, manager: str, environ: dict[str, str], log: Path) -> Iterator[int]:
    port = free_port()
    argv = [mlflow, "models", "serve", "-m", model, "-p", port, "-h", "127.0.0.1", "--env-manager", manager]
    with log.open("wb") as stream:
        child = subprocess.Popen(
            [str(part) for part in argv], env=environ, stdout=stream, stderr=stream, start_new_session=True,
            cwd=log.parent,  # MLflow 1 makes a folder mlruns where it is started
        )  # fmt: skip
    try:
        yield port
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()


def predictions(port: int, body: dict[str, Any], log: Path) -> list[Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/invocations",
        json.dumps(body).encode(),
        {"Content-Type": "application/json"},
    )
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        found = answer_to(request)
        if found is not None:
            return list(found["predictions"] if isinstance(found, dict) else found)
        time.sleep(0.3)
    pytest.fail(log.read_text("utf-8", "replace")[-3000:])


def answer_to(request: urllib.request.Request) -> Any:
    """The answer; None while nobody listens."""
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        pytest.fail(error.read().decode()[-3000:])
    except OSError:
        return None


@pytest.mark.parametrize("name", RELEASES)
def test_a_placed_environment_serves_without_a_build(
    name: str, cli: Cli, warm_home: Path, tmp_path: Path, tools: Path
) -> None:
    release, manager = RELEASES[name]
    root, log = tmp_path / "envs", tmp_path / "log"
    expected = json.loads((HERE / "expected" / f"{name}.json").read_text("utf-8"))
    variables = {"MLFLOW_ENV_ROOT": str(root), "PATH": f"{tools}:/usr/bin:/bin"}
    done = cli("build", "--for-mlflow", MODELS / name, "--mlflow-version", release, "--output", "json",
               home=warm_home, MLFLOW_ENV_ROOT=str(root))  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    before = sorted(path.name for path in root.iterdir())
    environ = {"HOME": str(tmp_path), "LC_ALL": "C.UTF-8", "GIT_PYTHON_REFRESH": "quiet", **variables}
    split = {"columns": expected["input"]["columns"], "data": expected["input"]["rows"]}
    body = split if release.startswith("1.") else {"dataframe_split": split}
    with serving(Path(found["prefix"]) / "bin" / "mlflow", MODELS / name, manager, environ, log) as port:
        served = predictions(port, body, log)
    assert served == [int(value) for value in expected["predict"]["values"]]
    assert sorted(path.name for path in root.iterdir()) == before == [Path(found["mlflow"]["path"]).name]
    calls = (tools / "calls").read_text("utf-8").splitlines()
    assert [
        call for call in calls if not call.startswith(("pyenv install --skip-existing", "pyenv root"))
    ] == []
    assert "Installing dependencies" not in log.read_text("utf-8", "replace")
