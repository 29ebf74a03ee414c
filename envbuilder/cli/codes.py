"""``envbuilder codes [CODE]``."""

from __future__ import annotations

import difflib

import click

from envbuilder.codes import catalogue
from envbuilder.errors import UsageError
from envbuilder.redact import excerpt


@click.command("codes")
@click.argument("code", required=False)
def codes_command(code: str | None) -> None:
    """Tell what every finding, change and error code means, and what to do about it."""
    known = catalogue()
    if code is None:
        width = max(len(name) for name in known)
        for name, entry in known.items():
            click.echo(f"{name:<{width}}  {entry.meaning}")
        return
    if code not in known:
        near = difflib.get_close_matches(code, known, n=1)
        raise UsageError(
            f"there is no code {excerpt(code)!r}",
            hint=f"did you mean {near[0]}?" if near else "`envbuilder codes` lists them all",
        )
    entry = known[code]
    click.echo(f"{entry.code}\n  meaning: {entry.meaning}\n  cure:    {entry.cure}")
