"""``envbuilder build MODEL``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from envbuilder.cli.objects import change_object, write_object
from envbuilder.cli.options import asked, model_argument, output_option, quiet_option, resolving
from envbuilder.cli.terminal import say, showing_progress
from envbuilder.locate import locate
from envbuilder.report.objects import time_text

if TYPE_CHECKING:
    from envbuilder.use.restoration import Restored


@click.command("build")
@model_argument
@resolving
@output_option
@quiet_option
def build_command(*, model: str, output: str, quiet: bool, **shared: Any) -> None:
    """Make the environment of MODEL, or find it in the store; print its prefix."""
    restored = restored_for(model, **shared)
    with restored.lease:
        if output == "json":
            write_object(build_object(model, restored))
            return
        if not quiet:
            tell_substitutions(restored)
        click.echo(os.fsencode(restored.environment.prefix))


def restored_for(model: str, **shared: Any) -> Restored:
    """Return the environment of a model as the shared options ask for it, with progress on a terminal."""
    from envbuilder.use.restoration import restore

    wanted = asked(**shared)
    with showing_progress() as progress:
        return restore(
            locate(model),
            request=wanted.request,
            settings=wanted.settings,
            policy=wanted.policy,
            progress=progress,
        )


def tell_substitutions(restored: Restored) -> None:
    """Tell on stderr what is not as it was logged; what only restates the wish is left to ``explain``."""
    from envbuilder.cli.changes import change_lines, fidelity_line
    from envbuilder.findings import Effect

    for line in change_lines(tuple(c for c in restored.changes if c.effect is not Effect.NONE)):
        say(line)
    say(fidelity_line(restored.changes))


def build_object(model: str, restored: Restored) -> dict[str, Any]:
    """Return the interface's object of ``build --output json``, without its schema number."""
    environment, seconds = restored.environment, restored.seconds
    return {
        "model": model,
        "spec_id": restored.spec_id,
        "lock_id": restored.lock_id,
        "env_id": environment.env_id,
        "prefix": str(environment.prefix),
        "python": str(environment.python),
        "python_version": environment.python_version,
        "python_requested": restored.python_requested,
        "engine": restored.engine,
        "as_of": time_text(restored.as_of),
        "hit": restored.hit,
        "fidelity": restored.fidelity.value,
        "changes": [change_object(change) for change in restored.changes],
        "packages": environment.packages,
        "seconds": {
            "parse": round(seconds.parse, 6),
            "resolve": round(seconds.resolve, 6),
            "install": round(seconds.install, 6),
            "total": round(seconds.total, 6),
        },
    }
