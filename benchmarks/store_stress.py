"""Whether the store keeps its promises while everything happens at once.

    python benchmarks/store_stress.py --seconds 600 --workers 8

Workers acquire real environments (made from wheels of an index on the loopback), run a program in them
that checks every file before and after a pause, and let go. A killer sends SIGKILL to a random one of
them, in whatever it does at that moment, or to the collector, which removes what it can without any
grace. Prints the counts; exit code 1 if anybody saw an environment that was unfinished, changed or gone,
or if a request failed for any other reason, or if something of the dead is left at the end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

from benchmarks.shop import CHECK, Good, open_shop, stock  # noqa: E402
from envbuilder.api.stages import acquire  # noqa: E402
from envbuilder.errors import EnvbuilderError  # noqa: E402
from envbuilder.limits import Limits  # noqa: E402
from envbuilder.settings import own_environment  # noqa: E402
from envbuilder.store.collect import collect  # noqa: E402
from envbuilder.store.store import Store  # noqa: E402
from envbuilder.store.verify import verify  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Sequence

LONGEST_PAUSE = 0.3
"""Seconds for which a program stays in its environment."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """What happened, and what should not have."""

    seconds: float
    workers: int
    requests: int
    hits: int
    builds: int
    kills: int
    collections: int
    collected: int
    violations: int
    """Programs that saw an environment unfinished, changed or gone, also those whose worker was killed."""
    errors: int
    """Requests that failed."""
    damaged: int
    """Environments that a deep verification of the end finds damaged."""
    leftovers: int
    """Files and folders of dead processes that are there after one more request and one collection."""

    @property
    def clean(self) -> bool:
        """Whether every promise was kept."""
        return not (self.violations or self.errors or self.damaged or self.leftovers)


def tell(log: Path, line: str) -> None:
    """Append a line in one write, so that a kill cuts none in two."""
    descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    os.write(descriptor, (line.replace("\n", " ") + "\n").encode())
    os.close(descriptor)


def work(folder: Path, goods: Sequence[Good]) -> None:
    """Acquire, run, let go, until somebody ends this process."""
    chance = random.Random()
    while True:
        request(folder, chance.choice(goods), chance.random() * LONGEST_PAUSE)


def request(folder: Path, good: Good, pause: float) -> None:
    """Use one environment once, and tell how it went."""
    log = folder / "log"
    try:
        with (
            acquire(good.model, as_of="now", python=platform.python_version()) as session,
            (folder / "seen").open("a") as seen,
        ):
            tell(log, "hit" if session.restored.hit else "built")
            command: list[str | Path] = [
                session.python,
                "-I",
                "-c",
                CHECK,
                good.name,
                good.digest,
                str(pause),
            ]
            # A program that outlives its worker still tells what it sees.
            session.run(command, stderr=seen)
        tell(log, "done")
    except EnvbuilderError as error:
        tell(log, f"error {error}")


def tidy(folder: Path) -> None:
    """Collect as much as can be collected, over and over."""
    layout = Store.open(folder / "store").layout
    chance = random.Random()
    while True:
        limit = chance.choice((0, 200_000, 400_000))
        try:
            done = collect(layout, Limits(max_size=limit), grace=0.0)
            tell(folder / "log", f"collected {len(done.removed)}")
        except EnvbuilderError as error:
            tell(folder / "log", f"error {error}")
        time.sleep(chance.random())


class Arena:
    """The processes of one run."""

    def __init__(self, folder: Path, index: str, environments: int) -> None:
        self._folder = folder
        self._environments = environments
        (folder / "tmp").mkdir()
        self._environ = own_environment() | {
            "ENVBUILDER_HOME": str(folder / "store"), "UV_DEFAULT_INDEX": index,
            "TMPDIR": str(folder / "tmp"), "PYTHONPATH": str(ROOT),
        }  # fmt: skip

    def start(self, role: str) -> subprocess.Popen[bytes]:
        """Start a worker or a collector."""
        argv = [sys.executable, __file__, "--role", role, "--folder", str(self._folder)]
        argv += ["--environments", str(self._environments)]
        return subprocess.Popen(argv, env=self._environ, stdin=subprocess.DEVNULL)

    def fight(self, *, seconds: float, workers: int, every: float) -> int:
        """Let them run, kill one after the other, and return how many were killed."""
        roles = ["work"] * workers + ["tidy"]
        running = [self.start(role) for role in roles]
        chance, kills, until = random.Random(), 0, time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                time.sleep(every * 2 * chance.random())
                number = chance.randrange(len(running))
                if running[number].poll() is not None:
                    tell(self._folder / "log", f"error {roles[number]} ended by itself")
                running[number].kill()
                running[number].wait()
                kills += 1
                running[number] = self.start(roles[number])
        finally:
            for child in running:
                child.kill()
                child.wait()
        return kills

    def last(self) -> None:
        """Make one request for each environment in a new process: it has to clean up after all the dead."""
        subprocess.run(
            [sys.executable, __file__, "--role", "last", "--folder", str(self._folder),
             "--environments", str(self._environments)],
            env=self._environ, check=True,
        )  # fmt: skip


def named(folder: Path, environments: int) -> tuple[Good, ...]:
    """Return the goods that the first process has made."""
    found = json.loads((folder / "goods.json").read_text())[:environments]
    return tuple(Good(name=item["name"], digest=item["digest"], model=Path(item["model"])) for item in found)


def leftovers(folder: Path) -> list[Path]:
    """Return what nobody needs any more."""
    layout = Store.open(folder / "store").layout
    places = (folder / "tmp", layout.tmp, layout.trash)
    return [path for place in places for path in place.iterdir()]


def compete(folder: Path, *, seconds: float, workers: int, environments: int, every: float) -> Counts:
    """Run the whole thing in an empty folder."""
    goods = stock(folder, environments)
    listed = [{"name": g.name, "digest": g.digest, "model": str(g.model)} for g in goods]
    (folder / "goods.json").write_text(json.dumps(listed))
    layout = Store.open(folder / "store").layout
    with open_shop(folder) as index:
        arena = Arena(folder, index, environments)
        began = time.monotonic()
        kills = arena.fight(seconds=seconds, workers=workers, every=every)
        took = time.monotonic() - began
        time.sleep(LONGEST_PAUSE)
        arena.last()
    damaged = [item for item in verify(layout, deep=True) if item.verdict != "whole"]
    collect(layout, Limits(), grace=0.0)
    left = leftovers(folder)
    for path in left:
        inside = sorted(str(p.relative_to(path)) for p in path.rglob("*"))[:5] if path.is_dir() else []
        sys.stderr.write(f"left over: {path.relative_to(folder)} {' '.join(inside)}\n")
    return counted(folder, Counts(
        seconds=round(took, 1), workers=workers, requests=0, hits=0, builds=0, kills=kills, collections=0,
        collected=0, violations=0, errors=0, damaged=len(damaged), leftovers=len(left),
    ))  # fmt: skip


def counted(folder: Path, counts: Counts) -> Counts:
    """Add what the log says."""
    lines = (folder / "log").read_text().splitlines()
    kinds = Counter(line.split(" ")[0] for line in lines)
    seen = (folder / "seen").read_text().splitlines()
    for line in (*seen, *(line for line in lines if line.startswith("error"))):
        sys.stderr.write(line + "\n")
    facts = asdict(counts) | {
        "requests": kinds["hit"] + kinds["built"],
        "hits": kinds["hit"],
        "builds": kinds["built"],
        "collections": kinds["collected"],
        "collected": sum(int(line.split()[1]) for line in lines if line.startswith("collected")),
        "violations": len(seen),
        "errors": kinds["error"],
    }
    return Counts(**facts)


def options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--environments", type=int, default=6)
    parser.add_argument("--kill-every", type=float, default=1.0, metavar="SECONDS", help="on average")
    parser.add_argument("--output", type=Path, help="also write the counts as JSON")
    parser.add_argument("--role", choices=("work", "tidy", "last"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    asked = options(arguments)
    if asked.role == "tidy":
        tidy(asked.folder)
    elif asked.role == "work":
        work(asked.folder, named(asked.folder, asked.environments))
    elif asked.role == "last":
        for good in named(asked.folder, asked.environments):
            request(asked.folder, good, 0.0)
    else:
        return _main(asked)
    return 0


def _main(asked: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="store-stress-", ignore_cleanup_errors=True) as name:
        counts = compete(
            Path(name), seconds=asked.seconds, workers=asked.workers, environments=asked.environments,
            every=asked.kill_every,
        )  # fmt: skip
    width = max(map(len, asdict(counts)))
    for key, value in asdict(counts).items():
        print(f"{key:<{width}}  {value}")
    if asked.output:
        asked.output.write_text(json.dumps(asdict(counts)) + "\n")
    return 0 if counts.clean else 1


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
