"""``envbuilder diff A B``."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from envbuilder.cli.failure import CLEAN, FINDINGS, IMPOSSIBLE
from envbuilder.cli.levels import Levels, level_options, with_levels
from envbuilder.cli.options import asked, resolving
from envbuilder.cli.outputs import Output, failing_options, outputs_of, outputs_option, write_outputs
from envbuilder.errors import UsageError
from envbuilder.findings import Level
from envbuilder.report.text import Style

if TYPE_CHECKING:
    from envbuilder.comparison.difference import Difference

FORMATS = ("text", "json", "markdown")


@click.command("diff")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--files", "files_only", is_flag=True,
              help="Compare what the files say; lock nothing and ask no network.")  # fmt: skip
@click.option("--licenses", "licences", is_flag=True,
              help="Look up licences that are not known yet, and count findings on them.")  # fmt: skip
@outputs_option(FORMATS)
@failing_options
@level_options
@resolving
def diff_command(
    *,
    before: str,
    after: str,
    files_only: bool,
    licences: bool,
    output: tuple[str, ...],
    fail_on: str,
    no_fail: bool,
    levels: Levels,
    **shared: Any,
) -> int:
    """Tell what changes from the environment of A to that of B, such as two versions of a model.

    Each is locked as of its own day. Findings that only B has make the exit code 1.
    """
    from envbuilder.use.comparing import compare_models

    if files_only and licences:
        raise UsageError("--files knows no packages that could have licences", hint="leave one of them out")
    outputs = outputs_of(output, FORMATS)
    wanted = asked(**shared)
    stage = partial(
        compare_models,
        files_only=files_only,
        licences=licences,
        names=(str(before), str(after)),
        today=datetime.datetime.now(datetime.timezone.utc).date(),
    )
    found = replace(wanted, policy=with_levels(wanted.policy, levels)).answer(stage, before, after)
    threshold = Level(fail_on)
    _write(found, outputs, threshold)
    if found.skipped:
        return IMPOSSIBLE
    return FINDINGS if found.fails(threshold) and not no_fail else CLEAN


def _write(difference: Difference, outputs: list[Output], threshold: Level) -> None:
    from envbuilder.comparison import markdown, objects, text
    from envbuilder.comparison.phrases import verdict

    def written(name: str, style: Style) -> Iterator[str]:
        match name:
            case "json":
                return objects.write(difference, fail_on=threshold)
            case "markdown":
                return markdown.write(difference, fail_on=threshold)
            case _:
                return text.write(difference, fail_on=threshold, style=style)

    write_outputs(outputs, written, verdict(difference))
