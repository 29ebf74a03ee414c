"""``envbuilder audit PATH…``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import click

from envbuilder.cli.failure import IMPOSSIBLE
from envbuilder.cli.levels import Levels, level_options, with_levels
from envbuilder.cli.options import policy_of, policy_option
from envbuilder.cli.outputs import (
    check_place,
    exit_code,
    failing_options,
    outputs_of,
    outputs_option,
    write_report,
)
from envbuilder.cli.terminal import showing_progress
from envbuilder.cli.writing import write_pieces
from envbuilder.errors import UsageError
from envbuilder.findings import Level
from envbuilder.report.formats import FORMATS


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
@outputs_option(FORMATS)
@failing_options
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
@click.option("--offline", is_flag=True, help="Of models behind URIs read only what the store has.")
@level_options
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
    offline: bool,
    levels: Levels,
    policy_path: Path | None,
) -> int:
    """Report what is wrong with every model at and below PATH. Nothing is installed or run.

    PATH may be the URI of a model; models:/ is every version of every registered model, models:/NAME of one.
    Of those the environment files are fetched, by MLflow, and kept.
    """
    from envbuilder.api.reports import audit

    outputs = outputs_of(output, FORMATS)
    mending = Mending(fix=fix, in_place=in_place, folder=fix_dir)
    if baseline and write_baseline:
        raise UsageError("--baseline and --write-baseline exclude each other", hint="choose one of them")
    if write_baseline:
        check_place(write_baseline)
    policy = with_levels(policy_of(policy_path), levels)
    with showing_progress() as progress:
        report = audit(
            paths, policy=policy, jobs=jobs or _processors(), exclude=exclude, baseline=baseline,
            offline=offline, progress=progress,
        )  # fmt: skip
    write_report(report, outputs, Level(fail_on))
    code = exit_code(report, Level(fail_on), no_fail=no_fail or write_baseline is not None)
    if write_baseline:
        from envbuilder.auditor.baseline import baseline_text

        write_pieces(write_baseline, baseline_text(report))
    if mending.fix:
        from envbuilder.cli.mending import mend

        code = code if mend(report, paths, policy, folder=mending.folder, in_place=in_place) else IMPOSSIBLE
    return code


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
