"""``envbuilder cache verify|gc|pin|unpin``: keeping the store whole, and as small as it should be."""

from __future__ import annotations

import datetime
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from envbuilder.cli.failure import CLEAN, FINDINGS, finding_lines
from envbuilder.cli.objects import write_object
from envbuilder.cli.options import output_option, policy_of, policy_option
from envbuilder.cli.sizes import size_text
from envbuilder.limits import Limits, read_age, read_size
from envbuilder.redact import visible
from envbuilder.report.objects import finding_object, time_text
from envbuilder.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.findings import Finding
    from envbuilder.store.collect import Collected, Removed
    from envbuilder.store.layout import Layout
    from envbuilder.store.pins import Pin
    from envbuilder.store.store import Store
    from envbuilder.store.verify import Verified

SHOWN = 5
"""Damaged files of one environment that are told to people; JSON has them all."""


def _store() -> Store:
    from envbuilder.store.store import Store

    return Store.open(Settings.from_environ().home)


@click.command("verify")
@click.argument("environments", metavar="[ENV]…", nargs=-1)
@click.option("--deep", is_flag=True, help="Read every byte; without it, sizes and times are compared.")
@output_option
def verify_command(*, environments: tuple[str, ...], deep: bool, output: str) -> int:
    """Look whether environments still are what was built: all, or those whose id starts with ENV.

    Finds deleted, changed, truncated and added files, a replaced interpreter, a broken manifest. A damaged
    environment is put aside: the next request builds it again, and who uses it now keeps it until
    `envbuilder cache gc`. Links for MLflow that lead to none any more are taken away. Exit code 1 if there was a
    damaged one.
    """
    from envbuilder.store.verify import verify

    layout = _store().layout
    found = list(verify(layout, deep=deep, only=environments))
    lost = _lost_links(layout)
    damaged = [item for item in found if item.verdict == "damaged"]
    if output == "json":
        write_object(
            {"deep": deep, "environments": [verified_object(item) for item in found], "links": _objects(lost)}
        )
    else:
        _tell_links(lost)
        for item in found:
            for line in verified_lines(item):
                click.echo(line)
        whole = sum(item.verdict == "whole" for item in found)
        click.echo(f"{whole} whole, {len(damaged)} damaged")
    return FINDINGS if damaged else CLEAN


def _lost_links(layout: Layout) -> tuple[Finding, ...]:
    """Take the links for MLflow away that lead to no environment any more."""
    from envbuilder.handover.sweeping import sweep

    return sweep(layout, Settings.from_environ())


def _objects(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    return [finding_object(finding) for finding in findings]


def _tell_links(findings: tuple[Finding, ...]) -> None:
    for finding in findings:
        for line in finding_lines(finding):
            click.echo(line)


def verified_lines(item: Verified) -> list[str]:
    """Return a verdict for people: a line, and one for each of the first harmed files."""
    if item.verdict == "whole":
        return []
    lines = [f"{item.env_id[:20]}  {item.verdict}  {visible(str(item.now_at or item.prefix))}"]
    lines += [f"  {damage.harm.value}: {visible(damage.path)}" for damage in item.damage[:SHOWN]]
    if len(item.damage) > SHOWN:
        lines.append(f"  and {len(item.damage) - SHOWN} more")
    if item.verdict == "damaged":
        lines.append("  put aside: the next request builds it again")
    return lines


def verified_object(item: Verified) -> dict[str, Any]:
    """Return a verdict as ``cache verify --output json`` has it."""
    return {
        "env_id": item.env_id,
        "prefix": str(item.prefix),
        "verdict": item.verdict,
        "damage": [{"code": d.harm.value, "path": d.path} for d in item.damage],
        "now_at": str(item.now_at) if item.now_at else None,
    }


@click.command("gc")
@click.option(
    "--max-size", metavar="SIZE", help="Remove until the store takes no more than this: 50GB, 800MiB."
)
@click.option("--min-free", metavar="SIZE", help="Remove until so much is free on the store's disk.")
@click.option("--max-age", metavar="AGE", help="Remove what was not used for so long: 30d, 12h.")
@click.option("--dry-run", is_flag=True, help="Only tell what would go and what it would free.")
@policy_option
@output_option
def gc_command(
    *,
    max_size: str | None,
    min_free: str | None,
    max_age: str | None,
    dry_run: bool,
    policy_path: Path | None,
    output: str,
) -> int:
    """Remove what is not needed, the least recently used first, until the limits are kept.

    Always goes: what killed builds left, damaged environments, packages that no environment uses. With a
    limit, environments too. What is in use, pinned, or was used within the last hour stays. Safe beside
    builds and running programs; nobody waits for it. Bytes that environments share count once.

    Limits that are not given come from ENVBUILDER_MAX_SIZE, ENVBUILDER_MIN_FREE and ENVBUILDER_MAX_AGE,
    then from [store] of the policy; those are checked after each build as well. Links for MLflow that lead to no
    environment any more are taken away.
    """
    from envbuilder.store.collect import collect

    given = Limits(
        max_size=read_size(max_size) if max_size else None,
        min_free=read_size(min_free) if min_free else None,
        max_age=read_age(max_age) if max_age else None,
    )
    limits = given.over(Settings.from_environ().limits).over(policy_of(policy_path).store)
    layout = _store().layout
    done = collect(layout, limits, dry_run=dry_run)
    lost = () if dry_run else _lost_links(layout)
    if output == "json":
        write_object({**collected_object(done), "links": _objects(lost)})
    else:
        _tell_links(lost)
        for line in collected_lines(done):
            click.echo(line)
    return CLEAN


def collected_lines(done: Collected) -> list[str]:
    """Return a collection for people."""
    would = "would free" if done.dry_run else "freed"
    lines = [_removed_line(item) for item in done.removed]
    lines += [f"{item.env_id[:20]}  stays: {item.why}" for item in done.spared]
    if done.packages:
        lines.append(f"{done.packages} packages without an environment  {size_text(done.packages_freed)}")
    lines.append(
        f"{would} {size_text(done.freed)}: {len(done.removed)} environments; the store has"
        f" {size_text(max(done.size - (0 if done.dry_run else done.freed), 0))}"
    )
    if done.excess:
        lines.append(
            f"still {size_text(done.excess)} over the limit: the rest is in use, pinned, recent, or no environment"
        )
    return lines


def _removed_line(item: Removed) -> str:
    used = datetime.datetime.fromtimestamp(item.used_at, datetime.timezone.utc)
    return f"{item.env_id[:20]}  {size_text(item.freed):>8}  last used {used:%Y-%m-%d %H:%M}  reason: {item.reason}"


def collected_object(done: Collected) -> dict[str, Any]:
    """Return a collection as ``cache gc --output json`` has it."""
    return {
        "dry_run": done.dry_run,
        "removed": [
            {
                "env_id": item.env_id,
                "prefix": str(item.prefix),
                "reason": item.reason,
                "used_at": time_text(datetime.datetime.fromtimestamp(item.used_at, datetime.timezone.utc)),
                "freed": item.freed,
            }
            for item in done.removed
        ],
        "spared": [{"env_id": i.env_id, "prefix": str(i.prefix), "why": i.why} for i in done.spared],
        "packages": {"count": done.packages, "freed": done.packages_freed},
        "freed": done.freed,
        "size_before": done.size,
        "over_limit": done.excess,
    }


@click.command("pin")
@click.argument("target", metavar="MODEL|ENV")
@output_option
def pin_command(*, target: str, output: str) -> None:
    """Keep the environments of MODEL, also those that it will lead to, or one environment, from every gc."""
    from envbuilder.store.pins import pin

    _tell(pin(_store().layout, target, _located(target)), "pinned", output)


@click.command("unpin")
@click.argument("target", metavar="MODEL|ENV")
@output_option
def unpin_command(*, target: str, output: str) -> None:
    """Take the pin on MODEL or ENV away."""
    from envbuilder.store.pins import unpin

    _tell(unpin(_store().layout, target, _located(target)), "unpinned", output)


def _located(target: str) -> Path:
    """Return the folder that a target would be as a model; of a URI the one that the store knows already."""
    from envbuilder.remote.locating import located

    return located(target, settings=replace(Settings.from_environ(), offline=True))


def _tell(found: Pin, did: str, output: str) -> None:
    if output == "json":
        write_object({"target": found.target, "model": found.model or None, "env_ids": list(found.env_ids)})
        return
    click.echo(f"{did} {visible(found.target)}: {', '.join(env_id[:20] for env_id in found.env_ids)}")
