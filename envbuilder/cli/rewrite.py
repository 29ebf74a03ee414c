"""``envbuilder rewrite MODEL``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from envbuilder.cli.changes import change_line, change_lines, fidelity_line
from envbuilder.cli.options import model_argument, policy_of, policy_option
from envbuilder.cli.terminal import say
from envbuilder.cli.writing import environment_files, tell_written, write_files
from envbuilder.errors import UsageError
from envbuilder.locate import remote
from envbuilder.redact import masked, visible
from envbuilder.settings import Settings

if TYPE_CHECKING:
    from envbuilder.rewriter.files import FileEdit


@click.command("rewrite")
@model_argument
@click.option("--output-dir", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Write the environment files, rewritten, into DIR.")  # fmt: skip
@click.option("--in-place", is_flag=True, help="Write the rewritten files into the model itself.")
@click.option("--strict", is_flag=True, help="Fail where anything would have to be substituted.")
@policy_option
def rewrite_command(
    *, model: str, output_dir: Path | None, in_place: bool, strict: bool, policy_path: Path | None
) -> None:
    """Show what would be rewritten in the files of MODEL, as a unified diff. Nothing is written unless told."""
    from envbuilder.reader.model import read_model
    from envbuilder.remote.locating import located
    from envbuilder.request import Request
    from envbuilder.rewriter.files import rewrite_files
    from envbuilder.use.engine_choice import rewritten_for

    if in_place and output_dir:
        raise UsageError("--in-place and --output-dir exclude each other", hint="choose one of them")
    if in_place and remote(model):
        raise UsageError("--in-place writes into folders", hint="use `envbuilder fix`, or --output-dir")
    policy = policy_of(policy_path)
    path = located(model, settings=Settings.from_environ(), policy=policy)
    spec = read_model(path, name=model)
    rewritten, _ = rewritten_for(spec, request=Request(strict=strict), policy=policy)
    edits = rewrite_files(rewritten)
    show_diffs(edits)
    edited = {edit.path: edit.after for edit in edits}
    if in_place:
        changed = {edit.path: edit.after for edit in edits if edit.after != edit.before}
        tell_written(write_files(changed, path if path.is_dir() else path.parent))
    elif output_dir:
        tell_written(write_files(environment_files(rewritten) | edited, output_dir))
    for line in change_lines(rewritten.changes):
        say(line)
    for edit in edits:
        for change in edit.skipped:
            say(f"not written: {change_line(change)}; edit {visible(edit.path)} by hand")
    say(fidelity_line(rewritten.changes))


def show_diffs(edits: Iterable[FileEdit]) -> None:
    """Write the edits as unified diffs."""
    from envbuilder.rewriter.files import unified_diff

    for edit in edits:
        # The lines of a diff are the model's own text: shown as it is but for secrets (output ends in logs)
        # and what could move the cursor.
        diff = unified_diff(edit)
        shown = "\n".join(masked(line) for line in diff.split("\n"))
        click.echo(visible(shown, newlines=True), nl=False)
        if shown != diff:
            say(
                f"{visible(edit.path)}: credentials are masked in the diff; --output-dir writes them as they are"
            )
