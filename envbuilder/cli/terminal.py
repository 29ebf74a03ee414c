"""What people see: messages and progress on stderr, and only as much of it as the terminal can show."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, TextIO

from envbuilder.progress import Progress, Silent
from envbuilder.redact import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.progress import TaskID

RED, YELLOW, BOLD = "31", "33", "1"


def say(text: str) -> None:
    """Write a line to stderr."""
    sys.stderr.write(text + "\n")


def styled(text: str, style: str) -> str:
    """Return text in a style (an SGR number) if stderr shows it and NO_COLOR does not forbid it."""
    return painted(text, style) if shows_colour(sys.stderr) else text


def painted(text: str, style: str) -> str:
    """Return text in a style (an SGR number)."""
    return f"\x1b[{style}m{text}\x1b[0m"


def shows_colour(stream: TextIO) -> bool:
    """Whether a stream takes styles: no-color.org; FORCE_COLOR as rich and others read it."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or stream.isatty()


@contextlib.contextmanager
def showing_progress() -> Iterator[Progress]:
    """Yield a progress that draws on stderr if that is a terminal, else one that tells only of waiting."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        yield _Told()
        return
    from rich.console import Console  # only on a terminal: it costs 60 ms
    from rich.progress import BarColumn, MofNCompleteColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield _Drawn(bars)


class _Told(Silent):
    """For logs: one line where another process does the work, or nobody would know why nothing happens."""

    def __init__(self) -> None:
        self._told = False

    def wait(self, detail: str) -> None:
        if not self._told:
            say(f"waiting for {visible(detail)}")
        self._told = True


class _Drawn:
    """One bar for the current phase; the one before it is taken away."""

    def __init__(self, bars: object) -> None:
        from rich.progress import Progress as Bars

        assert isinstance(bars, Bars)  # noqa: S101
        self._bars = bars
        self._task: TaskID | None = None
        self._text = ""

    def phase(self, name: str, detail: str = "") -> None:
        # Details are names of files and packages: a terminal must not obey them.
        text = visible(f"{name} {detail}".strip())
        if text == self._text:
            return
        if self._task is not None:
            self._bars.remove_task(self._task)
        self._task, self._text = self._bars.add_task(text, total=None), text

    def advance(self, done: int, total: int) -> None:
        if self._task is not None:
            self._bars.update(self._task, completed=done, total=total or None)

    def wait(self, detail: str) -> None:
        self.phase("waiting for", detail)
