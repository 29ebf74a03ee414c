"""What a hit costs, beside the same on another commit.

    python benchmarks/hit_path.py --beside HEAD~1

Builds one environment of some thousand files (from an index on the loopback) with each side's own code, then
takes hits in turns: the first one of a fresh process (imports, and once per process a look at every file), the
next ones in the same process, and the whole command ``envbuilder run MODEL -- true``. Prints medians of the
processor's time, which a busy machine does not change much.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.shop import Good, open_shop, stock  # noqa: E402
from envbuilder.settings import own_environment  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

MODULES = 3000
"""With their bytecode about as many files as numpy, pandas and scikit-learn have together."""

HITS = """
import json, platform, sys, time
began = time.process_time()
from pathlib import Path
from envbuilder.request import Request
from envbuilder.settings import Settings
from envbuilder.use.restoration import restore
request = Request(as_of="now", python=platform.python_version())
settings = Settings.from_environ()
def hit():
    start = time.process_time()
    restored = restore(Path(sys.argv[1]), request=request, settings=settings)
    taken = time.process_time() - start
    restored.lease.close()
    return restored.hit, taken
imported = time.process_time() - began
first, *others = [hit() for _ in range(30)]
print(json.dumps([first[0], imported, first[1], sorted(taken for _, taken in others)[14]]))
"""


def spent() -> float:
    """Return the processor's seconds of all children that ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


@dataclass(kw_only=True, slots=True)
class Side:
    """One checkout with a store of its own, and its times in seconds of the processor."""

    name: str
    code: Path
    environ: dict[str, str]
    imports: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    later: list[float] = field(default_factory=list)
    command: list[float] = field(default_factory=list)

    def measure(self, good: Good) -> bool:
        """Take one round; whether it was a hit."""
        argv = [sys.executable, "-c", HITS, str(good.model)]
        told = subprocess.run(
            argv, cwd=self.code, env=self.environ, capture_output=True, text=True, check=True
        ).stdout
        hit, imported, first, later = json.loads(told.splitlines()[-1])
        if not hit:
            return False
        self.imports.append(imported)
        self.first.append(first)
        self.later.append(later)
        began = spent()
        options = ["--as-of", "now", "--python", "host"]
        argv = [sys.executable, "-m", "envbuilder", "run", str(good.model), *options, "--", "true"]
        subprocess.run(argv, cwd=self.code, env=self.environ, capture_output=True, check=True)
        self.command.append(spent() - began)
        return True

    def row(self) -> str:
        """Return a line of the table, in milliseconds."""
        columns = (self.imports, self.first, self.later, self.command)
        return f"| {self.name} | " + " | ".join(f"{statistics.median(c) * 1e3:.2f}" for c in columns) + " |"


HEAD = (
    "| checkout | imports (ms) | first hit of a process (ms) | later hits (ms) | `envbuilder run … true` (ms) |\n"
    "|---|---:|---:|---:|---:|"
)  # fmt: skip


def checkout(revision: str, folder: Path) -> Path:
    """Put the files of a commit into a folder."""
    argv = ["git", "-C", str(ROOT), "archive", "--format=tar", revision]
    packed = subprocess.run(argv, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder)
    return folder


def side(name: str, code: Path, folder: Path, index: str) -> Side:
    own = own_environment()
    home = folder / f"store-{len(name)}-{code.name}"
    environ = own | {"ENVBUILDER_HOME": str(home), "UV_DEFAULT_INDEX": index, "PYTHONPATH": str(code)}
    return Side(name=name, code=code, environ=environ)


def compare(folder: Path, beside: str, *, rounds: int, modules: int) -> tuple[Side, Side]:
    """Measure this checkout and another one in turns."""
    (good,) = stock(folder, 1, modules=modules)
    other = folder / "beside"
    other.mkdir()
    checkout(beside, other)
    with open_shop(folder) as index:
        sides = (side("this checkout", ROOT, folder, index), side(beside, other, folder, index))
        for number in range(rounds + 1):
            for one in sides:
                if not one.measure(good) and number:
                    sys.exit(f"{one.name} has no hit")
    return sides


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--beside", default="HEAD~1", metavar="COMMIT")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--modules", type=int, default=MODULES)
    asked = parser.parse_args(arguments)
    folder = Path(tempfile.mkdtemp(prefix="hit-path-"))
    try:
        sides = compare(folder, asked.beside, rounds=asked.rounds, modules=asked.modules)
    finally:
        for path, _, _ in os.walk(folder):
            Path(path).chmod(0o700)
        shutil.rmtree(folder, ignore_errors=True)
    print(HEAD)
    for one in sides:
        print(one.row())
    return 0


if __name__ == "__main__":
    sys.exit(main())
