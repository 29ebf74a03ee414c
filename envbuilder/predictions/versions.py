"""Where the environment has another version than the one that the model was made with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.findings import Finding, Fix, Level
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.predictions.evidence import Evidence, Made


def disagreements(evidence: Evidence, *, level: Level) -> Iterator[Finding]:
    """Yield what disagrees between MLmodel and the environment: libraries, then the Python."""
    for made in evidence.made_with:
        there = evidence.versions.get(made.name)
        if there is not None and _disagree(made, there):
            yield _mismatch(made, there, evidence, level)
    wanted, found = _minor(evidence.made_by_python), _minor(evidence.python_version)
    if wanted and wanted != found:
        yield python_mismatch(evidence, level)


def _disagree(made: Made, there: str) -> bool:
    """Whether a version is another release (PEP 440), whatever its local label. A newer MLflow reads older models."""
    from packaging.version import InvalidVersion, Version

    try:
        one, other = Version(there), Version(made.version)
    except InvalidVersion:
        return there != made.version
    return (
        one.release[:2] < other.release[:2] if made.name.startswith("mlflow") else one.public != other.public
    )


def _minor(version: str) -> tuple[str, ...]:
    return tuple(version.split(".")[:2])


def _mismatch(made: Made, there: str, evidence: Evidence, level: Level) -> Finding:
    version = excerpt(made.version)
    asked = evidence.asks_for(made.name)
    return Finding(
        code="predict/version-mismatch",
        level=level,
        message=f"the model was made with {made.name} {version} ({made.origin}), its environment has {there}",
        origin=evidence.origin_of(made.name),
        hint=f"{'pin' if asked else 'add'} {made.name}=={version} in {evidence.origin_of(made.name).file}",
        subject=made.name,
        fix=Fix(
            description=f"ask for the {made.name} that the model was made with",
            before=next((wish.text for wish in evidence.spec.pypi if wish.name == made.name), ""),
            after=f"{made.name}=={version}",
        ),
    )


def python_mismatch(evidence: Evidence, level: Level) -> Finding:
    """Return the finding for a Python that is not the one that logged the model."""
    made_by = excerpt(evidence.made_by_python) or "another Python"
    wish = next((w for w in evidence.spec.python if w.origin.file != "MLmodel"), None)
    return Finding(
        code="predict/python-mismatch",
        level=level,
        message=f"the model was made by Python {made_by}, its environment has {evidence.python_version}",
        origin=wish.origin if wish else evidence.requirements_file,
        hint=f"give the model's files that Python, or try --python {made_by}" if evidence.made_by_python
        else "try --python with the version that made it",
        subject="python",
    )  # fmt: skip
