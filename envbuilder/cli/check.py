"""``envbuilder check MODEL``."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from envbuilder.cli.failure import CLEAN, FINDINGS
from envbuilder.cli.options import asked, model_argument, policy_option
from envbuilder.cli.outputs import failing_options, outputs_of, outputs_option, write_outputs
from envbuilder.findings import Level
from envbuilder.inspection import objects, text
from envbuilder.report.formats import FORMATS as REPORTS
from envbuilder.report.formats import writer
from envbuilder.report.report import ModelReport, Report
from envbuilder.report.text import Style

if TYPE_CHECKING:
    from envbuilder.inspection.mismatches import Mismatches

FORMATS = tuple(name for name in REPORTS if name != "cyclonedx")
"""A list of parts is no answer to what differs."""


@click.command("check")
@model_argument
@click.option("--python", metavar="PATH|VERSION",
              help="The Python to look at: its path or prefix, or a version of this host's. Default: the one that runs envbuilder.")  # fmt: skip
@outputs_option(FORMATS)
@failing_options
@click.option("--as-of", default="logged", metavar="logged|now|DATE", show_default=True,
              help="The day whose packages are wanted; logged is the day the model was.")  # fmt: skip
@click.option("--engine", type=click.Choice(["auto", "uv", "pip", "conda"]), default="auto",
              show_default=True, help="What resolves, if the store knows no lock.")  # fmt: skip
@click.option("--offline", is_flag=True, help="Use only what the store has.")
@click.option("--strict", is_flag=True, help="Allow no substitution of any kind.")
@click.option("--refresh", is_flag=True, help="Resolve again even if the store knows a lock.")
@policy_option
def check_command(
    *, model: str, python: str | None, output: tuple[str, ...], fail_on: str, no_fail: bool, **shared: Any
) -> int:
    """Compare a Python with the whole lock of MODEL, ranked by what matters to the model's own packages.

    Nothing is imported or changed. Exit code 1 if something differs that the model names or is made with;
    with --fail-on warning also for what others need. Another patch release of Python, another local version
    label, and pip, setuptools and wheel are only told.
    """
    from envbuilder.inspection.checking import inspect_model

    outputs = outputs_of(output, FORMATS)
    threshold = Level(fail_on)
    wanted = asked(python=None, platform=None, **shared)
    found = wanted.answer(partial(inspect_model, name=model, python=python), model)
    report = _report(model, found)

    def written(name: str, style: Style) -> Iterator[str]:
        match name:
            case "json":
                return objects.write(found)
            case "text":
                return text.write(found, style=style)
            case _:
                return writer(name)(report, fail_on=threshold)

    write_outputs(outputs, written, found.summary)
    return FINDINGS if report.fails(threshold) and not no_fail else CLEAN


def _report(model: str, found: Mismatches) -> Report:
    """The mismatches as findings of the model, for the formats that all reports share."""
    folder = model if Path(model).is_dir() else str(Path(model).parent)
    findings = tuple(item.finding for item in found)
    judged = ModelReport(model=model, folder=folder, python=found.python_version, findings=findings)
    return Report(models=(judged,), today=datetime.datetime.now(datetime.timezone.utc).date())
