"""What commands with findings share: ``--output FORMAT[=FILE]``, ``--fail-on``, ``--no-fail``, and the exit code."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click

from envbuilder.cli.failure import CLEAN, FINDINGS, IMPOSSIBLE
from envbuilder.cli.terminal import BOLD, RED, YELLOW, painted, say, shows_colour
from envbuilder.cli.writing import write_pieces
from envbuilder.errors import UsageError
from envbuilder.findings import Level
from envbuilder.redact import excerpt
from envbuilder.report import text
from envbuilder.report.formats import require, writer
from envbuilder.report.text import Style

if TYPE_CHECKING:
    from envbuilder.report.report import Report

Command = TypeVar("Command", bound="Callable[..., Any]")

Written: TypeAlias = Callable[[str, Style], Iterable[str]]
"""Turns the name of a format into the pieces of a report; the style is for people's formats."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One report to write: its format, and a file or (None) stdout."""

    format: str
    file: Path | None = None


def outputs_option(formats: Collection[str]) -> Callable[[Command], Command]:
    """Return the option that receives ``FORMAT[=FILE]``, repeatable, as ``output``."""
    return click.option("--output", "output", multiple=True, metavar="FORMAT[=FILE]",
                        help=f"May be repeated. Formats: {', '.join(formats)}. Default: text.")  # fmt: skip


def failing_options(command: Command) -> Command:
    """Add ``--fail-on`` and ``--no-fail``; the command receives ``fail_on`` and ``no_fail``."""
    for option in (
        click.option("--no-fail", is_flag=True, help="End with 0 in spite of findings."),
        click.option("--fail-on", type=click.Choice(["error", "warning"]), default="error", show_default=True,
                     help="The level of findings from which on the exit code is 1."),
    ):  # fmt: skip
        command = option(command)
    return command


def read_output(text: str, formats: Collection[str]) -> Output:
    """Return what ``FORMAT`` or ``FORMAT=FILE`` means. Raises UsageError."""
    name, equals, file = text.partition("=")
    if name not in formats or (equals and not file):
        near = difflib.get_close_matches(name, formats, n=1)
        raise UsageError(
            f"{excerpt(text)!r} is no output",
            hint=f"did you mean {near[0]}=FILE?" if near else f"formats: {', '.join(formats)}",
        )
    # What cannot be done is told now, not after an hour's audit.
    require(name)
    place = Path(file) if file and file != "-" else None
    if place:
        check_place(place)
    return Output(format=name, file=place)


def check_place(place: Path) -> None:
    """Raise UsageError if no file can be written there: it is a folder, or in none."""
    if not os.path.isdir(place.parent):  # noqa: PTH112 - False where Path raises
        raise UsageError(
            f"{excerpt(str(place))} cannot be written: there is no folder {excerpt(str(place.parent))}",
            hint="make the folder, or choose another place",
        )
    if os.path.isdir(place):  # noqa: PTH112
        raise UsageError(f"{excerpt(str(place))} cannot be written: it is a folder", hint="name a file in it")


def outputs_of(texts: tuple[str, ...], formats: Collection[str]) -> list[Output]:
    """Return the reports to write, text on stdout unless told otherwise. Raises UsageError."""
    outputs = [read_output(text, formats) for text in texts or ("text",)]
    if sum(item.file is None for item in outputs) > 1:
        raise UsageError(
            "only one report can go to stdout", hint="give the others files: --output FORMAT=FILE"
        )
    files = [item.file for item in outputs if item.file]
    twice = next((file for number, file in enumerate(files) if file in files[:number]), None)
    if twice:
        raise UsageError(f"two reports go to {excerpt(str(twice))}", hint="give each a file of its own")
    return outputs


def write_outputs(outputs: list[Output], written: Written, verdict: str) -> None:
    """Write every report to its place; where none goes to stdout, the verdict goes to stderr."""
    for item in outputs:
        if item.file:
            write_pieces(item.file, written(item.format, text.plain))
        else:
            _to_stdout(written(item.format, _styled if shows_colour(sys.stdout) else text.plain))
    if all(item.file for item in outputs):
        say(verdict)


def _to_stdout(pieces: Iterable[str]) -> None:
    """Write to stdout, to the end. Raises UsageError where it takes no more, BrokenPipeError if nobody reads."""
    try:
        sys.stdout.writelines(pieces)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        # What is left in the buffer would be a second failure when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        reason = (error.strerror or str(error)).lower()
        raise UsageError(f"stdout cannot be written: {reason}", hint="write into a file elsewhere") from error


_STYLES = {Level.ERROR: RED, Level.WARNING: YELLOW, Level.NOTE: BOLD, None: BOLD}


def _styled(word: str, level: Level | None) -> str:
    return painted(word, _STYLES[level])


def write_report(report: Report, outputs: list[Output], threshold: Level) -> None:
    """Write a report in the formats of envbuilder.report."""

    def written(name: str, style: Style) -> Iterator[str]:
        if name == "text":
            return text.write(report, fail_on=threshold, style=style)
        return writer(name)(report, fail_on=threshold)

    write_outputs(outputs, written, text.verdict(report))


def exit_code(report: Report, threshold: Level, *, no_fail: bool) -> int:
    """Return the interface's exit code of a report."""
    if not report.complete:
        return IMPOSSIBLE
    return FINDINGS if report.fails(threshold) and not no_fail else CLEAN
