"""How often a child process with py-rattler ends badly: ``python benchmarks/conda_children.py [RUNS]``.

Makes a channel of one package, then solves and lays out in turn, each in a child of its own, RUNS times (200),
two at a time. Prints how many children gave no answer, how many ended with another code than 0, and what one took.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from envbuilder.archives.unpacking import unpack_archive
from envbuilder.bounds import GENEROUS
from envbuilder.conda import dialogue
from envbuilder.process import Finished, neutral_directory, run
from fixtures.conda_channel import File, Package, index, write

CHANNEL = "https://conda.anaconda.org/conda-forge"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """How one child ended."""

    finished: Finished
    answer: dict[str, Any] | None


def child(request: dict[str, Any], folder: Path) -> Ended:
    """Let one child answer, as envbuilder.conda.dialogue does it."""
    with neutral_directory(folder) as directory:
        asked, answer = directory / "request.json", directory / "answer.json"
        asked.write_text(json.dumps({"folder": str(directory), **request}), encoding="utf-8")
        done = run(
            dialogue.argv_of(asked, answer),
            directory=directory,
            variables=dialogue.VARIABLES,
            bounds=GENEROUS,
        )
        return Ended(finished=done, answer=json.loads(answer.read_bytes()) if answer.exists() else None)


def solve_request(channel: Path) -> dict[str, Any]:
    """Ask for the one package."""
    path = channel / "linux-64" / "repodata.json"
    return {
        "op": "solve", "specs": ["thing"], "constraints": [], "virtual": [["__unix", "0", "0"]], "cutoff": None,
        "exempt": [], "seconds": 60, "listings": [{"channel": CHANNEL, "subdir": "linux-64", "path": str(path)}],
    }  # fmt: skip


def install_request(channel: Path, tree: Path) -> dict[str, Any]:
    """Lay the one package out, as it was unpacked for this tree alone."""
    package = channel / "linux-64" / "thing-1.0-0.conda"
    unpacked = tree.with_name(f"{tree.name}-packages")
    unpack_archive(package, unpacked / "thing-1.0-0")
    record = {
        "stem": "thing-1.0-0", "filename": package.name, "url": f"{CHANNEL}/linux-64/{package.name}",
        "channel": CHANNEL, "sha256": hashlib.sha256(package.read_bytes()).hexdigest(), "md5": "",
        "size": package.stat().st_size, "depends": [], "constrains": [],
    }  # fmt: skip
    return {
        "op": "install", "tree": str(tree), "final": "/final", "packages": str(unpacked), "subdir": "linux-64",
        "records": [record],
    }  # fmt: skip


def make_channel(folder: Path) -> Path:
    """Make a channel of one package."""
    channel = folder / "channel"
    write(Package(name="thing", subdir="linux-64", files={"share/thing": File(data=b"1")}), channel)
    index(channel)
    return channel


def one(number: int, channel: Path, folder: Path) -> Ended:
    """Solve in one run, lay out in the next."""
    if number % 2:
        return child(install_request(channel, folder / f"tree-{number}"), folder)
    return child(solve_request(channel), folder)


def main(runs: int) -> int:
    """Run them all and print what came of them."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        channel = make_channel(folder)
        with ThreadPoolExecutor(2) as pool:
            ended = list(pool.map(lambda number: one(number, channel, folder), range(runs)))
    silent = sum(not {"records", "installed"} & set(item.answer or {}) for item in ended)
    failed = sum(not item.finished.ok for item in ended)
    seconds = statistics.median(item.finished.seconds for item in ended)
    print(f"{runs} children: {silent} without an answer, {failed} with a failing exit, {seconds:.2f} s each")
    return 1 if silent or failed else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
