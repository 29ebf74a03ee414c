"""Releases that come from one URL: all that is known of them is their file's name and digest."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.requirements import Requirement
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from envbuilder.errors import ResolveError
from envbuilder.lock import Artifact, Kind
from envbuilder.redact import SafeUrl, excerpt
from envbuilder.resolver.engine import Candidate
from envbuilder.spec import PypiName

if TYPE_CHECKING:
    from collections.abc import Iterable


def archive_of(requirement: Requirement) -> Candidate:
    """Return the candidate that ``name @ url#sha256=…`` stands for. Raises ResolveError if it is no archive."""
    url, _, fragment = (requirement.url or "").partition("#")
    filename = unquote(urlsplit(url).path.rpartition("/")[2])
    name = PypiName(canonicalize_name(requirement.name))
    kind, project, version = _parse(filename, url)
    if project != name:
        raise ResolveError(
            f"{excerpt(filename)} is no archive of {name}", code="resolve/malformed", hint="correct the URL"
        )
    artifact = Artifact(
        name=name, version=version, kind=kind, filename=filename, url=SafeUrl(url),
        sha256=fragment.removeprefix("sha256="),
    )  # fmt: skip
    return Candidate(name=name, version=version, files=(artifact,))


def located(requirements: Iterable[str]) -> dict[PypiName, Requirement]:
    """Return those requirements of our own (PEP 508) that have a URL, by name."""
    found = (Requirement(text) for text in requirements if " @ " in text)
    return {PypiName(canonicalize_name(r.name)): r for r in found if r.url}


def parse_filename(filename: str) -> tuple[Kind, PypiName, str]:
    """Return kind, project and version of an archive's name (PEP 427, 625). Raises ResolveError if it has none."""
    kind, project, version = _parse(filename, filename)
    return kind, PypiName(project), version


def _parse(filename: str, url: str) -> tuple[Kind, str, str]:
    try:
        if filename.endswith(".whl"):
            project, version = parse_wheel_filename(filename)[:2]
            return Kind.WHEEL, project, str(version)
        project, version = parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename):
        raise ResolveError(
            f"{excerpt(url)} is neither a wheel nor a source distribution by its name",
            code="resolve/malformed",
            hint="name the archive as its standard has it (PEP 427, 625)",
        ) from None
    return Kind.SDIST, project, str(version)
