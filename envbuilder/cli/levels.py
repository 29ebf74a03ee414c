"""The options that set the levels of findings for one run: ``-A``, ``-W`` and ``-D CODE``."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeVar

import click

from envbuilder.errors import UsageError
from envbuilder.findings import Level
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from envbuilder.policy import Policy

Command = TypeVar("Command", bound="Callable[..., Any]")
Asked: TypeAlias = "Level | Literal['allow']"
Levels: TypeAlias = "tuple[tuple[str, Asked], ...]"

_OPTIONS = (
    click.option("-A", "--allow", multiple=True, metavar="CODE", help="Leave findings of this code out."),
    click.option("-W", "--warn", multiple=True, metavar="CODE", help="Report findings of this code as warnings."),
    click.option("-D", "--deny", multiple=True, metavar="CODE",
                 help="Report findings of this code as errors. Each of -A, -W and -D may be repeated and goes before the policy's [levels]."),
)  # fmt: skip


def level_options(command: Command) -> Command:
    """Add the options; the command receives what they say as ``levels``."""

    @functools.wraps(command)
    def called(*, allow: tuple[str, ...], warn: tuple[str, ...], deny: tuple[str, ...], **more: Any) -> Any:
        return command(levels=read_levels(allow=allow, warn=warn, deny=deny), **more)

    for option in reversed(_OPTIONS):
        called = option(called)
    return called  # type: ignore[return-value]


def read_levels(*, allow: tuple[str, ...], warn: tuple[str, ...], deny: tuple[str, ...]) -> Levels:
    """Return the level of each code. Raises UsageError for a code that does not exist, or that has two levels."""
    asked: list[tuple[str, Asked]] = [
        *((code, "allow") for code in allow),
        *((code, Level.WARNING) for code in warn),
        *((code, Level.ERROR) for code in deny),
    ]
    levels: dict[str, Asked] = {}
    for code, level in asked:
        _check(code)
        if levels.setdefault(code, level) != level:
            raise UsageError(f"{code} is given two levels", hint="keep one of -A, -W and -D for it")
    return tuple(sorted(levels.items(), key=lambda pair: pair[0]))


def _check(code: str) -> None:
    from envbuilder.codes import catalogue  # reads a file

    if code not in catalogue():
        near = difflib.get_close_matches(code, catalogue(), n=1)
        raise UsageError(
            f"there is no code {excerpt(code)!r}",
            hint=f"did you mean {near[0]}?" if near else "`envbuilder codes` lists them",
        )


def with_levels(policy: Policy, levels: Levels) -> Policy:
    """Return the policy with levels that go before its own."""
    return replace(policy, asked_levels=levels) if levels else policy
