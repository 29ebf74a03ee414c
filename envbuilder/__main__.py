"""``envbuilder`` and ``python -m envbuilder``."""

from __future__ import annotations

import os
import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    _have_streams()
    from envbuilder.use.ticket import answer

    code = answer(sys.argv[1:])
    if code is None:
        from envbuilder.cli.main import run_command_line  # what a command needs is imported by it

        code = run_command_line(sys.argv[1:])
    sys.exit(code)


def _have_streams() -> None:
    """Open a standard stream that was closed (``2>&-``) on nothing: else the next file would take its number.

    What a tool or a user's command says would then be written into that file, a lock of the store perhaps.
    """
    for number, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            if descriptor != number:
                os.dup2(descriptor, number)
                os.close(descriptor)
            os.set_inheritable(number, True)
            setattr(sys, name, open(number, mode, closefd=False))  # noqa: SIM115 - for the whole process


if __name__ == "__main__":
    main()
