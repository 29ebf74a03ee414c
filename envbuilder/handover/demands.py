"""What a release of MLflow wants before it looks for a ready environment, and what never looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.findings import Finding, Level
from envbuilder.handover.release import NEWEST, Release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.settings import Settings

UV_SINCE = (2, 20)
"""``--env-manager uv``; it wants nothing of the host when the environment is there."""

LOOKS_FIRST_SINCE = (2, 18)
"""Before that, pyenv installs the Python before the environment is looked for."""

NO_VIRTUALENV_SINCE = (3, 10)
"""Before that, the command ``virtualenv`` must be there though nothing is made with it."""

PREDICT_APART_SINCE = (2, 17)
"""From here on ``mlflow models predict`` makes an environment of its own each time."""


def demands(release: Release, python: str | None, settings: Settings) -> Iterator[Finding]:
    """Yield what is missing here for ``--env-manager virtualenv``; ``python`` is the version MLflow would build."""
    instead = ", or use --env-manager uv" if release.number >= UV_SINCE else ""
    if not _there("pyenv", settings):
        message = f"MLflow {release.version} stops without pyenv before it looks for the environment"
        yield _warning("handover/needs-pyenv", message, f"put pyenv on PATH{instead}")
    elif python and release.number < LOOKS_FIRST_SINCE and not _has_python(python, settings):
        message = (
            f"MLflow {release.version} lets pyenv build Python {python} before it looks for the environment"
        )
        yield _warning("handover/needs-python", message, f"`pyenv install {python}` once")
    if release.number < NO_VIRTUALENV_SINCE and not _there("virtualenv", settings):
        message = f"MLflow {release.version} stops without virtualenv before it looks for the environment"
        yield _warning("handover/needs-virtualenv", message, f"install virtualenv beside MLflow{instead}")
    if release.number > NEWEST:
        message = (
            f"MLflow {release.version} is newer than {NEWEST[0]}.{NEWEST[1]}, the last that was compared"
        )
        hint = "look whether `mlflow models prepare-env` says that the environment already exists"
        yield _warning("handover/unknown-release", message, hint)


def not_honoured(release: Release) -> Finding:
    """Return what makes an environment of its own all the same."""
    parts = ["spark_udf outside of Databricks", "--install-mlflow", "--env-manager conda"]
    if release.number >= PREDICT_APART_SINCE:
        parts.insert(0, "mlflow models predict")
    return Finding(
        code="handover/not-honoured",
        level=Level.NOTE,
        message=f"MLflow {release.version} makes an environment of its own for {', '.join(parts)}",
        hint="there use `envbuilder predict`, `envbuilder run` or envbuilder.load_model",
        subject="mlflow",
    )


def _there(name: str, settings: Settings) -> bool:
    return any((folder / name).is_file() for folder in settings.search_path)


def _has_python(version: str, settings: Settings) -> bool:
    root = settings.pyenv_root
    return root is not None and (root / "versions" / version / "bin" / "python").exists()


def _warning(code: str, message: str, hint: str) -> Finding:
    return Finding(code=code, level=Level.WARNING, message=message, hint=hint, subject=code)
