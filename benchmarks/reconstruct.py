"""How many logged models come back: every model below a folder through all stages, beside MLflow's way.

    python benchmarks/reconstruct.py CORPUS --peer mlflow --output run.json

Prints two Markdown tables; ``--output`` also keeps each outcome as a line of ``FILE.jsonl`` as soon as it
is known, so that ``--resume`` goes on after an interrupt, and everything as JSON at the end. Environments
and packages stand in a folder of the benchmark's own (``--home``), which is emptied when the disk gets full.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.disk import Room, private_folder  # noqa: E402
from benchmarks.ours import Envbuilder  # noqa: E402
from benchmarks.outcome import Outcome, Side, append_line, read_lines  # noqa: E402
from benchmarks.peer_mlflow import Mlflow  # noqa: E402
from benchmarks.table import MB, causes, details, document, summary, tallies  # noqa: E402
from envbuilder.errors import EnvbuilderError, UsageError  # noqa: E402
from envbuilder.interpreters.managed import uv_binary  # noqa: E402
from envbuilder.policy import DEFAULT  # noqa: E402
from envbuilder.settings import Settings  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

DEFAULT_CAP_MB = 1500
"""Above every set of packages in the usual corpora that has no CUDA libraries in it."""

LEAST_FREE_MB = 20_000


def models_below(corpus: Path, only: Sequence[str] = ()) -> dict[str, Path]:
    """Return every folder with an MLmodel file below ``corpus``, by its path relative to it.

    ``only`` names some of them. Raises UsageError if there is none, or a name is none.
    """
    folders = sorted(path.parent for path in corpus.rglob("MLmodel"))
    found = {str(folder.relative_to(corpus)): folder for folder in folders}
    if not found:
        raise UsageError(f"no model below {corpus}", hint="give a folder that holds model directories")
    if unknown := sorted(set(only) - found.keys()):
        raise UsageError(f"no such model: {', '.join(unknown)}", hint="--only takes paths relative to CORPUS")
    return {name: folder for name, folder in found.items() if not only or name in only}


class Comparison:
    """One run: each model on each side, one after the other; what is done is kept at once."""

    def __init__(self, *, home: Path, settings: Settings, cap: int, peer: bool, lines: Path | None) -> None:
        self._lines = lines
        self._lock = threading.Lock()
        self.done = read_lines(lines) if lines else {}
        settings = replace(settings, home=home / "store")
        self._ours = Envbuilder(settings=settings, policy=DEFAULT, cap=cap)
        self._peer = (
            Mlflow(
                settings=settings,
                folder=home / "mlflow",
                choose=self._ours.interpreters.choose,
                cap=cap,
            )
            if peer
            else None
        )
        caches = [self._ours.store.uv_cache] + ([self._peer.cache] if self._peer else [])
        self._room = Room(
            store=self._ours.store, caches=caches, uv=uv_binary(settings), least=LEAST_FREE_MB * MB
        )

    def measure(self, name: str, model: Path) -> None:
        """Take a model through every side that has no outcome yet."""
        ours = self.done.get((name, Side.ENVBUILDER)) or self._keep(self._ours.measure(model, name))
        if self._peer and (name, Side.MLFLOW) not in self.done:
            self._keep(self._peer.measure(model, name, ours.imports))
        with self._lock:
            self._room.make()

    def _keep(self, outcome: Outcome) -> Outcome:
        with self._lock:
            self.done[outcome.model, outcome.side] = outcome
            if self._lines:
                append_line(self._lines, outcome)
            _tell(outcome)
        return outcome


def _tell(outcome: Outcome) -> None:
    spent = outcome.seconds
    total = spent.parse + spent.resolve + spent.build
    size = "over cap " if outcome.over_cap else ""
    text = (
        f"{outcome.model} {outcome.side.value}: {outcome.stage.value} {outcome.fidelity} {size}{total:.1f} s"
    )
    print(f"{text} {outcome.code} {outcome.line}".rstrip(), file=sys.stderr, flush=True)


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "corpus", type=Path, metavar="CORPUS", help="a folder with model directories below it"
    )
    parser.add_argument("--peer", choices=["mlflow"], help="do the same models in MLflow's way too")
    parser.add_argument(
        "--home",
        type=Path,
        default=Path(tempfile.gettempdir()) / "envbuilder-reconstruct",
        help="the benchmark's own folder for the store and the caches (default: %(default)s)",
    )
    parser.add_argument("--size-cap", type=int, default=DEFAULT_CAP_MB, metavar="MB",
                        help="do not build locks above this many megabytes (default: %(default)s)")  # fmt: skip
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="models at a time")
    parser.add_argument("--only", nargs="+", default=[], metavar="ID", help="these models only")
    parser.add_argument("--output", type=Path, metavar="FILE.json", help="keep everything as JSON")
    parser.add_argument("--resume", action="store_true", help="go on with what FILE.jsonl has not yet")
    return parser


def lines_beside(output: Path | None, *, resume: bool) -> Path | None:
    """Return the file of single outcomes. Raises UsageError if an older run's would be mixed with ours."""
    if output is None:
        if resume:
            raise UsageError("--resume without --output", hint="name the file of the run to go on with")
        return None
    lines = output.with_suffix(".jsonl")
    if lines.exists() and not resume:
        raise UsageError(f"{lines} exists", hint="--resume goes on with it; remove it to begin anew")
    return lines


def reconstruct(options: argparse.Namespace, settings: Settings) -> None:
    """Run the comparison and print its tables."""
    models = models_below(options.corpus, options.only)
    cap = options.size_cap * MB
    comparison = Comparison(
        home=private_folder(options.home),
        settings=settings,
        cap=cap,
        peer=options.peer == "mlflow",
        lines=lines_beside(options.output, resume=options.resume),
    )
    measure_all(comparison, models, workers=options.workers)
    shown = [outcome for (name, _), outcome in sorted_outcomes(comparison) if name in models]
    sides = tallies(shown)
    print(summary(sides, cap), causes(sides), sep="\n\n")
    for tally in sides:
        print(f"\n{tally.side.value}, what failed:\n{details(tally) or 'nothing'}", file=sys.stderr)
    if options.output:
        options.output.write_text(document(sides, cap) + "\n", encoding="ascii")


def measure_all(comparison: Comparison, models: dict[str, Path], *, workers: int) -> None:
    """Measure every model. An interrupt stops one worker at once; several finish what they are at."""
    if workers == 1:
        for name, model in models.items():
            comparison.measure(name, model)
        return
    with ThreadPoolExecutor(max_workers=workers) as pool:
        try:
            list(pool.map(comparison.measure, models, models.values()))
        except BaseException:
            pool.shutdown(cancel_futures=True, wait=False)
            raise


def sorted_outcomes(comparison: Comparison) -> list[tuple[tuple[str, Side], Outcome]]:
    """Return all outcomes by model."""
    return sorted(comparison.done.items(), key=lambda item: item[0][0])


def main() -> int:
    """Run; return the exit code."""
    options = arguments().parse_args()
    for ending in (signal.SIGINT, signal.SIGTERM):
        # The default of SIGTERM would leave uv and its compilers behind; a job in the background ignores SIGINT.
        signal.signal(ending, signal.default_int_handler)
    try:
        reconstruct(options, Settings.from_environ())
    except EnvbuilderError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted; --resume goes on", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
