"""The Python that runs pip-compile: one of the target's own minor version, with pip-tools in it."""

from __future__ import annotations

import os
import shutil
import sys
from importlib import util
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.errors import ToolError, UsageError
from envbuilder.process import neutral_directory, run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from envbuilder.environment import Interpreter

DATED = (3, 10)
"""The oldest Python for which a pip with ``--uploaded-prior-to`` exists (pip 26)."""

SEEDED = (3, 9)
"""The oldest Python that today's virtualenv puts a pip into."""


def compiler(
    interpreter: Interpreter, *, folder: Path, variables: Mapping[str, str], index: Sequence[str]
) -> Path:
    """Return a Python of the interpreter's minor version that has pip-tools; made once and kept.

    pip-compile resolves for the Python that runs it. Raises ToolError if the tools cannot be installed.
    """
    minor = interpreter.release[:2]
    if minor == sys.version_info[:2] and _has_tools():
        return Path(sys.executable)
    place = folder / f"{minor[0]}.{minor[1]}-{interpreter.binary_digest[:12]}"
    if not (place / "ready").exists():
        _make(interpreter, place, variables, index)
    return place / "bin" / "python"


def host_python() -> Path:
    """Return this Python if pip can be run with it. Raises ToolError if not."""
    if not _has_tools():
        raise ToolError(
            "pip and pip-tools are not installed beside envbuilder", hint='install "envbuilder[pip]"'
        )
    return Path(sys.executable)


def refuse_undatable(minor: tuple[int, int]) -> None:
    """Raise UsageError for a Python whose newest pip knows no cut-off."""
    if minor < DATED:
        raise UsageError(
            f"pip cannot resolve as of a day for python {minor[0]}.{minor[1]}: its newest pip has no such option",
            code="engine/pip-undated",
            hint="use --engine uv, or --as-of now for today's releases",
        )


def _has_tools() -> bool:
    return all(util.find_spec(name) for name in ("pip", "piptools"))


def _make(interpreter: Interpreter, place: Path, variables: Mapping[str, str], index: Sequence[str]) -> None:
    """Make the environment in its final place; a marker tells that it is whole.

    Two processes that do so at once use places of their own until one of them is renamed.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    stage = place.with_name(f"{place.name}.{os.getpid()}")
    module = ["virtualenv", "--no-periodic-update", "--python", str(interpreter.path)]
    command = [str(Path(sys.executable)), "-I", "-m", *module, str(stage)]
    if interpreter.release[:2] < SEEDED:
        command = [str(interpreter.path), "-I", "-m", "venv", str(stage)]
    tools = ["pip-tools", *(["pip>=26"] if interpreter.release[:2] >= DATED else [])]
    pip = [str(stage / "bin" / "python"), "-I", "-m", "pip", "--isolated", "--no-input"]
    try:
        with neutral_directory() as directory:
            for argv in (command, [*pip, "install", "--upgrade", *index, "--", *tools]):
                done = run(argv, directory=directory, variables=variables)
                if not done.ok:
                    raise ToolError(
                        f"pip-tools cannot be installed for python {interpreter.version}",
                        detail=done.tail(), hint="use --engine uv",
                    )  # fmt: skip
        (stage / "ready").touch()
        if not (place / "ready").exists():
            shutil.rmtree(place, ignore_errors=True)
            stage.rename(place)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
