"""``envbuilder build --for-mlflow MODEL``: the environment where MLflow looks for it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from envbuilder.cli.build import build_object, restored_for, substitution_lines
from envbuilder.cli.failure import CLEAN, finding_lines
from envbuilder.cli.objects import write_object
from envbuilder.cli.terminal import say
from envbuilder.redact import visible
from envbuilder.report.objects import finding_object
from envbuilder.settings import Settings

if TYPE_CHECKING:
    from envbuilder.handover.handing import Handover
    from envbuilder.handover.release import Release


def hand_over_command(model: str, *, version: str | None, output: str, quiet: bool, **shared: Any) -> int:
    """Build, hand over, and tell: the link on stdout, what MLflow wants besides on stderr."""
    from envbuilder.handover.handing import hand_over
    from envbuilder.handover.naming import environment_name
    from envbuilder.remote.locating import located

    settings = Settings.from_environ()
    release = _release(version, settings)
    path = located(model, settings=settings)
    environment_name(path, release)  # a model that MLflow cannot name is no reason to build first
    machine = output == "json"
    # No ticket is written: the next call has more to do than to tell a prefix.
    restored = restored_for(model, **shared)
    with restored.lease:
        done = hand_over(restored, path, release=release, settings=settings)
        if machine:
            write_object({**build_object(model, restored), "mlflow": handover_object(done)})
            return CLEAN
    if not quiet:
        lines = [line for finding in done.findings for line in finding_lines(finding)]
        for line in [*substitution_lines(restored), *lines]:
            say(line)
    click.echo(os.fsencode(done.path))
    return CLEAN


def take_back_command(model: str, *, version: str | None, output: str) -> int:
    """Remove the link and the pin."""
    from envbuilder.handover.handing import take_back
    from envbuilder.remote.locating import located

    settings = Settings.from_environ()
    path, removed = take_back(
        located(model, settings=settings), release=_release(version, settings), settings=settings
    )
    if output == "json":
        write_object({"model": model, "path": str(path), "removed": removed})
    else:
        click.echo(f"{'removed' if removed else 'nothing at'} {visible(str(path))}")
    return CLEAN


def _folder(model: str, settings: Settings) -> Path:
    """Return the folder with a model's environment files; of a URI they are in the store."""
    from envbuilder.remote.locating import located

    return located(model, settings=settings)


def _release(version: str | None, settings: Settings) -> Release:
    from envbuilder.handover.release import hosts_release, named_release

    return named_release(version) if version else hosts_release(settings)


def handover_object(done: Handover) -> dict[str, Any]:
    """Return a handover as ``mlflow`` of ``build --for-mlflow --output json``."""
    return {
        "version": done.release.version,
        "path": str(done.path),
        "placed": done.placed,
        "findings": [finding_object(finding) for finding in done.findings],
    }
