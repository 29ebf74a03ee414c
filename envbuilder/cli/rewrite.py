"""``envbuilder rewrite MODEL``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from envbuilder.cli.changes import change_lines, fidelity_line
from envbuilder.cli.options import model_argument, policy_of, policy_option
from envbuilder.cli.terminal import say
from envbuilder.errors import UsageError
from envbuilder.locate import locate
from envbuilder.redact import excerpt, visible

if TYPE_CHECKING:
    from envbuilder.rewriter.files import FileEdit


@click.command("rewrite")
@model_argument
@click.option("--output-dir", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="Write the rewritten files into DIR.")  # fmt: skip
@click.option("--in-place", is_flag=True, help="Write the rewritten files into the model itself.")
@click.option("--strict", is_flag=True, help="Fail where anything would have to be substituted.")
@policy_option
def rewrite_command(
    *, model: str, output_dir: Path | None, in_place: bool, strict: bool, policy_path: Path | None
) -> None:
    """Show what would be rewritten in the files of MODEL, as a unified diff. Nothing is written unless told."""
    from envbuilder.reader.model import read_model
    from envbuilder.rewriter.files import rewrite_files, unified_diff
    from envbuilder.rewriter.rewriting import rewrite

    if in_place and output_dir:
        raise UsageError("--in-place and --output-dir exclude each other", hint="choose one of them")
    path = locate(model)
    rewritten = rewrite(read_model(path), policy=policy_of(policy_path), strict=strict)
    edits = rewrite_files(rewritten)
    for edit in edits:
        # The lines of a diff are the model's own text: shown as it is but for what could move the cursor.
        click.echo("".join(visible(line, newlines=True) for line in unified_diff(edit)), nl=False)
    target = path if in_place else output_dir
    if target:
        _write(edits, target if target.is_dir() or not in_place else target.parent)
    for line in change_lines(rewritten.changes):
        say(line)
    say(fidelity_line(rewritten.changes))


def _write(edits: tuple[FileEdit, ...], target: Path) -> None:
    for edit in edits:
        place = target / edit.path
        try:
            place.parent.mkdir(parents=True, exist_ok=True)
            if place.is_symlink():
                raise UsageError(
                    f"{excerpt(str(place))} is a link; what it leads to is not touched",
                    hint="write elsewhere with --output-dir",
                )
            place.write_bytes(edit.after)
        except OSError as error:
            raise UsageError(
                f"{excerpt(str(place))} cannot be written: {error.strerror}",
                hint="choose another --output-dir",
            ) from error
        say(f"wrote {place}")
