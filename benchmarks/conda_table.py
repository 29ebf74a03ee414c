"""Which way each model with conda packages goes, and why: one Markdown row for each.

    python benchmarks/conda_table.py CORPUS --records conda-forge=FOLDER --lock

A row says what a model asks of conda beyond python, pip, setuptools and wheel, which kind of environment
``--engine auto`` gives it, and (``--lock``) what came of its lock; then what a conda environment of it comes
to by the records of ``--records`` (folders that hold ``linux-64/repodata.json`` and ``noarch/repodata.json``).
Channels without records are empty, so that no channel is ever contacted; a subset of a channel's records can
only prove that a model can be solved. ``--lock``, and what pip lists, ask the package index.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from envbuilder.channels import excludes_defaults, location  # noqa: E402
from envbuilder.errors import EnvbuilderError  # noqa: E402
from envbuilder.findings import fidelity_of  # noqa: E402
from envbuilder.policy import DEFAULT, Channels, Policy  # noqa: E402
from envbuilder.reader.model import CONDA_FILES, read_model  # noqa: E402
from envbuilder.redact import SafeUrl, excerpt  # noqa: E402
from envbuilder.request import EngineName, Request  # noqa: E402
from envbuilder.rewriter.located import name_located  # noqa: E402
from envbuilder.rewriter.rewriting import rewrite  # noqa: E402
from envbuilder.settings import Settings  # noqa: E402
from envbuilder.use.engine_choice import choose_engine  # noqa: E402
from envbuilder.use.locking import lock_model  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envbuilder.spec import EnvSpec

_WORDS = {"conda": "conda environment", "auto": "virtual environment"}
_LONGEST = 300
_SHOWN = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One model. What was not tried is empty."""

    model: str
    asked: tuple[str, ...]
    way: str
    reason: str
    locked: str = ""
    as_conda: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Trials:
    """What is tried with each model, and where."""

    settings: Settings
    records: Mapping[str, Path]
    empty: Path
    lock: bool

    def row(self, model: Path) -> Row | None:
        """Return a model's row, None for one that asks nothing of conda.

        One that is refused counts if it has a conda file: what that asks for is not known.
        """
        try:
            spec = read_model(model)
        except EnvbuilderError as error:
            if not any((model / name).exists() for name in CONDA_FILES):
                return None
            return Row(model=model.name, asked=(), way="refused", reason=_said(error))
        asked = tuple(item.text for item in name_located(spec, DEFAULT)[0].conda)
        if not asked:
            return None
        choice = choose_engine(spec, Request(), DEFAULT)
        return Row(
            model=model.name,
            asked=asked,
            way=_WORDS[choice.engine],
            reason=choice.reason,
            locked=self._come_of(model, spec, choice.engine) if self.lock else "",
            as_conda=self._come_of(model, spec, "conda") if self.records else "",
        )

    def _come_of(self, model: Path, spec: EnvSpec, engine: EngineName) -> str:
        """Return what a lock came to, or the reason why there is none."""
        policy = self._policy(spec) if engine == "conda" else DEFAULT
        try:
            lock = lock_model(
                model, request=Request(engine=engine), settings=self.settings, policy=policy
            ).lock
        except EnvbuilderError as error:
            return _said(error)
        conda = f"{len(lock.conda)} conda packages and " if lock.conda else ""
        fidelity = fidelity_of(lock.changes).value
        return f"locked: {conda}{len(lock.artifacts)} files of the index, python {lock.target.python}, {fidelity}"

    def _policy(self, spec: EnvSpec) -> Policy:
        """Return a policy by which each channel that a model can name is a folder of ours."""
        found = rewrite(spec, conda=True).spec
        named = [channel.text for channel in found.channels] + [item.channel for item in found.conda]
        mirrors: dict[str, tuple[SafeUrl, ...]] = {}
        for text in named:
            place = location(text) if text and not excludes_defaults(text) else None
            if place:
                folder = self.records.get(place, self.empty)
                mirrors[place] = (SafeUrl(folder.resolve().as_uri()),)
        return Policy(channels=Channels(mirrors=tuple(sorted(mirrors.items()))))


def _said(error: EnvbuilderError) -> str:
    place = f"{error.origin}: " if error.origin else ""
    return f"{error.code}: {place}{error.message}"


def empty_channel(folder: Path) -> Path:
    """Make a channel that has nothing."""
    for subdir in ("linux-64", "noarch"):
        (folder / subdir).mkdir(parents=True)
        text = f'{{"info": {{"subdir": "{subdir}"}}, "packages": {{}}, "packages.conda": {{}}, "repodata_version": 1}}'
        (folder / subdir / "repodata.json").write_text(text, "ascii")
    return folder


def rows(corpus: Sequence[Path], trials: Trials) -> Iterator[Row]:
    """Yield the rows of all folders in the given ones, in order."""
    for root in corpus:
        for model in sorted(path for path in root.iterdir() if path.is_dir()):
            row = trials.row(model)
            if row is not None:
                yield row


def markdown(row: Row) -> str:
    """Return a row as a line of a table."""
    more = len(row.asked) - _SHOWN
    asked = ", ".join(row.asked[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    cells = (row.model, asked, row.way, row.reason, row.locked, row.as_conda)
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return excerpt(text, _LONGEST).replace("|", "\\|")


HEAD = """\
| model | asked of conda | environment | reason | its lock | as a conda environment |
|---|---|---|---|---|---|"""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table, and how many models go which way."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("corpus", type=Path, nargs="+", metavar="CORPUS")
    parser.add_argument("--records", action="append", default=[], metavar="CHANNEL=FOLDER")
    parser.add_argument(
        "--home", type=Path, help="a folder for the store, kept (default: a new one, removed)"
    )
    parser.add_argument("--lock", action="store_true", help="lock each model the way that it goes")
    options = parser.parse_args(arguments)
    pairs = (text.partition("=") for text in options.records)
    records = {location(channel) or channel: Path(folder) for channel, _, folder in pairs}
    with tempfile.TemporaryDirectory(prefix="envbuilder-conda-table-") as scratch:
        settings = replace(Settings.from_environ(), home=options.home or Path(scratch, "store"))
        empty = empty_channel(Path(scratch, "empty"))
        trials = Trials(settings=settings, records=records, empty=empty, lock=options.lock)
        ways: dict[str, int] = {}
        print(HEAD)
        for row in rows(options.corpus, trials):
            ways[row.way] = ways.get(row.way, 0) + 1
            print(markdown(row), flush=True)
        counts = ", ".join(f"{count} {way}" for way, count in sorted(ways.items()))
        print(f"\n{sum(ways.values())} in all: {counts}")


if __name__ == "__main__":
    main()
