"""Which MLflow is to find the environment: the one that this host's ``mlflow`` command belongs to, or a named one."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.errors import ToolError
from envbuilder.handover.errors import HandoverError
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from envbuilder.settings import Settings

SECONDS = 20.0

OLDEST = (1, 26)
"""The first release with ``--env-manager virtualenv``."""

NEWEST = (3, 17)
"""The last release whose names were compared with ours."""

_VERSION = re.compile(r"(\d{1,4})\.(\d{1,4})(?:\.\d{1,4})?(?:[.-]?(?:dev|rc|post)\d*)?", re.ASCII)
_SHEBANG_BYTES = 4096
_PYTHON_PATHS = (
    re.compile(rb"\A#![ \t]*(/[^\s]*python[^\s/]*)"),
    # The first line is of a shell where the path is too long or has spaces (distlib).
    re.compile(rb"exec' '(/[^']*python[^'/]*)'"),
    re.compile(rb"exec' (/[^\s']*python[^\s'/]*)"),
)

SCRIPT = """
import json, sys
try:
    from importlib.metadata import version
except ImportError:
    import pkg_resources
    version = lambda name: pkg_resources.get_distribution(name).version
found = ""
for name in ("mlflow", "mlflow-skinny"):
    try:
        found = found or version(name)
    except Exception:
        pass
json.dump({"mlflow": found, "python": "%d.%d.%d" % sys.version_info[:3]}, sys.stdout)
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Release:
    """A release of MLflow. ``python`` is the version of the Python it runs in, None where it was only named."""

    version: str
    number: tuple[int, int]
    """Major and minor: what MLflow looks for never changed within one."""
    python: str | None = None


def named_release(text: str) -> Release:
    """Read a version. Raises HandoverError for what is none, and for releases before 1.26."""
    found = _VERSION.fullmatch(text)
    if found is None:
        raise HandoverError(
            f"{excerpt(text)!r} is no version of MLflow", hint="give it as MLflow prints it: 2.9.2"
        )
    number = (int(found[1]), int(found[2]))
    if number < OLDEST:
        raise HandoverError(
            f"MLflow {text} looks for no environment but conda's",
            code="handover/too-old",
            hint="use MLflow 1.26 or newer, or `envbuilder run MODEL -- mlflow models serve --env-manager local`",
        )
    return Release(version=text, number=number)


def hosts_release(settings: Settings) -> Release:
    """Return the MLflow of this host: of the ``mlflow`` on PATH, else beside ourselves. Raises HandoverError."""
    script = next((path for folder in settings.search_path if (path := folder / "mlflow").is_file()), None)
    asked = _ask(script, settings) if script else None
    found = asked or _beside()
    if found is None:
        raise HandoverError(
            "there is no MLflow on this host that could be asked for its version",
            code="handover/no-release",
            hint="name the one that will serve: --mlflow-version 2.9.2",
        )
    version, python = found
    release = named_release(version)
    return Release(version=release.version, number=release.number, python=python)


def _beside() -> tuple[str, str] | None:
    from importlib.metadata import PackageNotFoundError, version

    python = ".".join(map(str, sys.version_info[:3]))
    with contextlib.suppress(PackageNotFoundError):
        return version("mlflow"), python
    with contextlib.suppress(PackageNotFoundError):
        return version("mlflow-skinny"), python
    return None


def _ask(script: Path, settings: Settings) -> tuple[str, str] | None:
    """Ask the Python of a script for its MLflow, whose code does not run."""
    from envbuilder.bounds import MODEST
    from envbuilder.process import neutral_directory, run

    python = _python_of(script)
    if python is None:
        return None
    with neutral_directory() as directory:
        try:
            done = run(
                [str(python), "-E", "-s", "-c", SCRIPT], directory=directory,
                variables=dict(settings.tool_variables), seconds=SECONDS, bounds=MODEST,
            )  # fmt: skip
            answer = json.loads(done.stdout)
            version, own = str(answer["mlflow"]), str(answer["python"])
        except (ToolError, ValueError, KeyError, TypeError):
            return None
    return (version, own) if version else None


def _python_of(script: Path) -> Path | None:
    try:
        with script.open("rb") as stream:
            head = stream.read(_SHEBANG_BYTES)
    except OSError:
        return None
    named = [Path(os.fsdecode(found[1])) for pattern in _PYTHON_PATHS if (found := pattern.search(head))]
    beside = script.resolve().parent / "python"
    return next((path for path in (*named, beside) if path.is_file()), None)
