"""What a check before an in-process load costs, for locks of 10 to 400 packages.

    python benchmarks/check_cost.py --sizes 10 50 100 200 400

Makes a model, a lock of so many packages in a store of its own, and a folder with their metadata, as a site
folder has it. Then asks in fresh processes: the first check of a model whose lock is known only as a lock
(its files are parsed, the lock read), the first check of a process of a model that was checked before, and
the next ones in that process. The yardstick is ``importlib.metadata.version`` of every package of the lock.
Prints medians of the processor's time in milliseconds, which a busy machine does not change much.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from envbuilder.digests import digest  # noqa: E402
from envbuilder.lock import Artifact, Kind, Lock, Target  # noqa: E402
from envbuilder.policy import DEFAULT  # noqa: E402
from envbuilder.reader.model import read_model  # noqa: E402
from envbuilder.redact import SafeUrl  # noqa: E402
from envbuilder.request import Request  # noqa: E402
from envbuilder.rewriter.rewriting import rewrite  # noqa: E402
from envbuilder.settings import Settings, own_environment  # noqa: E402
from envbuilder.spec import PypiName  # noqa: E402
from envbuilder.store.store import Store  # noqa: E402
from envbuilder.use.keys import resolution_key  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

NAMED = 10
"""How many of the packages the model's files name; the others are what those need."""

CHECKS = """
import json, sys, time
def spent(call):
    began = time.process_time()
    answer = call()
    return time.process_time() - began, answer
def imported():
    import envbuilder
    return envbuilder.check
importing, check = spent(imported)
first, found = spent(lambda: check(sys.argv[1]))
later = sorted(spent(lambda: check(sys.argv[1]))[0] for _ in range(20))[10]
from importlib.metadata import version
names = json.loads(sys.argv[2])
yardstick = sorted(spent(lambda: [version(name) for name in names])[0] for _ in range(5))[2]
print(json.dumps([importing, first, later, yardstick, len(found), found.packages]))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """Medians in seconds of the processor for one size of lock."""

    packages: int
    differ: int
    imports: float
    parsed: float
    first: float
    later: float
    yardstick: float

    def row(self) -> str:
        """Return a line of the table, in milliseconds."""
        times = (self.imports, self.parsed, self.first, self.later, self.yardstick)
        return (
            f"| {self.packages} | {self.differ} | " + " | ".join(f"{time * 1e3:.2f}" for time in times) + " |"
        )


HEAD = (
    "| packages | that differ | import (ms) | first check ever (ms) | first of a process (ms) | later (ms) "
    "| importlib.metadata (ms) |\n|---:|---:|---:|---:|---:|---:|---:|"
)


def stock(folder: Path, packages: int, differ: int) -> tuple[Path, Settings, list[str]]:
    """Make a model, its lock in a store, and a site folder where the last packages are of another version."""
    names = [f"package-{number:03}" for number in range(packages)]
    model, site = folder / "model", folder / "site"
    model.mkdir(parents=True)
    python = ".".join(map(str, sys.version_info[:3]))
    (model / "MLmodel").write_text("flavors: {}\nutc_time_created: '2024-01-02 03:04:05.000000'\n")
    (model / "python_env.yaml").write_text(f"python: {python}\ndependencies:\n- -r requirements.txt\n")
    (model / "requirements.txt").write_text("".join(f"{name}==1.0\n" for name in names[:NAMED]))
    for number, name in enumerate(names):
        version = "2.0" if number >= packages - differ else "1.0"
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    settings = Settings(home=folder / "store", user_home=folder)
    rewritten = rewrite(read_model(model))
    lock = Lock(
        target=Target(python=python, platform="linux-x86_64", floor="glibc-2.17"),
        artifacts=tuple(_artifact(name) for name in names),
        spec_id=rewritten.spec_id,
        engine="uv",
        as_of=rewritten.spec.provenance.created,
    )
    key = resolution_key(rewritten, Request(), settings, DEFAULT)
    Store.open(settings.home).records.save_resolution(key, rewritten, lock)
    return model, settings, names


def _artifact(name: str) -> Artifact:
    filename = f"{name.replace('-', '_')}-1.0-py3-none-any.whl"
    return Artifact(
        name=PypiName(name), version="1.0", kind=Kind.WHEEL, filename=filename,
        url=SafeUrl(f"https://example.org/{filename}"), sha256=digest(name),
    )  # fmt: skip


def ask(folder: Path, model: Path, settings: Settings, names: list[str]) -> list[float]:
    """Check in a fresh process; return its figures."""
    kept = {name: value for name, value in own_environment().items() if not name.startswith(("UV_", "PIP_"))}
    path = os.pathsep.join([str(ROOT), str(folder / "site")])
    environ = kept | {"ENVBUILDER_HOME": str(settings.home), "HOME": str(folder), "PYTHONPATH": path}
    argv = [sys.executable, "-c", CHECKS, str(model), json.dumps(names)]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True, cwd=folder)
    return [float(value) for value in json.loads(done.stdout)]


def measure(folder: Path, packages: int, *, differ: int, rounds: int) -> Measured:
    """Measure one size. Raises RuntimeError where the check does not find what was made."""
    model, settings, names = stock(folder, packages, differ)
    inspections = settings.home / "inspections"
    parsed, known = [], []
    for _ in range(rounds):
        shutil.rmtree(inspections, ignore_errors=True)
        parsed.append(ask(folder, model, settings, names))
        known.append(ask(folder, model, settings, names))
    if {(row[4], row[5]) for row in (*parsed, *known)} != {(differ, packages)}:
        raise RuntimeError("the check did not find what differs")

    def median(rows: list[list[float]], column: int) -> float:
        return statistics.median(row[column] for row in rows)

    return Measured(
        packages=packages, differ=differ, imports=median(known, 0), parsed=median(parsed, 1),
        first=median(known, 1), later=median(known, 2), yardstick=median(known, 3),
    )  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[10, 50, 100, 200, 400])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--differ", type=int, nargs="+", default=[0, 10], help="how many packages differ")
    asked = parser.parse_args(arguments)
    print(HEAD)
    for differ in asked.differ:
        for size in asked.sizes:
            folder = Path(tempfile.mkdtemp(prefix="check-cost-"))
            try:
                print(measure(folder, size, differ=differ, rounds=asked.rounds).row(), flush=True)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
