"""Ours beside every peer that is installed, on the same work in the same run.

    python benchmarks/compare.py --output run.json --plot run.svg

Each row is one kind of work, done in turns by all sides as whole processes; a ratio is of one round, and the table
has the median of all rounds and their range. The peers are bare uv, MLflow by uv and by virtualenv (``--mlflow``
names a Python that has it) and pip-tools; one that is missing is named. Slow peers take part in fewer rounds. All
sides get the same index, interpreter and day; rows that build need an index. ``--rows`` chooses, ``--list`` lists.
About fifteen minutes on an idle host with two processors.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.bench import MODULES, Bench  # noqa: E402
from benchmarks.contenders import emptied  # noqa: E402
from benchmarks.pairs import Runs  # noqa: E402
from benchmarks.plot import picture  # noqa: E402
from benchmarks.rows import ROWS, Row  # noqa: E402
from benchmarks.verdicts import HEAD, Verdict  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

PLOTTED = (
    "hit-build", "acquire-later", "known", "unknown", "cold", "imported", "first-import", "predict-1x50",
    "predict-1000x50", "predict-1000000x4",
)  # fmt: skip
"""The rows of the plot; the others have no peer, or another measure than time."""


def verdicts(bench: Bench, rows: Iterable[Row], *, rounds: int | None) -> Iterator[Verdict]:
    """Measure rows. One that cannot be measured says why in place of ours."""
    for row in rows:
        began = time.monotonic()
        try:
            sides = row.measure(bench, rounds or row.rounds)
        except Exception as error:  # noqa: BLE001 - the other rows are worth having
            sides = (Runs(name="envbuilder", failed=f"{type(error).__name__}: {error}"),)
        print(f"{row.key}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        yield Verdict(key=row.key, title=row.title, goals=row.goals, sides=sides)


def host(bench: Bench) -> dict[str, str | int]:
    """Return what the figures depend on."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "processors": os.cpu_count() or 0,
        "python": platform.python_version(),
        "model": bench.model.name,
    }


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    keys = [row.key for row in ROWS]
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", nargs="+", choices=keys, default=keys, metavar="ROW")
    parser.add_argument("--list", action="store_true", help="list the rows and end")
    parser.add_argument("--rounds", type=int, help="rounds of every row; default: as many as it needs")
    parser.add_argument("--model", type=Path, default=ROOT / "fixtures" / "models" / "sklearn-2.9")
    parser.add_argument("--mlflow", type=Path, default=Path(sys.executable), metavar="PYTHON")
    parser.add_argument("--without-peers", action="store_true", help="only bare uv and Python")
    parser.add_argument("--modules", type=int, default=MODULES, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, metavar="FILE.json")
    parser.add_argument("--plot", type=Path, metavar="FILE.svg")
    return parser


def compare(options: argparse.Namespace) -> int:
    """Measure, print and write."""
    folder = Path(tempfile.mkdtemp(prefix="compare-"))
    found: list[Verdict] = []
    try:
        with contextlib.ExitStack() as stack:
            mlflow = None if options.without_peers else options.mlflow.absolute()
            bench = Bench(folder, options.model.absolute(), mlflow, stack, modules=options.modules)
            print(HEAD)
            chosen = [row for row in ROWS if row.key in options.rows]
            for verdict in verdicts(bench, chosen, rounds=options.rounds):
                found.append(verdict)
                print(*verdict.lines(), sep="\n", flush=True)
                write(options, bench, found)
    finally:
        emptied(folder)
    for reason in bench.absent:
        print(f"left out: {reason}")
    return 1 if any(verdict.sides[0].failed for verdict in found) else 0


def write(options: argparse.Namespace, bench: Bench, found: Sequence[Verdict]) -> None:
    """Write what is known by now: a run that is ended early has something to show."""
    if options.output:
        document = {"schema": 1, "host": host(bench), "rows": [verdict.document() for verdict in found]}
        options.output.write_text(json.dumps(document, indent=1) + "\n", encoding="ascii")
    if options.plot:
        groups = [(verdict.title, verdict.bars()) for verdict in found if verdict.key in PLOTTED]
        options.plot.write_text(picture(groups), encoding="utf-8")


def main(words: Sequence[str] | None = None) -> int:
    """Run; return the exit code."""
    options = arguments().parse_args(words)
    if options.list:
        print(*(f"{row.key:18} {row.title}" for row in ROWS), sep="\n")
        return 0
    return compare(options)


if __name__ == "__main__":
    sys.exit(main())
