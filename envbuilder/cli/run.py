"""``envbuilder run MODEL -- CMD…``."""

from __future__ import annotations

from typing import Any

import click

from envbuilder.cli.options import asked, model_argument, resolving
from envbuilder.cli.terminal import showing_progress
from envbuilder.errors import UsageError
from envbuilder.locate import locate


@click.command("run")
@model_argument
@click.argument("command", nargs=-1, type=click.UNPROCESSED, metavar="-- CMD…")
@resolving
def run_command(*, model: str, command: tuple[str, ...], **shared: Any) -> None:
    """Run CMD with the environment's bin first on PATH and its lease held; the exit code is CMD's."""
    from envbuilder.use import session
    from envbuilder.use.restoration import restore

    if not command:
        raise UsageError("no command to run", hint="name it after --: envbuilder run MODEL -- python -V")
    wanted = asked(**shared)
    with showing_progress() as progress:
        restored = restore(
            locate(model),
            request=wanted.request,
            settings=wanted.settings,
            policy=wanted.policy,
            progress=progress,
        )
    session.run_command(restored, command)
