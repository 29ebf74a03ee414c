"""``envbuilder diff A B``."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import partial
from typing import Any

import click

from envbuilder.cli.failure import CLEAN, FINDINGS, IMPOSSIBLE
from envbuilder.cli.options import asked, resolving
from envbuilder.cli.outputs import failing_options, outputs_of, outputs_option, write_outputs
from envbuilder.errors import UsageError
from envbuilder.findings import Level
from envbuilder.report.text import Style

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
    **shared: Any,
) -> int:
    """Tell what changes from the environment of A to that of B, such as two versions of a model.

    Each is locked as of its own day. Findings that only B has make the exit code 1.
    """
    from envbuilder.comparison import markdown, objects, text
    from envbuilder.comparison.phrases import verdict
    from envbuilder.use.comparing import compare_models

    if files_only and licences:
        raise UsageError("--files knows no packages that could have licences", hint="leave one of them out")
    outputs = outputs_of(output, FORMATS)
    level = Level(fail_on)
    today = datetime.datetime.now(datetime.timezone.utc).date()
    stage = partial(compare_models, files_only=files_only, licences=licences, today=today)
    found = asked(**shared).answer(stage, before, after)

    def written(name: str, style: Style) -> Iterator[str]:
        match name:
            case "json":
                return objects.write(found, fail_on=level)
            case "markdown":
                return markdown.write(found, fail_on=level)
            case _:
                return text.write(found, fail_on=level, style=style)

    write_outputs(outputs, written, verdict(found))
    if found.skipped:
        return IMPOSSIBLE
    return FINDINGS if found.fails(level) and not no_fail else CLEAN
