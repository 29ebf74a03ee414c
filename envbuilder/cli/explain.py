"""``envbuilder explain MODEL``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from envbuilder.cli.changes import change_line, fidelity_line
from envbuilder.cli.failure import error_lines, finding_lines
from envbuilder.cli.objects import change_object, write_object
from envbuilder.cli.options import asked, model_argument, output_option, resolving
from envbuilder.redact import visible
from envbuilder.report.objects import finding_object, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.use.explaining import Explanation, Key, Wish


@click.command("explain")
@model_argument
@resolving
@output_option
def explain_command(*, model: str, output: str, **shared: Any) -> None:
    """Tell where every requirement of MODEL comes from, what was changed and why, what the keys are made of."""
    from envbuilder.use.explaining import explain

    told = asked(**shared).answer(explain, model)
    if output == "json":
        write_object(explanation_object(model, told))
        return
    for line in explanation_lines(model, told):
        click.echo(line)


def explanation_lines(model: str, told: Explanation) -> Iterator[str]:
    """Yield the report for people, a line each."""
    yield visible(model)
    yield "\nwhat its files ask for"
    width = max((len(visible(wish.text)) for wish in told.wishes), default=0)
    yield from (_wish_line(wish, width) for wish in told.wishes)
    yield "\nwhat was changed"
    yield from ([f"  {change_line(change)}" for change in told.changes] or ["  nothing"])
    yield f"  {fidelity_line(told.changes)}"
    yield "\nengine"
    yield f"  {engine_words(told)}: {visible(told.choice.reason)}"
    yield "\nwhat is odd in the files"
    yield from ([f"  {line}" for f in told.findings for line in finding_lines(f)] or ["  nothing"])
    if told.stopped_by:
        yield "\nwhy there is no lock"
        yield from (f"  {line}" for line in error_lines(told.stopped_by))
    yield "\nkeys"
    for key in told.keys:
        yield from _key_lines(key)
    if told.environment:
        yield f"\nenvironment\n  {told.environment.prefix}"
        yield "\nwhat its packages do unasked"
        yield from ([f"  {line}" for f in told.remarks for line in finding_lines(f)] or ["  nothing"])


def engine_words(told: Explanation) -> str:
    """Return what kind of environment a model gets."""
    return "conda environment" if told.choice.engine == "conda" else "virtual environment"


def _wish_line(wish: Wish, width: int) -> str:
    place = visible(str(wish.origin)) if wish.origin else "implied"
    overruled = "" if wish.decides else "  (another file decides)"
    return f"  {wish.kind:<11} {visible(wish.text):<{width}}  {place}{overruled}"


def _key_lines(key: Key) -> Iterator[str]:
    yield f"  {key.name} {key.value}"
    yield from (f"    {name}: {visible(value)}" for name, value in key.made_of)


def explanation_object(model: str, told: Explanation) -> dict[str, Any]:
    """Return what ``explain --output json`` writes, without its schema number."""
    return {
        "model": model,
        "wishes": [
            {"kind": wish.kind, "text": wish.text, **place_of(wish.origin), "decides": wish.decides}
            for wish in told.wishes
        ],
        "engine": {
            "kind": engine_words(told),
            "reason": told.choice.reason,
            "packages": list(told.choice.names),
        },
        "fidelity": told.fidelity.value,
        "changes": [change_object(change) for change in told.changes],
        "findings": [finding_object(finding) for finding in told.findings],
        "packages": [
            {
                "name": package.name,
                "version": package.version,
                "filename": package.filename,
                "asked_at": [place_of(origin) for origin in package.asked_at],
            }
            for package in told.packages
        ],
        "keys": {key.name: {"value": key.value, "made_of": dict(key.made_of)} for key in told.keys},
        "prefix": str(told.environment.prefix) if told.environment else None,
        "environment_findings": [finding_object(finding) for finding in told.remarks],
        "stopped_by": told.stopped_by.code if told.stopped_by else None,
    }
