"""Metadata of a source tree that was never built: the static part of its pyproject.toml (PEP 621, PEP 639)."""

from __future__ import annotations

import sys
from typing import Any

from envbuilder.licensing.metadata import Metadata

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_LONGEST = 1024 * 1024
_KEPT = 16 * 1024


def project_metadata(content: bytes, name: str) -> Metadata:
    """Return what ``[project]`` says of a distribution of that name; of anything odd it is nothing."""
    project = _project(content)
    license_ = project.get("license")
    return Metadata(
        names=(name,),
        expressions=(license_[:_KEPT],) if isinstance(license_, str) else (),
        licenses=_texts([license_.get("text")]) if isinstance(license_, dict) else (),
        classifiers=_texts(project.get("classifiers")),
        requires=_texts(project.get("dependencies")),
    )


def _project(content: bytes) -> dict[str, Any]:
    try:
        found = tomllib.loads(content[:_LONGEST].decode("utf-8")).get("project")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _texts(value: object) -> tuple[str, ...]:
    return tuple(text[:_KEPT] for text in value if isinstance(text, str)) if isinstance(value, list) else ()
