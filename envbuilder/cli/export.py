"""``envbuilder export MODEL -o FILE``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from envbuilder.cli.changes import change_lines
from envbuilder.cli.objects import change_object, write_object
from envbuilder.cli.options import asked, model_argument, output_option, quiet_option, resolving
from envbuilder.cli.sizes import size_text
from envbuilder.cli.terminal import say, showing_progress
from envbuilder.findings import Effect, fidelity_of
from envbuilder.redact import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.exports.result import Exported


@click.command("export")
@model_argument
@click.option("-o", "place", type=click.Path(path_type=Path), required=True, metavar="FILE",
              help="The file to write; a tree is packed as its name ends: .tar.gz, .tar.zst or .tar.")  # fmt: skip
@click.option("--form", type=click.Choice(["lock", "tree"]),
              help="The lock with its wheels, for `envbuilder build FILE`; or a tree to unpack and run. "
                   "Default: lock; tree where there are conda packages.")  # fmt: skip
@click.option("--interpreter", type=click.Choice(["none", "include"]), default="none", show_default=True,
              help="Whether a tree has its own Python inside.")  # fmt: skip
@resolving
@output_option
@quiet_option
def export_command(
    *, model: str, place: Path, form: str | None, interpreter: str, output: str, quiet: bool, **shared: Any
) -> None:
    """Write the environment of MODEL as one file that brings it elsewhere; print the file's path.

    What the file needs of a host, and what of it is not as it was logged, is told on stderr.
    """
    from envbuilder.exports.exporting import export_model
    from envbuilder.exports.result import ExportForm

    wanted = asked(**shared)
    with showing_progress() as progress:
        exported = export_model(
            wanted.located(model, progress),
            place=place,
            form=ExportForm(form) if form else None,
            interpreter=interpreter == "include",
            request=wanted.request,
            settings=wanted.settings,
            policy=wanted.policy,
            progress=progress,
        )
    if output == "json":
        write_object(export_object(model, exported))
        return
    if not quiet:
        for line in export_lines(exported):
            say(line)
    click.echo(os.fsencode(exported.path))


def export_lines(exported: Exported) -> Iterator[str]:
    """Yield what people are told of an export, a line each."""
    yield from change_lines(tuple(c for c in exported.changes if c.effect is not Effect.NONE))
    needs = exported.needs
    floor = f", {needs.floor} or later" if needs.floor else ""
    yield f"{exported.packages} packages, {size_text(exported.size)}, sha256 {exported.sha256}"
    yield f"needs {visible(needs.platform)}{visible(floor)}; {visible(needs.python) or 'its Python is inside'}"
    if needs.libraries:
        yield f"needs these libraries of the system: {visible(', '.join(needs.libraries))}"
    yield from (f"note: {visible(note)}" for note in exported.notes)
    yield f"fidelity: {fidelity_of(exported.changes).value}"


def export_object(model: str, exported: Exported) -> dict[str, Any]:
    """Return what ``export --output json`` writes, without its schema number."""
    needs = exported.needs
    return {
        "model": model,
        "path": str(exported.path),
        "form": exported.form.value,
        "size": exported.size,
        "sha256": exported.sha256,
        "lock_id": exported.lock_id,
        "packages": exported.packages,
        "interpreter": exported.interpreter,
        "needs": {
            "platform": needs.platform,
            "floor": needs.floor or None,
            "python": needs.python or None,
            "libraries": list(needs.libraries),
        },
        "fidelity": fidelity_of(exported.changes).value,
        "changes": [change_object(change) for change in exported.changes],
        "notes": list(exported.notes),
    }
