"""``envbuilder licenses MODEL…``."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import click

from envbuilder.cli.levels import Levels, level_options, with_levels
from envbuilder.cli.options import asked, resolving
from envbuilder.cli.outputs import exit_code, failing_options, outputs_of, outputs_option, write_outputs
from envbuilder.cli.terminal import say, showing_progress
from envbuilder.findings import Level
from envbuilder.report.formats import FORMATS, writer
from envbuilder.report.text import Style, verdict


@click.command("licenses")
@click.argument("models", metavar="MODEL…", nargs=-1, required=True)
@outputs_option(FORMATS)
@failing_options
@level_options
@resolving
def licenses_command(
    *,
    models: tuple[str, ...],
    output: tuple[str, ...],
    fail_on: str,
    no_fail: bool,
    levels: Levels,
    **shared: Any,
) -> int:
    """Judge the licence of every package that MODEL locks, as of its day. Nothing is installed."""
    from envbuilder.report import licencetext
    from envbuilder.use.licences import judge_licences

    outputs = outputs_of(output, FORMATS)
    level = Level(fail_on)
    wanted = asked(**shared)
    with showing_progress() as progress:
        report = judge_licences(
            models,
            today=datetime.datetime.now(datetime.timezone.utc).date(),
            request=wanted.request,
            settings=wanted.settings,
            policy=with_levels(wanted.policy, levels),
            progress=progress,
        )

    def written(name: str, style: Style) -> Iterator[str]:
        if name == "text":
            return licencetext.write(report, fail_on=level, style=style)
        return writer(name)(report, fail_on=level)

    write_outputs(outputs, written, verdict(report))
    if not wanted.policy.licenses.allow and not any(item.format == "text" for item in outputs):
        say(licencetext.UNJUDGED)
    return exit_code(report, level, no_fail=no_fail)
