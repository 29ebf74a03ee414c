"""``envbuilder audit PATH…``."""

from __future__ import annotations

import difflib
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from envbuilder.cli.failure import CLEAN, FINDINGS, IMPOSSIBLE
from envbuilder.cli.options import policy_of, policy_option
from envbuilder.cli.terminal import say, showing_progress
from envbuilder.errors import UsageError
from envbuilder.findings import Level
from envbuilder.redact import excerpt, visible
from envbuilder.report.formats import FORMATS, writer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.report.report import Report


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One report to write: its format, and a file or (None) stdout."""

    format: str
    file: Path | None = None


def read_output(text: str) -> Output:
    """Return what ``FORMAT`` or ``FORMAT=FILE`` means. Raises UsageError."""
    name, equals, file = text.partition("=")
    if name not in FORMATS or (equals and not file):
        near = difflib.get_close_matches(name, FORMATS, n=1)
        raise UsageError(
            f"{excerpt(text)!r} is no output",
            hint=f"did you mean {near[0]}=FILE?" if near else f"formats: {', '.join(FORMATS)}",
        )
    return Output(format=name, file=Path(file) if file else None)


@click.command("audit")
@click.argument("paths", metavar="PATH…", nargs=-1, required=True)
@click.option("--output", "output", multiple=True, metavar="FORMAT[=FILE]",
              help=f"May be repeated. Formats: {', '.join(FORMATS)}. Default: text.")  # fmt: skip
@click.option("--fail-on", type=click.Choice(["error", "warning"]), default="error", show_default=True,
              help="The level of findings from which on the exit code is 1.")  # fmt: skip
@click.option("--no-fail", is_flag=True, help="End with 0 in spite of findings.")
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N", default=None,
              help="Processes; default: one per processor.")  # fmt: skip
@policy_option
def audit_command(
    *,
    paths: tuple[str, ...],
    output: tuple[str, ...],
    fail_on: str,
    no_fail: bool,
    jobs: int | None,
    policy_path: Path | None,
) -> int:
    """Report what is wrong with every model at and below PATH. Nothing is installed, run or fetched."""
    from envbuilder.api import audit

    outputs = [read_output(text) for text in output or ("text",)]
    if sum(item.file is None for item in outputs) > 1:
        raise UsageError(
            "only one report can go to stdout", hint="give the others files: --output FORMAT=FILE"
        )
    policy = policy_of(policy_path)
    with showing_progress() as progress:
        report = audit(paths, policy=policy, jobs=jobs or os.cpu_count() or 1, progress=progress)
    threshold = Level(fail_on)
    for item in outputs:
        _write(writer(item.format)(report, fail_on=threshold), item.file)
    return exit_code(report, threshold, no_fail=no_fail)


def exit_code(report: Report, threshold: Level, *, no_fail: bool) -> int:
    """Return the interface's exit code of a report."""
    if not report.complete:
        return IMPOSSIBLE
    return FINDINGS if report.fails(threshold) and not no_fail else CLEAN


def _write(pieces: Iterator[str], file: Path | None) -> None:
    if file is None:
        for piece in pieces:
            sys.stdout.write(piece)
        return
    try:
        with file.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(pieces)
    except OSError as error:
        raise UsageError(
            f"{excerpt(str(file))} cannot be written: {(error.strerror or str(error)).lower()}",
            hint="choose another file",
        ) from error
    say(f"wrote {visible(str(file))}")
