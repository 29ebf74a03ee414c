"""What came of a row: its goals against what was measured, as a table, as JSON and as what a plot shows."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.pairs import Runs

MB = 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Goal:
    """At most ``limit`` times as long as the side ``beside``, or at most ``limit`` seconds where that is empty.

    With ``disk`` the same of bytes on the disk.
    """

    limit: float
    beside: str = ""
    disk: bool = False

    def __str__(self) -> str:
        return f"at most {self.limit:g} x {self.beside}" if self.beside else f"at most {shown(self.limit)}"

    def reached(self, sides: Sequence[Runs]) -> float | None:
        """Return what was measured, in the limit's unit; None where the other side did not take part."""
        ours = sides[0]
        if not self.beside:
            return ours.seconds if ours.samples else None
        other = next((runs for runs in sides if runs.name == self.beside), None)
        if other is None:
            return None
        if self.disk:
            return ours.bytes / other.bytes if other.bytes else None
        return ours.over(other)[0] if ours.samples and other.samples else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A row that was measured. The first side is ours."""

    key: str
    title: str
    goals: tuple[Goal, ...]
    sides: tuple[Runs, ...]

    def lines(self) -> Iterable[str]:
        """Yield a line of the table for each side."""
        ours = self.sides[0]
        for runs in self.sides:
            if runs.failed:
                yield f"| {self.title} | {runs.name} | did not work | | | | {_one_line(runs.failed)} |"
                continue
            goal = "; ".join(self._told(goal) for goal in self.goals) if runs is ours else ""
            ratio = _range(*ours.over(runs)) if runs is not ours and _both(ours, runs) else ""
            seconds = shown(runs.seconds) if runs.samples and runs.seconds else ""
            memory = f"{runs.memory / MB:.0f}" if runs.samples and runs.memory else ""
            disk = f"{runs.bytes / MB:.0f}" if runs.bytes else ""
            yield f"| {self.title} | {runs.name} | {seconds} | {ratio} | {memory} | {disk} | {goal} |"

    def _told(self, goal: Goal) -> str:
        reached = goal.reached(self.sides)
        if reached is None:
            return f"{goal}: not measured"
        value = f"{reached:.2f}" if goal.beside else shown(reached)
        return f"{goal}: {'met' if reached <= goal.limit else 'NOT met'}, {value}"

    def document(self) -> dict[str, Any]:
        """Return everything as JSON values."""
        return {
            "row": self.key,
            "title": self.title,
            "goals": [
                {"limit": g.limit, "beside": g.beside, "disk": g.disk, "reached": g.reached(self.sides)}
                for g in self.goals
            ],
            "sides": [
                {
                    "name": runs.name,
                    "failed": runs.failed,
                    "bytes": runs.bytes,
                    "seconds": [sample.seconds for sample in runs.samples],
                    "cpu_seconds": [sample.cpu for sample in runs.samples],
                    "memory": [sample.memory for sample in runs.samples],
                }
                for runs in self.sides
            ],
        }

    def bars(self) -> list[tuple[str, float]]:
        """Return how many times as long as ours each other side takes."""
        ours = self.sides[0]
        others = [runs for runs in self.sides[1:] if _both(ours, runs)]
        return [(runs.name, statistics.median(_inverse(ours, runs))) for runs in others if ours.seconds]


HEAD = (
    "| work | by | median | envbuilder / it | memory MB | disk MB | goal |\n"
    "|---|---|---:|---:|---:|---:|---|"
)  # fmt: skip


def _inverse(ours: Runs, other: Runs) -> list[float]:
    return [b.seconds / a.seconds for a, b in zip(ours.samples, other.samples, strict=False)]


def _both(ours: Runs, other: Runs) -> bool:
    return bool(ours.samples and other.samples and other.seconds)


def _range(median: float, least: float, most: float) -> str:
    return f"{median:.2f} ({least:.2f} to {most:.2f})"


def _one_line(text: str) -> str:
    return " ".join(text.split()).replace("|", "/")[-200:]


def shown(seconds: float) -> str:
    """Return a time with a unit that fits it."""
    if seconds < 1e-4:
        return f"{seconds * 1e6:.3g} µs"
    return f"{seconds * 1e3:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"
