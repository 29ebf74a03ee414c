"""How much memory and disk one process of a tool may take, and the signs that one wanted more."""

from __future__ import annotations

import contextlib
import re
import resource
import signal
import sys
from dataclasses import dataclass

GIB = 1 << 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Bounds:
    """What each process of a run may take, in bytes; those that it starts inherit it."""

    memory: int
    """Private memory that can be written (RLIMIT_DATA): not files that are only mapped, of which uv maps many."""
    file: int
    """The size of one file (RLIMIT_FSIZE)."""


GENEROUS = Bounds(memory=16 * GIB, file=16 * GIB)
"""For tools that fetch, build, install and import. A C++ compiler takes 1 to 4 GiB for the worst sources,
importing TensorFlow some 2; the largest wheel that we know unpacks to a file of 2 GiB."""

MODEST = Bounds(memory=2 * GIB, file=GIB // 4)
"""For a Python that is asked what it is."""

_KINDS = (
    ("memory", re.compile(
        r"MemoryError|out of memory|virtual memory exhausted|memory allocation of \d+ bytes failed|bad_alloc"
        r"|Cannot allocate memory|os error 12\b")),
    ("file", re.compile(r"File too large|os error 27\b|SIGXFSZ|[Ff]ile size limit exceeded")),
)  # fmt: skip


def bind(pid: int, bounds: Bounds) -> None:
    """Set the limits of a process that was just started; never above those of this process. No core is written.

    From outside, since code between fork and exec is not safe where there are threads, and another program
    between us and the tool would cost its start. The tool runs for a moment without: it is one that we chose,
    still loading itself. Only Linux can do this; elsewhere there are no limits.
    """
    if sys.platform != "linux":
        return
    wanted = {
        resource.RLIMIT_DATA: bounds.memory, resource.RLIMIT_FSIZE: bounds.file, resource.RLIMIT_CORE: 0,
    }  # fmt: skip
    for kind, value in wanted.items():
        # It may have ended already; a sandbox around us may forbid it.
        with contextlib.suppress(OSError):
            soft, hard = resource.prlimit(pid, kind)
            held = [value, *(limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY)]
            resource.prlimit(pid, kind, (min(held), min(held)))


def exceeded(text: str, returncode: int = 0) -> str:
    """Return what a tool wanted too much of (``memory``, ``file``) by its words and its end; else an empty text."""
    if returncode == -signal.SIGXFSZ:
        return "file"
    return next((kind for kind, signs in _KINDS if signs.search(text)), "")


def told(kind: str) -> str:
    """Return the words for an error: what there was too much of."""
    if kind == "file":
        return f"a file grew beyond {GENEROUS.file // GIB} GiB or the host's own limit"
    return f"a process wanted more than {GENEROUS.memory // GIB} GiB of memory, or than the host has"
