"""``envbuilder build MODEL``."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from envbuilder.cli.failure import CLEAN
from envbuilder.cli.objects import change_object, write_object
from envbuilder.cli.options import asked, model_argument, output_option, quiet_option, resolving
from envbuilder.cli.terminal import say, shows_colour
from envbuilder.cli.tickets import HostFiles, keep_ticket
from envbuilder.errors import UsageError
from envbuilder.findings import Effect, Fidelity
from envbuilder.locate import locate, remote
from envbuilder.report.objects import finding_object, time_text
from envbuilder.store.remarks import read_findings

if TYPE_CHECKING:
    from collections.abc import Callable

    from envbuilder.cli.options import Asked
    from envbuilder.use.restoration import Restored

SHOWN = 5
"""Findings of an environment that are told to people; ``explain`` and JSON have them all."""


@click.command("build")
@model_argument
@resolving
@output_option
@quiet_option
@click.option(
    "--for-mlflow", is_flag=True, help="Link and pin it where MLflow looks for it, and print that path."
)
@click.option("--mlflow-version", metavar="VERSION", help="The MLflow that will serve; default: this host's.")
@click.option("--undo", is_flag=True, help="With --for-mlflow: take the link and its pin away.")
def build_command(
    *,
    model: str,
    output: str,
    quiet: bool,
    for_mlflow: bool,
    mlflow_version: str | None,
    undo: bool,
    **shared: Any,
) -> int:
    """Make the environment of MODEL, or find it in the store; print its prefix."""
    if for_mlflow:
        from envbuilder.cli.handover import hand_over_command, take_back_command

        if undo:
            return take_back_command(model, version=mlflow_version, output=output)
        return hand_over_command(model, version=mlflow_version, output=output, quiet=quiet, **shared)
    if undo or mlflow_version:
        raise UsageError("--undo and --mlflow-version belong to --for-mlflow", hint="give that too")
    if output == "json":
        restored = restored_for(model, **shared)
        with restored.lease:
            write_object(build_object(model, restored))
            return CLEAN
    restored = told_and_noted(model, telling=not quiet, **shared)
    with restored.lease:
        click.echo(os.fsencode(restored.environment.prefix))
    return CLEAN


def restored_for(model: str, **shared: Any) -> Restored:
    """Return the environment of a model as the shared options ask for it, with progress on a terminal."""
    return asked(**shared).answer(_stage(model), model)


def _stage(model: str) -> Callable[..., Restored]:
    """Return what brings the environment: of a model, or of a file that `envbuilder export` wrote."""
    from envbuilder.use.restoration import restore

    if not remote(model) and os.path.isfile(locate(model)):  # noqa: PTH113 - False where Path raises
        from envbuilder.exports.manifest import is_export

        if is_export(locate(model)):
            from envbuilder.exports.restoring import restore_export

            return restore_export
    return restore


def told_and_noted(
    model: str, *, telling: bool, command: tuple[str, ...] = (), unless_exact: bool = False, **shared: Any
) -> Restored:
    """Restore, tell on stderr what is not as it was logged, and write a ticket for the next time."""
    # What the answer depends on is looked at before it is read: a ticket must never claim a later state.
    host = HostFiles.see(shared["policy_path"], os.environ)
    wanted = asked(**shared)
    seen = _with_note(host, model, wanted) if remote(model) else host
    restored = wanted.answer(_stage(model), model)
    silent = not telling or (unless_exact and restored.fidelity is Fidelity.EXACT)
    lines = [] if silent else substitution_lines(restored)
    for line in lines:
        say(line)
    # What an alias or a run means is not for files alone to tell, and a refresh is asked for anew each time.
    if seen and restored.files and not wanted.request.refresh and not (lines and shows_colour(sys.stderr)):
        keep_ticket(
            click.get_current_context().obj,
            command=command,
            model=Path(restored.model) if remote(model) else locate(model),
            restored=restored,
            host=seen,
            settings=wanted.settings,
            told="".join(f"{line}\n" for line in lines),
        )
    return restored


def _with_note(host: HostFiles, uri: str, wanted: Asked) -> HostFiles | None:
    """Add the store's note of what a URI leads to; None for one that may mean another model tomorrow."""
    from envbuilder.remote.gathering import noted
    from envbuilder.remote.uris import exact

    if not exact(uri):
        return None
    return host.also(noted(uri, settings=wanted.settings, policy=wanted.policy))


def substitution_lines(restored: Restored) -> list[str]:
    """Return what is not as it was logged, and what the environment does unasked.

    What only restates the wish is left to ``explain``.
    """
    from envbuilder.cli.changes import change_lines, fidelity_line

    shown = tuple(c for c in restored.changes if c.effect is not Effect.NONE)
    return [*change_lines(shown), *note_lines(restored), fidelity_line(restored.changes)]


def note_lines(restored: Restored) -> list[str]:
    """Return the findings of an environment for people, a line each, the first ones only."""
    from envbuilder.cli.failure import finding_lines

    notes = [finding_lines(finding)[0] for finding in read_findings(restored.environment.prefix)]
    more = len(notes) - SHOWN
    return notes[:SHOWN] + ([f"and {more} more: `envbuilder explain` lists them"] if more > 0 else [])


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
        "findings": [finding_object(finding) for finding in read_findings(environment.prefix)],
        "packages": environment.packages,
        "seconds": {
            "parse": round(seconds.parse, 6),
            "resolve": round(seconds.resolve, 6),
            "install": round(seconds.install, 6),
            "total": round(seconds.total, 6),
        },
    }
