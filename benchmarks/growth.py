"""How each cost grows: with packages, with environments in the store, with models, with a second process.

    python benchmarks/growth.py
    python benchmarks/growth.py --full --output growth.json

Everything is made on the spot: packages of an index on the loopback, environments that hold nothing beside the one
that is taken, copies of the fixture models. Without ``--full`` the sizes are small enough for some minutes; with it
they go to 400 packages, 10,000 environments and 100,000 models. Prints one Markdown table; times are medians.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks import audit_tree, check_cost  # noqa: E402
from benchmarks.bench import Bench  # noqa: E402
from benchmarks.contenders import emptied, without_environments  # noqa: E402
from benchmarks.pairs import Side, take_turns  # noqa: E402
from benchmarks.shop import Good, open_shop, stock  # noqa: E402
from benchmarks.store_rows import acquired, crowded  # noqa: E402
from benchmarks.verdicts import MB, shown  # noqa: E402
from envbuilder.interpreters.managed import uv_binary  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PACKAGES, MORE_PACKAGES = (10, 50), (10, 50, 100, 200, 400)
ENVIRONMENTS, MORE_ENVIRONMENTS = (1, 100, 1000), (1, 100, 1000, 10_000)
MODELS, MORE_MODELS = (10, 100, 1000), (10, 100, 1000, 10_000, 100_000)

OPTIONS = ("--as-of", "now", "--python", "host")
"""The shop's files have no upload times, and its packages need no certain Python."""

HITS = """
import sys, time
import envbuilder
for _ in range(int(sys.argv[2])):
    with envbuilder.acquire(sys.argv[1], as_of="now", python="host"):
        pass
"""
HITS_EACH = 2000
MODULES = 500
"""Of each of two environments that are built at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Point:
    """What a size costs: seconds, beside what it is compared with, and bytes of memory where they matter."""

    what: str
    size: int
    seconds: float
    beside: str = ""
    ratio: float | None = None
    memory: int = 0

    def row(self) -> str:
        """Return a line of the table."""
        ratio = f"{self.ratio:.2f} x {self.beside}" if self.ratio is not None else ""
        memory = f"{self.memory / MB:.0f}" if self.memory else ""
        each = shown(self.seconds / self.size)
        return f"| {self.what} | {self.size:,} | {shown(self.seconds)} | {each} | {ratio} | {memory} |"


HEAD = "| what | size | time | of one | beside | memory MB |\n|---|---:|---:|---:|---|---:|"


def checks(sizes: Sequence[int], rounds: int) -> Iterator[Point]:
    """The first check of a process against a known lock of so many packages (processor's time)."""
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            found = check_cost.measure(Path(folder), size, differ=0, rounds=rounds)
        yield Point(
            what="check, by packages", size=size, seconds=found.first,
            beside="importlib.metadata", ratio=found.first / found.yardstick,
        )  # fmt: skip


def builds(bench: Bench, sizes: Sequence[int], rounds: int) -> Iterator[Point]:
    """A build of so many small packages, all of them cached, the lock known."""
    for size in sizes:
        folder = bench.folder / f"packages-{size}"
        goods = stock(folder, size, modules=10)
        with open_shop(folder) as index:
            ours, bare = build_sides(bench, folder, whole(folder, goods), index)
            mine, theirs = take_turns([ours, bare], rounds=rounds, warm_up=1)
        if mine.failed or theirs.failed:
            sys.exit(mine.failed or theirs.failed)
        yield Point(
            what="build, by packages", size=size, seconds=mine.seconds,
            beside="bare uv", ratio=mine.over(theirs)[0], memory=mine.memory,
        )  # fmt: skip
        emptied(folder)


def whole(folder: Path, goods: Sequence[Good]) -> Path:
    """Return a model that needs all goods."""
    model = folder / "models" / "all"
    model.mkdir(parents=True)
    (model / "requirements.txt").write_text("".join(f"{good.name}==1.0\n" for good in goods))
    return model


def build_sides(bench: Bench, folder: Path, model: Path, index: str) -> tuple[Side, Side]:
    """Return ours and bare uv for a model of the shop."""
    home, prefix, uv = folder / "store", folder / "bare", str(uv_binary(bench.settings))
    environ = bench.environ | {
        "ENVBUILDER_HOME": str(home), "UV_DEFAULT_INDEX": index, "UV_CACHE_DIR": str(folder / "cache"),
    }  # fmt: skip
    ours = Side(
        name="envbuilder", environ=environ, before=functools.partial(without_environments, home),
        commands=((sys.executable, str(bench.launcher), "build", str(model), *OPTIONS),),
    )  # fmt: skip
    bare = Side(
        name="bare uv", environ=environ, before=functools.partial(emptied, prefix),
        commands=(
            (uv, "venv", "--no-config", "--python", sys.executable, str(prefix)),
            (
                uv, "pip", "sync", "--no-config", "--python", str(prefix / "bin" / "python"),
                str(model / "requirements.txt"),
            ),
        ),
    )  # fmt: skip
    return ours, bare


def hits(bench: Bench, sizes: Sequence[int], rounds: int) -> Iterator[Point]:
    """The first acquire of a process in a store of so many environments."""
    side = dataclasses.replace(acquired(bench, first=True, files=False), name="first")
    for size in sizes:
        with crowded(bench.folder / "small-shop" / "store", size):
            (runs,) = take_turns([side], rounds=rounds, warm_up=1)
        yield Point(what="first acquire of a process, by environments", size=size, seconds=runs.seconds)


def audits(sizes: Sequence[int]) -> Iterator[Point]:
    """An audit of so many models in one process."""
    for size in sizes:
        found = audit_tree.measure(size, jobs=1, distinct=False)
        yield Point(
            what="audit, by models", size=size, seconds=found.audit, memory=found.memory,
            beside="reading and loading the YAML", ratio=found.ratio,
        )  # fmt: skip


def processes(bench: Bench, rounds: int, models: int) -> Iterator[Point]:
    """The same work by one process and by two at once: hits, builds of two environments, an audit."""
    good, environ = bench.small_shop
    command = (sys.executable, "-c", HITS, str(good.model), str(HITS_EACH))
    one = min(together([command], environ) for _ in range(rounds))
    two = min(together([command, command], environ) for _ in range(rounds))
    yield _twice(f"{2 * HITS_EACH} hits", 2 * one, two)
    yield _twice("two builds", *two_builds(bench, rounds))
    alone, both = (audit_tree.measure(models, jobs=jobs, distinct=False).audit for jobs in (1, 2))
    yield _twice(f"audit of {models} models", alone, both)


def _twice(what: str, one: float, two: float) -> Point:
    return Point(what=f"{what}, by two processes", size=2, seconds=two, beside="one process", ratio=two / one)


def two_builds(bench: Bench, rounds: int) -> tuple[float, float]:
    """Return the seconds of two builds one after the other, and of both at once."""
    folder = bench.folder / "two"
    goods = stock(folder, 2, modules=MODULES)
    with open_shop(folder) as index:
        environ = bench.environ | {"ENVBUILDER_HOME": str(folder / "store"), "UV_DEFAULT_INDEX": index}
        commands = [
            (sys.executable, str(bench.launcher), "build", str(good.model), *OPTIONS) for good in goods
        ]
        for command in commands:
            together([command], environ)
        after, at_once = [], []
        for _ in range(rounds):
            without_environments(folder / "store")
            after.append(sum(together([command], environ) for command in commands))
            without_environments(folder / "store")
            at_once.append(together(commands, environ))
    return min(after), min(at_once)


def together(commands: Sequence[Sequence[str]], environ: dict[str, str]) -> float:
    """Return the seconds until all commands, started at once, have ended."""
    began = time.perf_counter()
    children = [
        subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in commands
    ]
    codes = [child.wait() for child in children]
    seconds = time.perf_counter() - began
    if any(codes):
        sys.exit(f"a command ended with {max(codes)}: {' '.join(commands[0][:4])}")
    return seconds


def measured(bench: Bench, options: argparse.Namespace) -> Iterator[Point]:
    """Yield every point that was asked for."""
    yield from checks(options.packages, options.rounds)
    yield from builds(bench, options.packages, options.rounds)
    yield from hits(bench, options.environments, options.rounds)
    yield from audits(options.models)
    yield from processes(bench, options.rounds, max(min(max(options.models), 1000), 10))


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--full", action="store_true", help="up to 400 packages, 10,000 environments, 100,000 models"
    )
    parser.add_argument("--packages", type=int, nargs="+")
    parser.add_argument("--environments", type=int, nargs="+")
    parser.add_argument("--models", type=int, nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--output", type=Path, metavar="FILE.json")
    return parser


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, write; return the exit code."""
    options = arguments().parse_args(words)
    options.packages = options.packages or (MORE_PACKAGES if options.full else PACKAGES)
    options.environments = options.environments or (MORE_ENVIRONMENTS if options.full else ENVIRONMENTS)
    options.models = options.models or (MORE_MODELS if options.full else MODELS)
    folder = Path(tempfile.mkdtemp(prefix="growth-"))
    found = []
    try:
        with contextlib.ExitStack() as stack:
            bench = Bench(folder, ROOT, None, stack)
            print(HEAD)
            for point in measured(bench, options):
                found.append(point)
                print(point.row(), flush=True)
    finally:
        emptied(folder)
    if options.output:
        points = [dataclasses.asdict(point) for point in found]
        options.output.write_text(json.dumps({"schema": 1, "points": points}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
