"""``envbuilder`` and ``python -m envbuilder``."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from envbuilder.use.ticket import answer

    code = answer(sys.argv[1:])
    if code is None:
        from envbuilder.cli.main import run_command_line  # what a command needs is imported by it

        code = run_command_line(sys.argv[1:])
    sys.exit(code)


if __name__ == "__main__":
    main()
