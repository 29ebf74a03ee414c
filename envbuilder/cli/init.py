"""``envbuilder init``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from envbuilder.cli.terminal import say, showing_progress
from envbuilder.errors import UsageError
from envbuilder.policyfile import FILE
from envbuilder.redact import visible

if TYPE_CHECKING:
    from envbuilder.policyfile.template import Draft

_TOLD = 10
"""Things that could not be read that are listed."""


@click.command("init")
@click.argument("models", metavar="[MODEL]…", nargs=-1)
@click.option("--from", "fill", is_flag=True,
              help="Fill in the channels and the licences of the models at and below each MODEL.")  # fmt: skip
@click.option("--offline", is_flag=True, help="With --from: use only what the store has.")
@click.option("--force", is_flag=True, help="Replace a policy that is already there.")
@click.option(
    "--schema", is_flag=True, help="Print the JSON schema of the policy, for editors; write nothing."
)
def init_command(*, models: tuple[str, ...], fill: bool, offline: bool, force: bool, schema: bool) -> None:
    """Write a commented policy, envbuilder.toml, into this folder."""
    if fill != bool(models) or (offline and not fill) or (schema and (fill or force)):
        raise UsageError(
            "--from goes with models, --offline with --from, and --schema alone",
            hint="see `envbuilder init --help`",
        )
    if schema:
        from envbuilder.policyfile.schema import schema_text

        click.echo(schema_text(), nl=False)
        return
    path = Path.cwd() / FILE
    if path.exists() and not force:
        raise _there_already()
    text = _text(_draft(models, offline=offline) if fill else None)
    _write(path, text, force=force)
    click.echo(str(path))


def _text(draft: Draft | None) -> str:
    from envbuilder.policyfile.template import policy_text

    return policy_text(draft)


def _draft(models: tuple[str, ...], *, offline: bool) -> Draft:
    """Return what the models have; what could not be read is told, since the policy lacks it.

    Raises UsageError where that is all: no policy is replaced by an empty one.
    """
    import datetime
    from dataclasses import replace

    from envbuilder.policyfile.template import Draft
    from envbuilder.request import Request
    from envbuilder.settings import Settings
    from envbuilder.use.drafting import draft_of

    settings = Settings.from_environ()
    if offline:
        settings = replace(settings, offline=True)
    with showing_progress() as progress:
        draft, skipped = draft_of(
            models,
            today=datetime.datetime.now(datetime.timezone.utc).date(),
            request=Request(offline=settings.offline),
            settings=settings,
            progress=progress,
        )
    for item in skipped[:_TOLD]:
        say(f"left out: {visible(item.path)}: {visible(item.reason)}")
    if len(skipped) > _TOLD:
        say(f"left out: {len(skipped) - _TOLD:,} more")
    if skipped and draft == Draft():
        raise UsageError(
            "nothing of the models could be read, so there is nothing to fill in",
            hint="name models, or folders with models",
        )
    return draft


def _write(path: Path, text: str, *, force: bool) -> None:
    try:
        with path.open("w" if force else "x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        raise _there_already() from None
    except OSError as error:
        raise UsageError(
            f"{FILE} cannot be written here: {(error.strerror or str(error)).lower()}",
            hint="go to a folder of yours",
        ) from error


def _there_already() -> UsageError:
    return UsageError(f"{FILE} is already there", hint="edit it, or replace it with --force")
