"""``envbuilder`` and ``python -m envbuilder``."""

from __future__ import annotations

import signal
import sys
from typing import NoReturn


def main() -> None:
    """Run the command line and end the process with its exit code."""
    from envbuilder.cli.main import run_command_line  # what a command needs is imported by it

    signal.signal(signal.SIGTERM, _end)
    sys.exit(run_command_line(sys.argv[1:]))


def _end(number: int, _: object) -> NoReturn:
    """End as on an interrupt: tools die with us, what is unfinished goes. A command that we become has its own way."""
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
