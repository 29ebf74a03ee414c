"""The command group: which commands there are (each imported only when it is used), and how a run ends."""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import io
import itertools
import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn, TextIO

import click

from envbuilder.cli.failure import IMPOSSIBLE, INTERRUPTED, report_failure
from envbuilder.cli.terminal import say
from envbuilder.errors import EnvbuilderError, UsageError
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import FrameType

COMMANDS = {
    "audit": ("envbuilder.cli.audit", "Report what is wrong with models, or whole registries of them."),
    "licenses": (
        "envbuilder.cli.licenses",
        "Judge the licences of everything that models lock, without installing.",
    ),
    "build": ("envbuilder.cli.build", "Make the environment of a model, or find it in the store."),
    "run": ("envbuilder.cli.run", "Run a command in the environment of a model."),
    "predict": (
        "envbuilder.cli.predict",
        "Predict in the environment of a model: the check before deployment.",
    ),
    "check": ("envbuilder.cli.check", "Compare a Python with what a model needs."),
    "lock": ("envbuilder.cli.lock", "Resolve a model to exact artifacts with hashes."),
    "rewrite": ("envbuilder.cli.rewrite", "Show the rewritten environment files of a model as a diff."),
    "fix": ("envbuilder.cli.fix", "Mend registered models, and register new versions of them."),
    "diff": ("envbuilder.cli.diff", "Tell what changes between the environments of two models."),
    "explain": ("envbuilder.cli.explain", "Tell where every requirement comes from and what was changed."),
    "export": ("envbuilder.cli.export", "Write the environment of a model as a file that runs elsewhere."),
    "cache": ("envbuilder.cli.cache", "The store: what it holds and where it is."),
    "init": ("envbuilder.cli.init", "Write a commented policy file."),
    "codes": ("envbuilder.cli.codes", "Every finding code with its meaning and its cure."),
}
"""Name: the module that has it under that name, and its line in the overview (which imports none of them)."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
"""What a stream says that takes nothing more."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return list(COMMANDS)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, as click does, and for a wrong name the one that was meant."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            raise UsageError(
                f"there is no command {excerpt(args[0])!r}",
                hint=f"did you mean {near[0]}?" if near else "`envbuilder --help` lists them",
            )
        return super().resolve_command(ctx, args)

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
        return _run(arguments)
    except OSError as error:
        # Of our own streams: an error of a file has its name.
        if error.errno not in _NO_ROOM or error.filename is not None:
            raise
        _give_up_on(sys.stdout)
        with contextlib.suppress(OSError):
            report_failure(_unwritten(error), machine=False)
        _give_up_on(sys.stderr)
        return IMPOSSIBLE


def _run(arguments: Sequence[str]) -> int:
    try:
        if isinstance(sys.stdout, io.TextIOWrapper):
            # A terminal that cannot show a character gets its number, as stderr has it; not a traceback.
            sys.stdout.reconfigure(errors="backslashreplace")
        with _ending_on_signals():
            code = commands.main(
                args=list(arguments), prog_name="envbuilder", standalone_mode=False, obj=tuple(arguments)
            )
            sys.stdout.flush()
    except click.ClickException as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()
            return IMPOSSIBLE
        return report_failure(_usage(error), machine=_machine(arguments))
    except EnvbuilderError as error:
        return report_failure(error, machine=_machine(arguments))
    except (click.Abort, KeyboardInterrupt):
        say("interrupted; the store is as it was")
        return INTERRUPTED
    except _Ended as ended:
        say(f"ended by {ended.signal.name}; the store is as it was")
        return 128 + ended.signal
    except (BrokenPipeError, SystemExit):
        # The reader of our output has gone. That is when click exits, with 1, which means findings; Python
        # would complain again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return IMPOSSIBLE
    return code if isinstance(code, int) else 0


def _give_up_on(stream: TextIO) -> None:
    """Let what a stream still holds go nowhere, if it takes nothing more: Python would complain at exit."""
    try:
        stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _unwritten(error: OSError) -> UsageError:
    return UsageError(
        f"the output cannot be written: {(error.strerror or str(error)).lower()}",
        code="usage/output",
        hint="make room where it goes, or send it elsewhere",
    )


class _Ended(BaseException):
    """A signal that asks us to end: raised, so that tools are ended and nothing is left half-done."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.signal = signal.Signals(number)


@contextlib.contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an exception; where they are ignored (nohup) they stay so."""

    def end(number: int, _: FrameType | None) -> NoReturn:
        raise _Ended(number)

    ours = [s for s in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(s) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _usage(error: click.ClickException) -> UsageError:
    """Return an error of click's in our form: lower case, one line, with a cure."""
    possible = getattr(error, "possibilities", None)
    message = " ".join((error.message if possible else error.format_message()).split()).rstrip(".")
    context = getattr(error, "ctx", None)
    place = context.command_path if context else "envbuilder"
    hint = f"did you mean {' or '.join(sorted(possible))}?" if possible else f"see `{place} --help`"
    return UsageError(message[:1].lower() + message[1:], hint=hint)


def _machine(arguments: Sequence[str]) -> bool:
    own = list(arguments)[: list(arguments).index("--")] if "--" in arguments else list(arguments)
    return "--output=json" in own or ("--output", "json") in itertools.pairwise(own)
