"""The command group: which commands there are (each imported only when it is used), and how a run ends."""

from __future__ import annotations

import importlib
import itertools
import os
import sys
from typing import TYPE_CHECKING

import click

from envbuilder.cli.failure import IMPOSSIBLE, INTERRUPTED, report_failure
from envbuilder.cli.terminal import say
from envbuilder.errors import EnvbuilderError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = {
    "build": ("envbuilder.cli.build", "Make the environment of a model, or find it in the store."),
    "run": ("envbuilder.cli.run", "Run a command in the environment of a model."),
    "lock": ("envbuilder.cli.lock", "Resolve a model to exact artifacts with hashes."),
    "rewrite": ("envbuilder.cli.rewrite", "Show the rewritten environment files of a model as a diff."),
    "explain": ("envbuilder.cli.explain", "Tell where every requirement comes from and what was changed."),
    "cache": ("envbuilder.cli.cache", "The store: what it holds and where it is."),
    "init": ("envbuilder.cli.init", "Write a commented policy file."),
    "codes": ("envbuilder.cli.codes", "Every finding code with its meaning and its cure."),
}
"""Name: the module that has it under that name, and its line in the overview (which imports none of them)."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), f"{cmd_name}_command")
        assert isinstance(command, click.Command)  # noqa: S101
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 findings, 2 it could not be done, 130 interrupted.",
)
@click.version_option(package_name="envbuilder", message="%(prog)s %(version)s")
def commands() -> None:
    """Bring a logged MLflow model's environment back: the Python and the packages of its day."""


def run_command_line(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code. Nothing but a programming error escapes as a traceback."""
    try:
        code = commands.main(args=list(arguments), prog_name="envbuilder", standalone_mode=False)
        sys.stdout.flush()
    except click.ClickException as error:
        error.show()
        return IMPOSSIBLE
    except EnvbuilderError as error:
        return report_failure(error, machine=_machine(arguments))
    except (click.Abort, KeyboardInterrupt):
        say("interrupted; the store is as it was")
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output has gone; python would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return IMPOSSIBLE
    return code if isinstance(code, int) else 0


def _machine(arguments: Sequence[str]) -> bool:
    own = list(arguments)[: list(arguments).index("--")] if "--" in arguments else list(arguments)
    return "--output=json" in own or ("--output", "json") in itertools.pairwise(own)
