"""Tools that outlived the process that started them.

A process that is killed cannot end its tools: they go on writing into a folder that somebody else is about
to use. Each tool has the folder that it works in as TMPDIR, and hands that on to its own children, so they
can be found by it; whoever holds that folder's lock ends them.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

PROC = Path("/proc")
_ROUNDS, _PAUSE = 100, 0.02
"""Two seconds for the kernel to end them; a process in an uninterruptible wait may take longer."""


def end_orphans(folder: Path) -> int:
    """End every process that works below ``folder``, and return how many there were.

    Only for a folder whose lock the caller holds. Finds nothing where the system has no proc(5), and no
    processes of other users or of other process namespaces.
    """
    ended: set[int] = set()
    for _ in range(_ROUNDS):
        found = set(_working_below(folder))
        if not found:
            break
        ended |= found
        time.sleep(_PAUSE)
    return len(ended)


def _working_below(folder: Path) -> list[int]:
    """Kill those that work there, and return their ids: a killed one may have children that live."""
    wanted = b"TMPDIR=" + os.fsencode(folder)
    return [
        int(entry)
        for entry in _names(PROC)
        if entry.isdigit() and int(entry) != os.getpid() and _kill_if(int(entry), wanted)
    ]


def _names(folder: Path) -> list[str]:
    with contextlib.suppress(OSError):
        return os.listdir(folder)  # noqa: PTH208 - names are all that is wanted
    return []


def _kill_if(pid: int, wanted: bytes) -> bool:
    """Kill a process if it works there; held by a descriptor, so that its number cannot become another's."""
    with contextlib.suppress(OSError):
        descriptor = os.pidfd_open(pid)
        try:
            if _matches((PROC / str(pid) / "environ").read_bytes(), wanted):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                return True
        finally:
            os.close(descriptor)
    return False


def _matches(environ: bytes, wanted: bytes) -> bool:
    return any(
        variable.startswith(wanted) and variable[len(wanted) : len(wanted) + 1] in (b"", b"/")
        for variable in environ.split(b"\0")
    )
