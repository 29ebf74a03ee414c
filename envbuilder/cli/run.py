"""``envbuilder run MODEL -- CMD…``."""

from __future__ import annotations

from typing import Any

import click

from envbuilder.cli.build import told_and_noted
from envbuilder.cli.options import model_argument, quiet_option, resolving
from envbuilder.errors import UsageError


@click.command("run")
@model_argument
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- CMD…")
@resolving
@quiet_option
def run_command(*, model: str, command: tuple[str, ...], quiet: bool, **shared: Any) -> None:
    """Run CMD with the environment's bin first on PATH and its lease held; the exit code is CMD's.

    What differs from the logged environment is told on stderr before CMD begins, unless nothing does.
    """
    from envbuilder.use import session

    if not command:
        raise UsageError("no command to run", hint="name it after --: envbuilder run MODEL -- python -V")
    restored = told_and_noted(model, telling=not quiet, command=command, unless_exact=True, **shared)
    session.run_command(restored, command)
