"""Becoming a command in an environment. Imports next to nothing: the shortest hit ends here."""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False  # the module ``typing`` costs more than this whole one
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

PYTHON_VARIABLES = ("PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
"""They would point the environment's Python at another one's modules."""


def activated(prefix: str | os.PathLike[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the user's environment with this prefix in front, as an activation script would leave it."""
    variables = {name: value for name, value in environ.items() if name not in PYTHON_VARIABLES}
    home = os.fspath(prefix)
    variables["PATH"] = f"{home}/bin{os.pathsep}{environ.get('PATH') or os.defpath}"
    if os.path.isdir(f"{home}/conda-meta"):  # noqa: PTH112
        # Which is what tells tools that it is one of conda's; two answers would be one too many.
        variables.pop("VIRTUAL_ENV", None)
        variables["CONDA_PREFIX"] = home
    else:
        variables["VIRTUAL_ENV"] = home
    return variables


def program_of(name: str, search_path: str) -> str | None:
    """Return the file that a shell would run for ``name``; None if there is none (POSIX, XCU 2.9.1.4)."""
    if os.sep in name:
        return name if _runs(name) else None
    folders = search_path.split(os.pathsep)
    # An empty entry of PATH means the working directory (XBD 8.3).
    return next((path for f in folders if _runs(path := os.path.join(f, name))), None) if name else None  # noqa: PTH118


def _runs(path: str) -> bool:
    try:
        return stat.S_ISREG(os.stat(path).st_mode) and os.access(path, os.X_OK)  # noqa: PTH116
    except (OSError, ValueError):
        return False


def become(program: str, command: Sequence[str], environ: Mapping[str, str], lease: int) -> NoReturn:
    """Take this process's place with a program; the lease's descriptor goes with it. Raises OSError."""
    import signal  # when all is decided: it costs milliseconds

    os.set_inheritable(lease, True)
    # Python ignores these for itself: a program in a pipe has to die of SIGPIPE.
    for name in ("SIGPIPE", "SIGXFSZ"):
        number = getattr(signal, name, None)
        if number is not None:
            signal.signal(number, signal.SIG_DFL)
    os.execve(program, list(command), dict(environ))  # noqa: S606 - the user's own command
