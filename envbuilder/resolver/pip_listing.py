"""What the index offers for a project, as pip sees it, and the best release of it without dependencies."""

from __future__ import annotations

import datetime
import json
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from envbuilder.lock import Artifact, Kind
from envbuilder.redact import SafeUrl
from envbuilder.resolver.engine import Candidate, Failure, FailureKind, Lack
from envbuilder.resolver.selection import best
from envbuilder.spec import PypiName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.version import Version

    from envbuilder.resolver.engine import Question


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """One file of a project and the Pythons it is for (PEP 440 specifiers, empty for all)."""

    artifact: Artifact
    version: Version
    python: str
    yanked: bool


def read_listing(text: str) -> dict[PypiName, tuple[Offer, ...]]:
    """Return what envbuilder.resolver.pip_links printed. Files with names of no standard are left out."""
    listing: Any = json.loads(text)
    if not isinstance(listing, dict):
        raise TypeError("no object of projects")
    return {
        PypiName(name): tuple(offer for file in files if (offer := _offer(name, file)))
        for name, files in listing.items()
    }


def _offer(name: str, file: Mapping[str, Any]) -> Offer | None:
    filename = str(file["filename"])
    try:
        if filename.endswith(".whl"):
            kind, (project, version) = Kind.WHEEL, parse_wheel_filename(filename)[:2]
        else:
            kind, (project, version) = Kind.SDIST, parse_sdist_filename(filename)
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None
    if project != canonicalize_name(name):
        return None
    uploaded = str(file["uploaded"])
    artifact = Artifact(
        name=PypiName(project), version=str(version), kind=kind, filename=filename,
        url=SafeUrl(str(file["url"])), sha256=str(file["sha256"]),
        uploaded=datetime.datetime.fromisoformat(uploaded) if uploaded else None,
    )  # fmt: skip
    return Offer(
        artifact=artifact, version=version, python=str(file["python"]), yanked=file["yanked"] is True
    )


def candidate(name: PypiName, version: Version, offers: Sequence[Offer], question: Question) -> Candidate:
    """Return a release that was chosen, with the files that its cut-off and Python allow."""
    files = tuple(o.artifact for o in _usable(offers, question) if o.version == version)
    return Candidate(name=name, version=str(version), files=files)


def pick(requirement: Requirement, offers: Sequence[Offer], question: Question) -> Candidate | Failure:
    """Return the newest release that a requirement allows and the target can install.

    A yanked release counts only where the requirement pins it (PEP 592).
    """
    if not offers:
        return _failure(requirement, Lack.NAME)
    pinned = str(requirement.specifier).startswith("==")
    versions = {offer.version for offer in offers if pinned or not offer.yanked}
    prereleases = True if question.prereleases else None
    allowed = sorted(requirement.specifier.filter(versions, prereleases=prereleases), reverse=True)
    if not allowed:
        return _failure(requirement, Lack.VERSION)
    usable = _usable(offers, question)
    for version in allowed:
        files = tuple(offer.artifact for offer in usable if offer.version == version)
        if best(files, question.target):
            name = PypiName(canonicalize_name(requirement.name))
            return Candidate(name=name, version=str(version), files=files)
    return _why(requirement, [offer for offer in offers if offer.version == allowed[0]], question)


def _usable(offers: Sequence[Offer], question: Question) -> list[Offer]:
    cutoff = question.cutoff
    return [
        offer
        for offer in offers
        if _fits(offer.python, question.target.python)
        and (cutoff is None or offer.artifact.uploaded is None or offer.artifact.uploaded <= cutoff)
    ]


def _fits(specifier: str, python: str) -> bool:
    """Whether a Requires-Python allows a Python; one that cannot be read does (as pip has it)."""
    try:
        return SpecifierSet(specifier).contains(python, prereleases=True)
    except InvalidSpecifier:
        return True


def _why(requirement: Requirement, offers: Sequence[Offer], question: Question) -> Failure:
    """Say what the newest allowed release lacks."""
    cutoff = question.cutoff
    if cutoff and all(o.artifact.uploaded and o.artifact.uploaded > cutoff for o in offers):
        return _failure(requirement, Lack.VERSION, younger=True)
    wrong = {o.python for o in offers if not _fits(o.python, question.target.python)}
    if wrong:
        return _failure(requirement, Lack.PYTHON, python=",".join(sorted(wrong)))
    tags: defaultdict[str, set[str]] = defaultdict(set)
    for offer in offers:
        if offer.artifact.kind is Kind.WHEEL:
            for tag in parse_wheel_filename(offer.artifact.filename)[3]:
                tags[tag.platform].add(tag.interpreter)
    machine = question.target.platform.rpartition("-")[2]
    ours = {name for system, names in tags.items() if system.endswith(machine) for name in names}
    minors = sorted((int(n[2]), int(n[3:])) for n in ours if n.startswith("cp") and n[3:].isdigit())
    if minors:
        (low, first), (high, last) = minors[0], minors[-1]
        return _failure(requirement, Lack.PYTHON, python=f">={low}.{first},<{high}.{last + 1}")
    return _failure(requirement, Lack.PLATFORM, platforms=tuple(sorted(tags)))


def _failure(
    requirement: Requirement,
    lack: Lack,
    *,
    python: str = "",
    platforms: tuple[str, ...] = (),
    younger: bool = False,
) -> Failure:
    name = PypiName(canonicalize_name(requirement.name))
    return Failure(
        kind=FailureKind.NO_SOLUTION, text=f"{requirement}: {lack.value}", packages=(name,), lack=lack,
        python=python, platforms=platforms, younger=(name,) if younger else (),
    )  # fmt: skip
