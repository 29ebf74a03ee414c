"""A fixture's real environment: it has all that the lock has, another one has not, and the model loads in it."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import pytest

import envbuilder
from envbuilder.settings import Settings
from fixtures.make import HERE
from tests.conftest import ROOT

pytestmark = pytest.mark.index

MODEL = HERE / "models" / "sklearn-2.9"

PROGRAM = """\
import sys
import envbuilder
envbuilder.check({model!r}, on_mismatch="exec")
import mlflow, numpy, sklearn
print(sys.version_info[:2], mlflow.__version__, numpy.__version__, sklearn.__version__, sys.argv[1:])
"""


@pytest.fixture(scope="module")
def settings(warm_home: Path) -> Settings:
    return dataclasses.replace(Settings.from_environ(), home=warm_home)


def test_its_own_environment_is_right_and_the_host_is_not(settings: Settings) -> None:
    with envbuilder.acquire(MODEL, settings=settings) as session:
        own = envbuilder.check(MODEL, python=session.prefix, settings=settings)
        assert own.ranked == ()
        assert own.packages > 50
    here = envbuilder.check(MODEL, settings=settings)
    assert here.lock_id == own.lock_id
    names = [item.name for item in here]
    assert names.index("scikit-learn") < names.index("mlflow") < names.index("threadpoolctl")


def test_isolated_it_predicts(settings: Settings) -> None:
    found = envbuilder.check(MODEL, on_mismatch="isolate", settings=settings)
    model = found.load_model(timeout=300)
    assert isinstance(model, envbuilder.LoadedModel)
    with model:
        assert model.session.restored.lock_id == found.lock_id


def test_a_program_goes_on_in_it(settings: Settings, tmp_path: Path) -> None:
    program = tmp_path / "score.py"
    program.write_text(PROGRAM.format(model=str(MODEL)))
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "ENVBUILDER_HOME": str(settings.home)}
    done = subprocess.run(
        [sys.executable, "score.py", "x"],
        cwd=tmp_path,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "(3, 10) 2.9.2 1.24.3 1.3.0 ['x']", done.stderr
