"""A real model, real packages, a cold store: one build for all who ask, and a hit for who comes later."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "fixtures" / "models" / "pyfunc-2.22"

PROGRAM = """
import json, sys
from pathlib import Path
from envbuilder.settings import Settings
from envbuilder.use.session import acquire
with acquire(Path(sys.argv[1]), settings=Settings.from_environ()) as session:
    load = "import mlflow.pyfunc, numpy; print(numpy.__version__)"
    done = session.run(["python", "-W", "ignore", "-c", load], capture_output=True, text=True, check=True)
    restored = session.restored
    print(json.dumps({
        "hit": restored.hit, "prefix": str(session.prefix), "numpy": done.stdout.strip(),
        "fidelity": restored.fidelity.value, "packages": restored.environment.packages,
    }))
"""


def start(home: Path) -> subprocess.Popen[str]:
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "ENVBUILDER_HOME": str(home)}
    argv = [sys.executable, "-c", PROGRAM, str(MODEL)]
    return subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, text=True)


def answer(child: subprocess.Popen[str]) -> dict[str, object]:
    out, _ = child.communicate(timeout=600)
    assert child.returncode == 0
    found: dict[str, object] = json.loads(out)
    return found


@pytest.mark.index
def test_eight_at_once_on_a_cold_store_build_once_and_the_ninth_hits(tmp_path: Path) -> None:
    home = tmp_path / "store"
    answers = [answer(child) for child in [start(home) for _ in range(8)]]
    assert sorted(found.pop("hit") for found in answers) == [False] + [True] * 7  # type: ignore[type-var]
    answers.append(answer(start(home)))
    assert answers[-1].pop("hit") is True
    assert {found["numpy"] for found in answers} == {"2.2.5"}
    assert len({json.dumps(found) for found in answers}) == 1
    assert [path.name for path in (home / "envs" / "v1").iterdir()] == [Path(str(answers[0]["prefix"])).name]
    assert list((home / "tmp").iterdir()) == []
