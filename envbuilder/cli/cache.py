"""``envbuilder cache list|info|dir``; the others of the group are in cachecare.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from envbuilder.cli.cachecare import gc_command, pin_command, unpin_command, verify_command
from envbuilder.cli.objects import write_object
from envbuilder.cli.options import output_option
from envbuilder.cli.sizes import size_text
from envbuilder.redact import visible
from envbuilder.report.objects import time_text
from envbuilder.settings import Settings

if TYPE_CHECKING:
    from envbuilder.store.listing import Listed


@click.group("cache")
def cache_command() -> None:
    """The store: what it holds, where it is, whether it is whole, and what may go."""


for _command in (verify_command, gc_command, pin_command, unpin_command):
    cache_command.add_command(_command)


@cache_command.command("dir")
def dir_command() -> None:
    """Print the store's folder."""
    click.echo(str(Settings.from_environ().home))


@cache_command.command("list")
@output_option
def list_command(*, output: str) -> None:
    """List the environments, the last used first."""
    listed = _listed()
    if output == "json":
        write_object({"environments": [listed_object(item) for item in listed]})
        return
    for item in listed:
        click.echo(listed_line(item))


@cache_command.command("info")
@output_option
def info_command(*, output: str) -> None:
    """Tell how much the store holds."""
    listed = _listed()
    home = str(Settings.from_environ().home)
    total, used = sum(item.size for item in listed), sum(item.in_use for item in listed)
    if output == "json":
        write_object({"home": home, "environments": len(listed), "in_use": used, "size": total})
        return
    click.echo(f"{visible(home)}\n{len(listed)} environments, {used} in use, {size_text(total)}")


def _listed() -> tuple[Listed, ...]:
    from envbuilder.store.listing import list_environments
    from envbuilder.store.store import Store

    return list_environments(Store.open(Settings.from_environ().home).layout)


def listed_line(item: Listed) -> str:
    """Return an environment on one line for people."""
    used = f"{item.used_at:%Y-%m-%d %H:%M}"
    state = "in use" if item.in_use else "pinned" if item.pinned else ""
    models = ", ".join(visible(model) for model in item.models)
    return (
        f"{item.env_id[:20]}  Python {item.python_version:<7}  {item.packages:>4} packages"
        f"  {size_text(item.size):>8}  {used}  {state:<6}  {models}"
    ).rstrip()


def listed_object(item: Listed) -> dict[str, Any]:
    """Return an environment as ``cache list --output json`` has it."""
    return {
        "env_id": item.env_id,
        "prefix": str(item.prefix),
        "python_version": item.python_version,
        "packages": item.packages,
        "size": item.size,
        "built_at": time_text(item.built_at),
        "used_at": time_text(item.used_at),
        "in_use": item.in_use,
        "pinned": item.pinned,
        "models": list(item.models),
    }
