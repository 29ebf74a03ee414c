"""Whether a process may be taken the place of: not where it is interactive, embedded, or somebody's worker."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envbuilder.inspection.program import Program


def reason_to_stay(program: Program) -> str:
    """Return why this process cannot begin again from its command line; empty if it can."""
    if not sys.executable or not sys.orig_argv:
        return "Python is embedded in another program"
    if "ipykernel" in sys.modules:
        return "it is the kernel of a notebook"
    if hasattr(sys, "ps1") or sys.flags.interactive or sys.flags.inspect or "i" in program.flags:
        return "it is interactive"
    if program.kind == "stdin":
        return "its code came through stdin, which cannot be read again"
    if _is_worker():
        return "it is a worker of another process"
    if program.kind == "script" and not _is_main(program.target):
        return f"{program.target!r} is not there from this working directory"
    return ""


def _is_worker() -> bool:
    """Whether multiprocessing made this process, or a fork of the same program."""
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        return True
    try:
        own, parents = (Path(f"/proc/{pid}/cmdline").read_bytes() for pid in ("self", os.getppid()))
    except OSError:
        return False
    return own == parents


def _is_main(script: str) -> bool:
    """Whether a path still leads to the running script: the program may have changed its folder."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    if main is None or not os.path.isfile(script):  # noqa: PTH113 - folders and archives with a __main__.py
        return os.path.exists(script)  # noqa: PTH110
    try:
        return os.path.samefile(main, script)  # noqa: PTH121
    except OSError:
        return False
