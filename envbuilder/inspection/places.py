"""Which Python is inspected, and the folders that its packages are in."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from envbuilder.errors import InterpreterError, ToolError
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

SECONDS = 20.0
"""A healthy interpreter answers in 0.02 s; one on a cold network disk may need seconds."""

PTH_BYTES = 64 * 1024
"""Of a path configuration file; longer ones are programs."""

SCRIPT = """
import json, site, sys
json.dump({
    "version": "%d.%d.%d" % sys.version_info[:3],
    "implementation": sys.implementation.name,
    "folders": site.getsitepackages(),
}, sys.stdout)
"""
"""Asked with -S: the module ``site`` is read, but what it would set up is not, so no file of a package runs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Python:
    """A Python as it is compared with a lock. ``folders`` are in the order of its ``sys.path``."""

    executable: str
    version: str
    implementation: str
    folders: tuple[str, ...]
    running: bool = False


def running_python() -> Python:
    """Return the Python that runs this very process."""
    return Python(
        executable=sys.executable or "python",
        version=".".join(map(str, sys.version_info[:3])),
        implementation=sys.implementation.name,
        # An empty entry is the working directory.
        folders=tuple(dict.fromkeys(path or os.curdir for path in sys.path)),
        running=True,
    )


def python_at(path: Path, *, user_home: Path) -> Python:
    """Return the Python at the path of an executable or of a prefix. Raises InterpreterError.

    It is started once, without its site folders; ``user_home`` is where packages of the user's own may be.
    """
    executable = _executable(path)
    answer = _ask(executable)
    version, implementation = str(answer["version"]), str(answer["implementation"])
    own = [str(folder) for folder in answer["folders"]]
    minor = ".".join(version.split(".")[:2])
    name = f"pypy{minor}" if implementation == "pypy" else f"python{minor}"
    users = str(user_home / ".local" / "lib" / name / "site-packages")
    prefix = executable.parent.parent
    settings = _virtual(prefix)
    if settings is None:
        folders = [users, *own]
    else:
        folders = [str(prefix / lib / name / "site-packages") for lib in ("lib", "lib64")]
        folders += [users, *own] if settings.get("include-system-site-packages") == "true" else []
    return Python(
        executable=str(executable),
        version=version,
        implementation=implementation,
        folders=tuple(dict.fromkeys(_extended(folders))),
    )


def _executable(path: Path) -> Path:
    if path.is_dir():
        found = next((file for name in ("python", "python3") if (file := path / "bin" / name).exists()), None)
        if found is None:
            raise InterpreterError(
                f"there is no Python below {excerpt(str(path))}",
                hint="give an interpreter, or the folder whose bin has one",
            )
        return found.absolute()
    return path.absolute()


def _ask(executable: Path) -> dict[str, Any]:
    from envbuilder.bounds import MODEST
    from envbuilder.process import neutral_directory, run

    with neutral_directory() as directory:
        try:
            argv = [str(executable), "-I", "-S", "-c", SCRIPT]
            done = run(argv, directory=directory, variables={}, seconds=SECONDS, bounds=MODEST)
        except ToolError as error:
            raise _silent(executable, error.message) from None
    try:
        answer: dict[str, Any] = json.loads(done.stdout) if done.ok else {}
        if isinstance(answer["folders"], list) and answer.keys() >= {"version", "implementation"}:
            return answer
    except (ValueError, KeyError, TypeError):
        pass
    raise _silent(executable, done.tail(1) or "it does not answer like one")


def _silent(executable: Path, why: str) -> InterpreterError:
    return InterpreterError(
        f"{excerpt(str(executable))} is no Python that can be asked: {excerpt(why)}",
        hint="give the path of a Python 3, or the folder that it is installed in",
    )


def _virtual(prefix: Path) -> dict[str, str] | None:
    """Return the settings of a virtual environment (PEP 405); None if it is none."""
    try:
        text = (prefix / "pyvenv.cfg").read_text("utf-8", "replace")
    except OSError:
        return None
    pairs = (line.partition("=") for line in text.splitlines())
    return {key.strip().lower(): value.strip().lower() for key, _, value in pairs}


def _extended(folders: list[str]) -> Iterator[str]:
    """Yield site folders, each with those that its ``.pth`` files add; the code in such files never runs."""
    for folder in folders:
        yield folder
        try:
            names = sorted(name for name in os.listdir(folder) if name.endswith(".pth"))  # noqa: PTH208
        except OSError:
            continue
        for name in names:
            yield from _named(folder, name)


def _named(folder: str, name: str) -> Iterator[str]:
    try:
        with open(os.path.join(folder, name), "rb") as stream:  # noqa: PTH118, PTH123
            lines = stream.read(PTH_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        if line and not line.startswith(("#", "import ", "import\t")):
            path = os.path.join(folder, line.rstrip())  # noqa: PTH118
            if "\0" not in path and os.path.isdir(path):  # noqa: PTH112
                yield path
