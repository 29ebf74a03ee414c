"""Sides that do the same work in turns, each as whole processes, so that a busy machine harms all of them alike.

A ratio is of one round; what is told is the median of all rounds and their range.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.store.disk import Disk

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes of ru_maxrss's unit (getrusage(2))."""

WHERE = "/"
"""Where commands run: the same folder each time, as users stand in one, with nothing in it that they obey."""


class SideError(Exception):
    """A side that cannot do the work; what it said last."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sample:
    """One run: seconds on the clock, seconds of the processor, bytes of memory of the largest process."""

    seconds: float
    cpu: float
    memory: int


def nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Side:
    """One way to do the work.

    ``before`` makes the state that a run starts from, and is not timed. ``rounds`` lets a slow side take part
    in the first rounds only. With ``own_clock`` the last line that the last command prints is the seconds.
    """

    name: str
    commands: tuple[tuple[str, ...], ...]
    environ: Mapping[str, str]
    before: Callable[[], None] = nothing
    rounds: int | None = None
    own_clock: bool = False
    places: tuple[Path, ...] = ()
    """What it has on the disk afterwards."""

    def run(self) -> Sample:
        """Prepare and run once. Raises SideError."""
        self.before()
        samples = [_timed(command, self.environ, own_clock=self.own_clock) for command in self.commands]
        return Sample(
            seconds=sum(sample.seconds for sample in samples),
            cpu=sum(sample.cpu for sample in samples),
            memory=max(sample.memory for sample in samples),
        )

    def bytes_on_disk(self) -> int:
        """Return what stands at its places, each inode once."""
        disk = Disk()
        for place in self.places:
            disk.measure(place)
        return disk.total


def _timed(command: Sequence[str], environ: Mapping[str, str], *, own_clock: bool) -> Sample:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.perf_counter()
        child = subprocess.Popen(
            command, cwd=WHERE, env=dict(environ), stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        _, status, usage = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        err.seek(0)
        if child.returncode:
            said = (err.read() + out.read()).decode("utf-8", "replace").strip()
            raise SideError(f"{' '.join(command[:4])}: {said[-400:]}")
        told = float(out.read().split()[-1]) if own_clock else seconds
    return Sample(seconds=told, cpu=usage.ru_utime + usage.ru_stime, memory=usage.ru_maxrss * UNIT)


@dataclass(kw_only=True, slots=True)
class Runs:
    """The runs of one side of a row; ``failed`` says why it has none."""

    name: str
    samples: list[Sample] = field(default_factory=list)
    failed: str = ""
    bytes: int = 0

    @property
    def seconds(self) -> float:
        """The median."""
        return statistics.median(sample.seconds for sample in self.samples)

    @property
    def cpu(self) -> float:
        """The median."""
        return statistics.median(sample.cpu for sample in self.samples)

    @property
    def memory(self) -> int:
        """The largest."""
        return max(sample.memory for sample in self.samples)

    def over(self, other: Runs) -> tuple[float, float, float]:
        """Return how many times as long this side takes as another: median, least and most of all rounds."""
        ratios = [
            mine.seconds / theirs.seconds
            for mine, theirs in zip(self.samples, other.samples, strict=False)
            if theirs.seconds
        ]
        return statistics.median(ratios), min(ratios), max(ratios)


def take_turns(sides: Sequence[Side], *, rounds: int, warm_up: int = 0) -> tuple[Runs, ...]:
    """Let all sides run in turns. A side that fails is left out of the other rounds, and says why."""
    found = tuple(Runs(name=side.name) for side in sides)
    for number in range(-warm_up, rounds):
        for side, runs in zip(sides, found, strict=True):
            if runs.failed or number >= (rounds if side.rounds is None else side.rounds):
                continue
            try:
                sample = side.run()
            except SideError as error:
                runs.failed = str(error)
                continue
            if number >= 0:
                runs.samples.append(sample)
    for side, runs in zip(sides, found, strict=True):
        runs.bytes = side.bytes_on_disk() if runs.samples else 0
    return found
