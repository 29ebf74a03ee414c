"""Audits a tree of generated models: does a model cost the same among 100 and among 10,000, and how much?

    python benchmarks/audit_tree.py --sizes 100 1000 10000

The models are copies of the fixtures; each has an MLmodel of its own, as each logging writes it, and with
``--distinct`` environment files of its own too. The yardstick is reading the same files and loading their
YAML with libyaml's loader, in one process. Memory is the largest of the auditing processes together. The last
table says how many times as fast several processes are as the first of ``--jobs``; an idle host is needed.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from typing import Any

import yaml

FIXTURES = Path(__file__).parent.parent / "fixtures" / "models"
READ = ("MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt")


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One run; times in seconds, memory in bytes."""

    models: int
    jobs: int
    distinct: bool
    audit: float
    yardstick: float
    memory: int
    findings: int

    @property
    def ratio(self) -> float:
        """How many times the yardstick the audit takes."""
        return self.audit / self.yardstick


def grow(root: Path, models: int, *, distinct: bool) -> None:
    """Write the tree: ``root/EXPERIMENT/RUN/artifacts/model``."""
    dice = random.Random(models)
    sources = [
        {path.name: path.read_bytes() for name in READ if (path := fixture / name).exists()}
        for fixture in sorted(FIXTURES.iterdir())
    ]
    for number in range(models):
        folder = root / str(number % 20) / f"{dice.getrandbits(128):032x}" / "artifacts" / "model"
        folder.mkdir(parents=True)
        for name, content in sources[number % len(sources)].items():
            (folder / name).write_bytes(logged_anew(name, content, number, dice, distinct=distinct))


def logged_anew(name: str, content: bytes, number: int, dice: random.Random, *, distinct: bool) -> bytes:
    """Return a file as another logging of the same model would write it."""
    if name == "MLmodel":
        day, second = number % 28 + 1, number % 60
        for key, value in {
            "run_id": f"{dice.getrandbits(128):032x}",
            "model_uuid": f"{dice.getrandbits(128):032x}",
            "model_size_bytes": str(1000 + number),
            "utc_time_created": f"'2024-03-{day:02} 12:00:{second:02}.{number % 10**6:06}'",
        }.items():
            content = re.sub(rf"(?m)^{key}: .*$".encode(), f"{key}: {value}".encode(), content)
        return content
    return f"# logged as number {number}\n".encode() + content if distinct else content


def yardstick(root: Path) -> float:
    """Return the seconds that reading the files and loading their YAML takes."""
    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    started = time.perf_counter()
    for path in root.rglob("*"):
        if path.name in READ:
            content = path.read_bytes()
            if path.name != "requirements.txt":
                yaml.load(content, Loader=loader)
    return time.perf_counter() - started


def _audit(root: str, jobs: int) -> tuple[float, int, int]:
    import envbuilder

    started = time.perf_counter()
    report = envbuilder.audit([root], jobs=jobs)
    seconds = time.perf_counter() - started
    assert report.complete
    unit = 1 if sys.platform == "darwin" else 1024
    workers = getrusage(RUSAGE_CHILDREN).ru_maxrss * unit
    memory = _own_peak() + workers * (jobs if jobs > 1 else 0)
    return seconds, memory, sum(len(m.findings) for m in report.models)


def _own_peak() -> int:
    """Return the most memory that this process had, in bytes.

    Linux counts what a process was before its exec into ru_maxrss: that of whoever started it.
    """
    status = Path("/proc/self/status")
    if not status.exists():
        return getrusage(RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def measure(models: int, *, jobs: int, distinct: bool) -> Measured:
    """Grow a tree, audit it in a fresh process, and compare."""
    root = Path(tempfile.mkdtemp(prefix="audit-tree-"))
    try:
        grow(root, models, distinct=distinct)
        reading = min(yardstick(root) for _ in range(2))
        with get_context("spawn").Pool(1) if jobs == 1 else _Inline() as pool:
            audit, memory, findings = pool.apply(_audit, (str(root), jobs))
    finally:
        shutil.rmtree(root)
    return Measured(
        models=models, jobs=jobs, distinct=distinct, audit=audit, yardstick=reading, memory=memory,
        findings=findings,
    )  # fmt: skip


def gains(results: Sequence[Measured]) -> list[tuple[int, int, float]]:
    """Return models, jobs and how many times as fast they are as the first number of jobs."""
    first = {found.models: found for found in reversed(results)}
    return [
        (found.models, found.jobs, first[found.models].audit / found.audit)
        for found in results
        if found.jobs != first[found.models].jobs
    ]


class _Inline:
    """In place of a pool: workers of a daemonic process cannot have workers of their own."""

    def __enter__(self) -> _Inline:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def apply(self, function: Any, arguments: tuple[Any, ...]) -> Any:
        return function(*arguments)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--distinct", action="store_true", help="environment files of their own, too")
    parser.add_argument("--json", type=Path, help="write the figures there")
    options = parser.parse_args()
    results = []
    print("models  jobs  ms/model  yardstick ms/model  ratio  memory MB")
    for jobs in options.jobs:
        for size in options.sizes:
            found = measure(size, jobs=jobs, distinct=options.distinct)
            results.append(found)
            print(
                f"{found.models:6}  {jobs:4}  {found.audit / size * 1e3:8.2f}  {found.yardstick / size * 1e3:18.2f}"
                f"  {found.ratio:5.2f}  {found.memory / 1e6:9.0f}"
            )
    if faster := gains(results):
        print(f"models  jobs  times as fast as with {results[0].jobs}")
        for size, jobs, gain in faster:
            print(f"{size:6}  {jobs:4}  {gain:8.2f}")
    if options.json:
        options.json.write_text(json.dumps([asdict(found) for found in results], indent=1) + "\n")


if __name__ == "__main__":
    main()
