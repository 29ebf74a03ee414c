"""``envbuilder run MODEL -- CMD…``."""

from __future__ import annotations

from typing import Any

import click

from envbuilder.cli.build import tell_substitutions
from envbuilder.cli.options import asked, model_argument, quiet_option, resolving
from envbuilder.cli.terminal import showing_progress
from envbuilder.errors import UsageError
from envbuilder.findings import Fidelity
from envbuilder.locate import locate


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
    if not quiet and restored.fidelity is not Fidelity.EXACT:
        tell_substitutions(restored)
    session.run_command(restored, command)
