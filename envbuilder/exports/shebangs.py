"""First lines of scripts: which Python they name, and one that names the Python beside them."""

from __future__ import annotations

import re
from typing import Final

_DIRECT: Final = re.compile(rb"#![^\n]*?/bin/python[\d.]*( [^\n]*)?\r?\n")
_THROUGH_SHELL: Final = re.compile(rb"#!/bin/sh\r?\n'''exec' [^\n]*python[^\n]*\r?\n' '''\r?\n")
"""How uv, pip and distlib start an interpreter whose path is long, has blanks, or is relative to the script."""

BESIDE: Final = b"""#!/bin/sh
'''exec' "$(dirname -- "$(realpath -- "$0")")"/'python' "$0" "$@"
' '''
"""
"""The same lines that ``uv venv --relocatable`` gives scripts."""


def portable_script(content: bytes) -> bytes:
    """Return a script as a wheel has it: ``#!python``, for the installer to fill in. Others stay as they are."""
    body = _body(content)
    return content if body is None else b"#!python\n" + body


def relocated_script(content: bytes) -> bytes:
    """Return a script that starts the Python in its own folder. Others stay as they are."""
    body = _body(content)
    return content if body is None else BESIDE + body


def _body(content: bytes) -> bytes | None:
    """Return what follows the first line (or lines) of a Python script; None for anything else."""
    for first in (_THROUGH_SHELL, _DIRECT):
        found = first.match(content)
        if found:
            return content[found.end() :]
    return None
