"""What tests of several parts share: one warm store, and the command line as a user calls it."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from envbuilder.settings import Settings
from envbuilder.use.restoration import restore
from tests.condaserver import conda_channel, conda_channel_folder, defaults_channel
from tests.trackingserver import Tracking, tracking_server

ROOT = Path(__file__).parent.parent
MODELS = ROOT / "fixtures" / "models"

__all__ = ["conda_channel", "conda_channel_folder", "defaults_channel"]  # fixtures, for all

Cli = Callable[..., "subprocess.CompletedProcess[str]"]


def untraced() -> dict[str, str]:
    """The variables for a child without coverage: its tracer costs time, and an interrupt in it its lock."""
    return {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}


@pytest.fixture(scope="session")
def warm_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that all tests of a run share, in every worker: what one of them built is a hit for the others."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "warm-store"
    home.mkdir(exist_ok=True)
    return home


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run ``envbuilder`` as a process of its own; ``home`` is its store, a fresh one unless given."""

    def call(
        *arguments: str | Path, home: Path = tmp_path / "store", cwd: Path = ROOT, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "ENVBUILDER_HOME": str(home), **variables}
        argv = [sys.executable, "-m", "envbuilder", *map(str, arguments)]
        return subprocess.run(
            argv, cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=900
        )

    return call


@pytest.fixture(scope="session")
def tracking(warm_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tracking]:
    """A real MLflow server, run by the environment of the fixture sklearn-3.1; ``index`` tests only."""
    settings = dataclasses.replace(Settings.from_environ(), home=warm_home)
    restored = restore(MODELS / "sklearn-3.1", settings=settings)
    with restored.lease:
        folder = tmp_path_factory.mktemp("tracking")
        with tracking_server(restored.environment.python, folder) as server:
            yield server
