"""``envbuilder fix models:/NAME/VERSION…``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from envbuilder.cli.changes import change_line
from envbuilder.cli.failure import CLEAN, IMPOSSIBLE, error_lines
from envbuilder.cli.objects import change_object, write_object
from envbuilder.cli.options import Asked, asked, output_option, resolving
from envbuilder.cli.rewrite import show_diffs
from envbuilder.cli.terminal import say, showing_progress
from envbuilder.errors import EnvbuilderError, UsageError
from envbuilder.redact import visible
from envbuilder.remote.uris import registered

if TYPE_CHECKING:
    from envbuilder.progress import Progress
    from envbuilder.registry.mending import Mended
    from envbuilder.registry.registering import Registration


@click.command("fix")
@click.argument("models", metavar="MODEL…", nargs=-1, required=True)
@click.option("--register", "registering", is_flag=True,
              help="Register a new version with the rewritten files and the lock beside them.")  # fmt: skip
@click.option("--move-alias", "aliases", multiple=True, metavar="NAME",
              help="With --register: let this alias mean the new version. May be repeated.")  # fmt: skip
@click.option("--no-predict", is_flag=True,
              help="With --register: do not ask the mended model first; a tag says so.")  # fmt: skip
@click.option("--dry-run/--no-dry-run", default=None,
              help="Only show; the default without --register, and for more than one model.")  # fmt: skip
@resolving
@output_option
def fix_command(
    *,
    models: tuple[str, ...],
    registering: bool,
    aliases: tuple[str, ...],
    no_predict: bool,
    dry_run: bool | None,
    output: str,
    **shared: Any,
) -> int:
    """Show what would be rewritten in the files of registered MODELs, and register mended versions of them.

    MODEL is models:/NAME/VERSION or models:/NAME@ALIAS; models:/NAME is every version of it, models:/ of all. The
    old version stays as it is. The mended model is built and asked before it is registered.
    """
    if (aliases or no_predict) and not registering:
        raise UsageError("--move-alias and --no-predict are for --register", hint="add --register")
    wanted = asked(**shared)
    with showing_progress() as progress:
        uris = _versions(models, wanted)
        if len(uris) > 1 and aliases:
            raise UsageError("an alias means one version", hint="name one model with --move-alias")
        dry = dry_run if dry_run is not None else not registering or len(uris) > 1
        run = _Run(
            wanted=wanted, progress=progress, proving=not no_predict, aliases=aliases,
            text=output == "text", several=len(uris) > 1,
        )  # fmt: skip
        outcomes = [run.model(uri, registering=registering and not dry) for uri in uris]
    if output == "json":
        write_object({"dry_run": dry or not registering, "models": outcomes})
    elif registering and dry:
        say("nothing was registered: --no-dry-run does it")
    return IMPOSSIBLE if any("error" in outcome for outcome in outcomes) else CLEAN


def _versions(models: tuple[str, ...], wanted: Asked) -> list[str]:
    from envbuilder.registry.keeping import listed

    found: list[str] = []
    for model in models:
        if registered(model) is None:
            found.append(model)
            continue
        versions = listed(model, wanted.settings)
        done = {version.mends: version.uri for version in versions}
        found += [version.uri for version in versions if version.uri not in done]
        for version in versions:
            if version.uri in done:
                say(f"{visible(version.uri)}: mended already, as {visible(done[version.uri])}")
    return list(dict.fromkeys(found))


class _Run:
    """One run over versions; one that fails is told, and the others go on."""

    def __init__(
        self,
        *,
        wanted: Asked,
        progress: Progress,
        proving: bool,
        aliases: tuple[str, ...],
        text: bool,
        several: bool,
    ) -> None:
        self._wanted = wanted
        self._progress = progress
        self._proving = proving
        self._aliases = aliases
        self._text = text
        self._several = several

    def model(self, uri: str, *, registering: bool) -> dict[str, Any]:
        """Mend one version; return its JSON object."""
        try:
            return self._mended(uri, registering=registering)
        except EnvbuilderError as error:
            say(visible(uri))
            for line in error_lines(error):
                say(line)
            return {"model": uri, "error": {"code": error.code, "message": error.message}}

    def _mended(self, uri: str, *, registering: bool) -> dict[str, Any]:
        from envbuilder.registry.mending import mended

        wanted = self._wanted
        found = mended(uri, settings=wanted.settings, policy=wanted.policy, progress=self._progress)
        if self._text:
            _show(found, named=self._several)
        done = None
        if registering and found.changed:
            from envbuilder.registry.registering import register

            done = register(
                found, proving=self._proving, aliases=self._aliases, request=wanted.request,
                settings=wanted.settings, policy=wanted.policy, progress=self._progress,
            )  # fmt: skip
            say(f"registered {visible(done.uri)} ({_PROOFS[done.proof]})")
            say(_way_line(done))
        return _object(uri, found, done)


def _way_line(done: Registration) -> str:
    """Say which way the files of a new version went."""
    if done.copied and not done.why:
        return f"{done.copied} files were copied in the store of artifacts, {done.uploaded} uploaded"
    return f"{done.uploaded} files were uploaded from this host: {visible(done.why)}"


_PROOFS = {
    "predicted": "it answered its input example",
    "loaded": "it was loaded; it has no input example",
    "skipped": "it was not asked anything",
}


def _show(found: Mended, *, named: bool) -> None:
    if found.changed and named:
        click.echo(visible(found.uri))  # before a diff's first line: patch leaves it out
    elif not found.changed:
        say(f"{visible(found.uri)}: nothing to mend")
    show_diffs(found.edits)
    for edit in found.edits:
        for change in edit.skipped:
            say(f"not written: {change_line(change)}; edit {visible(edit.path)} by hand")


def _object(uri: str, found: Mended, done: Registration | None) -> dict[str, Any]:
    made = done and {
        "model": done.uri, "version": done.version, "run_id": done.run_id, "lock_id": done.lock_id,
        "proof": done.proof, "tags": dict(done.tags), "aliases": list(done.aliases),
        "copied": done.copied, "uploaded": done.uploaded,
    }  # fmt: skip
    return {
        "model": uri,
        "version": found.uri,
        "files": list(found.changed),
        "changes": [change_object(change) for change in found.made],
        "registered": made,
    }
