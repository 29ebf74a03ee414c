"""Rows that are measured inside of processes: the parts of a build, reuse in process, check, audit, calls."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import audit_tree, check_cost
from benchmarks.contenders import without_environments
from benchmarks.pairs import Runs, Sample

if TYPE_CHECKING:
    from collections.abc import Iterable

    from benchmarks.bench import Bench

MLFLOW_REUSE = """
import sys, time
from mlflow.utils.virtualenv import _get_or_create_virtualenv
def once():
    began = time.perf_counter()
    _get_or_create_virtualenv(sys.argv[1], env_manager="uv", capture_output=True)
    return time.perf_counter() - began
first, *others = [once() for _ in range(11)]
print(first if sys.argv[2] == "1" else sorted(others)[5])
"""
"""What ``mlflow models prepare-env`` calls: a private function, by the signature of MLflow 3."""

PARTS = """
import json, sys, time
from pathlib import Path
from envbuilder.builder.building import build
from envbuilder.interpreters.choice import Interpreters
from envbuilder.settings import Settings
from envbuilder.store.store import Store
from envbuilder.use.locking import lock_here
from envbuilder.request import Request
class Clock:
    def __init__(self):
        self.marks = [("begin", time.perf_counter())]
    def phase(self, name, detail=""):
        self.marks.append((name, time.perf_counter()))
    def advance(self, done, total): pass
    def wait(self, detail): pass
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT
settings = Settings.from_environ()
asked = dict(request=Request(), settings=settings, policy=DEFAULT)
locked, interpreter = lock_here(Path(sys.argv[1]), progress=SILENT, **asked)
store, clock = Store.open(settings.home), Clock()
built = build(locked.lock, interpreter=interpreter, store=store, settings=settings, progress=clock)
clock.phase("end")
assert not built.hit
print(json.dumps(clock.marks))
"""

STEPS = {
    "begin": "virtual environment", "download": "wheels", "compile": "bytecode", "verify": "proof by import",
    "publish": "listing, sync, rename",
}  # fmt: skip
"""The phases of a build by the names of this table; another phase counts to the one before it."""


def samples(values: Iterable[float]) -> list[Sample]:
    """Return seconds that some program measured as runs."""
    return [Sample(seconds=value, cpu=0.0, memory=0) for value in values]


def parts(bench: Bench, rounds: int) -> tuple[Runs, ...]:
    """Build in one process with everything imported and known, and tell how long each step takes."""
    bench.fill()
    ours = bench.ours
    argv = [sys.executable, "-c", PARTS, str(bench.model)]
    whole: list[float] = []
    steps: dict[str, list[float]] = {name: [] for name in STEPS.values()}
    for _ in range(rounds):
        without_environments(ours.home)
        done = subprocess.run(argv, env=ours.environ, capture_output=True, text=True, check=True)
        told = spent(json.loads(done.stdout.splitlines()[-1]))
        whole.append(sum(told.values()))
        for name, seconds in told.items():
            steps[name].append(seconds)
    named = [Runs(name=f"of it: {name}", samples=samples(taken)) for name, taken in steps.items()]
    return Runs(name="envbuilder", samples=samples(whole)), *named


def spent(marks: list[tuple[str, float]]) -> dict[str, float]:
    """Return the seconds of each step from the moments at which phases began."""
    found = dict.fromkeys(STEPS.values(), 0.0)
    step = STEPS["begin"]
    for (name, began), (_, ended) in itertools.pairwise(marks):
        step = STEPS.get(name, step)
        found[step] += ended - began
    return found


def check(bench: Bench, rounds: int, *, packages: int = 200) -> tuple[Runs, ...]:
    """Compare this Python with a known lock, in seconds of the processor; the first time with its imports."""
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(dir=bench.folder) as folder:
            found.append(check_cost.measure(Path(folder), packages, differ=0, rounds=1))
    return (
        Runs(name="envbuilder", samples=samples(one.first for one in found)),
        Runs(name="its next check", samples=samples(one.later for one in found)),
        Runs(name="importlib.metadata", samples=samples(one.yardstick for one in found)),
    )


def audit(bench: Bench, rounds: int, *, models: int = 1000) -> tuple[Runs, ...]:  # noqa: ARG001
    """Audit a tree of models; beside it, what reading their files and loading the YAML takes."""
    found = [audit_tree.measure(models, jobs=1, distinct=False) for _ in range(rounds)]
    audits = [Sample(seconds=one.audit, cpu=0.0, memory=one.memory) for one in found]
    return (
        Runs(name="envbuilder", samples=audits),
        Runs(name="reading and loading the YAML", samples=samples(one.yardstick for one in found)),
    )


def predict(bench: Bench, rounds: int, *, size: str) -> tuple[Runs, ...]:
    """Call a model that lives in its own environment; beside it the scoring server and a bare pipe."""
    from benchmarks import predict_calls

    model, connection, path = bench.serving
    row = predict_calls.measure(model, connection, path, predict_calls.size_of(size), rounds)
    return (
        Runs(name="envbuilder", samples=samples(row.ours)),
        Runs(name="bare pipe", samples=samples(row.pipe)),
        Runs(name="MLflow's scoring server", samples=samples(row.server)),
    )
