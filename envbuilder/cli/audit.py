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
from envbuilder.cli.terminal import BOLD, RED, YELLOW, painted, say, showing_progress, shows_colour
from envbuilder.cli.writing import write_pieces
from envbuilder.errors import UsageError
from envbuilder.findings import Level
from envbuilder.redact import excerpt
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Mending:
    """What ``--fix`` and its companions ask for."""

    fix: bool = False
    in_place: bool = False
    folder: Path | None = None

    def __post_init__(self) -> None:
        """Refuse what contradicts itself. Raises UsageError."""
        if not self.fix and (self.in_place or self.folder):
            raise UsageError("--in-place and --fix-dir say where --fix writes", hint="add --fix")
        if self.in_place and self.folder:
            raise UsageError("--in-place and --fix-dir exclude each other", hint="choose one of them")


@click.command("audit")
@click.argument("paths", metavar="PATH…", nargs=-1, required=True)
@click.option("--output", "output", multiple=True, metavar="FORMAT[=FILE]",
              help=f"May be repeated. Formats: {', '.join(FORMATS)}. Default: text.")  # fmt: skip
@click.option("--fail-on", type=click.Choice(["error", "warning"]), default="error", show_default=True,
              help="The level of findings from which on the exit code is 1.")  # fmt: skip
@click.option("--no-fail", is_flag=True, help="End with 0 in spite of findings.")
@click.option("--baseline", type=click.Path(path_type=Path), metavar="FILE",
              help="Report only what this file does not know.")  # fmt: skip
@click.option("--write-baseline", type=click.Path(path_type=Path), metavar="FILE",
              help="Write what is found into FILE, to be known from then on.")  # fmt: skip
@click.option(
    "--fix", is_flag=True, help="Write the rewritten files, below PATH.rewritten unless told otherwise."
)
@click.option("--fix-dir", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="With --fix: write below DIR.")  # fmt: skip
@click.option("--in-place", is_flag=True, help="With --fix: write into the models themselves.")
@click.option("--exclude", multiple=True, metavar="PATTERN",
              help="Leave out folders whose path matches, such as '*/.trash'. May be repeated.")  # fmt: skip
@click.option("-j", "--jobs", type=click.IntRange(min=1), metavar="N",
              help="Processes; default: one per processor.")  # fmt: skip
@policy_option
def audit_command(
    *,
    paths: tuple[str, ...],
    output: tuple[str, ...],
    fail_on: str,
    no_fail: bool,
    baseline: Path | None,
    write_baseline: Path | None,
    fix: bool,
    fix_dir: Path | None,
    in_place: bool,
    exclude: tuple[str, ...],
    jobs: int | None,
    policy_path: Path | None,
) -> int:
    """Report what is wrong with every model at and below PATH. Nothing is installed, run or fetched."""
    from envbuilder.api import audit

    outputs = _outputs(output)
    mending = Mending(fix=fix, in_place=in_place, folder=fix_dir)
    if baseline and write_baseline:
        raise UsageError("--baseline and --write-baseline exclude each other", hint="choose one of them")
    policy = policy_of(policy_path)
    with showing_progress() as progress:
        report = audit(
            paths, policy=policy, jobs=jobs or _processors(), exclude=exclude, baseline=baseline,
            progress=progress,
        )  # fmt: skip
    _write(report, outputs, Level(fail_on))
    code = exit_code(report, Level(fail_on), no_fail=no_fail or write_baseline is not None)
    if write_baseline:
        from envbuilder.auditor.baseline import baseline_text

        write_pieces(write_baseline, baseline_text(report))
    if mending.fix:
        from envbuilder.cli.mending import mend

        code = code if mend(report, paths, policy, folder=mending.folder, in_place=in_place) else IMPOSSIBLE
    return code


def exit_code(report: Report, threshold: Level, *, no_fail: bool) -> int:
    """Return the interface's exit code of a report."""
    if not report.complete:
        return IMPOSSIBLE
    return FINDINGS if report.fails(threshold) and not no_fail else CLEAN


def _outputs(texts: tuple[str, ...]) -> list[Output]:
    outputs = [read_output(text) for text in texts or ("text",)]
    if sum(item.file is None for item in outputs) > 1:
        raise UsageError(
            "only one report can go to stdout", hint="give the others files: --output FORMAT=FILE"
        )
    return outputs


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _write(report: Report, outputs: list[Output], threshold: Level) -> None:
    from envbuilder.report.text import verdict

    for item in outputs:
        if item.file:
            write_pieces(item.file, writer(item.format)(report, fail_on=threshold))
        else:
            sys.stdout.writelines(_for_stdout(item, report, threshold))
    if all(item.file for item in outputs):
        say(verdict(report))


def _for_stdout(item: Output, report: Report, threshold: Level) -> Iterator[str]:
    if item.format == "text" and shows_colour(sys.stdout):
        from envbuilder.report import text

        return text.write(report, fail_on=threshold, style=_styled)
    return writer(item.format)(report, fail_on=threshold)


_STYLES = {Level.ERROR: RED, Level.WARNING: YELLOW, Level.NOTE: BOLD, None: BOLD}


def _styled(text: str, level: Level | None) -> str:
    return painted(text, _STYLES[level])
