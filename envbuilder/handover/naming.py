"""The folder that a release of MLflow looks for: a digest of what it reads of the model."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.handover.wishes import Wished, read_wishes, requirement_lines, unnamed
from envbuilder.reader.directory import Directory
from envbuilder.reader.reading import Reading

if TYPE_CHECKING:
    from envbuilder.handover.release import Release
    from envbuilder.settings import Settings

SORTED_SINCE = (2, 3)
"""From here on the requirements are sorted, and each is told from a constraint."""


def environment_name(model: Path, release: Release) -> str:
    """Return the name of the folder below MLflow's root, ``mlflow-`` and 40 hex digits.

    Private to MLflow; compared with its releases 1.26 to 3.17. Raises HandoverError, Refusal.
    """
    with Directory(model) as directory:
        wished = read_wishes(directory, release)
        lines = list(requirement_lines(wished.dependencies or (), Reading(directory)))
    text = _head(wished, release) + _body(lines, release)
    return "mlflow-" + hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def wished_python(model: Path, release: Release) -> str | None:
    """Return the Python that MLflow would build the environment with."""
    with Directory(model) as directory:
        return read_wishes(directory, release).python or release.python


def environments_root(settings: Settings) -> Path:
    """Return where MLflow keeps its environments: ``MLFLOW_ENV_ROOT``, else in the user's home."""
    named = dict(settings.mlflow_variables).get("MLFLOW_ENV_ROOT")
    return Path(named) if named else settings.user_home / ".mlflow" / "envs"


def _head(wished: Wished, release: Release) -> str:
    """Return the text that MLflow has for its ``_PythonEnv``. Before 2.0 what is absent stayed None in it."""
    if release.number < (2, 0):
        if wished.dependencies is None:
            unnamed("it names no requirements, and MLflow before 2.0 stops there")
        build = None if wished.build is None else list(wished.build)
        return _text(wished.python, build, list(wished.dependencies))
    python = wished.python or release.python
    if python is None:
        unnamed("it names no Python, and so the name depends on which Python runs MLflow")
    return _text(python, list(wished.build or ()), list(wished.dependencies or ()))


def _text(python: str | None, build: list[str] | None, dependencies: list[str]) -> str:
    return str({"python": python, "build_dependencies": build, "dependencies": dependencies})


def _body(lines: list[tuple[str, bool]], release: Release) -> str:
    if release.number < SORTED_SINCE:
        return "".join(line for line, _ in lines)
    return "".join(f"_Requirement(req_str={line!r}, is_constraint={flag})" for line, flag in sorted(lines))
