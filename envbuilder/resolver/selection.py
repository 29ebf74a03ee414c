"""From the files of each chosen release the one that the target installs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from envbuilder.findings import Change, Effect
from envbuilder.lock import Kind
from envbuilder.resolver.platforms import supported_tags

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    from packaging.tags import Tag

    from envbuilder.lock import Artifact, Target
    from envbuilder.policy import Builds
    from envbuilder.resolver.engine import Candidate

SOURCE_SUFFIXES = (".tar.gz", ".zip", ".tar.bz2", ".tgz")
"""What installers still build from; PEP 625 allows only the first for new uploads. The best first."""


def best(files: Sequence[Artifact], target: Target) -> Artifact | None:
    """Return the wheel that fits the target best, else the source distribution, else None.

    A wheel without sha256 does not count: nothing is installed that cannot be verified.
    """
    fit = supported_tags(target)
    hashed = [file for file in files if file.sha256]
    ranked = [(rank, file) for file in hashed if (rank := _rank(file, fit)) is not None]
    if ranked:
        return min(ranked, key=lambda pair: (pair[0], pair[1].filename))[1]
    sources = [file for file in hashed if file.kind is Kind.SDIST]
    return min(sources, key=_source_rank, default=None)


def select(
    candidates: Sequence[Candidate], target: Target, builds: Builds
) -> tuple[tuple[Artifact, ...], tuple[Change, ...], tuple[Candidate, ...]]:
    """Return the chosen artifacts, what is built from source, and the candidates that cannot be installed."""
    chosen: list[Artifact] = []
    sources: list[Change] = []
    refused: list[Candidate] = []
    for candidate in candidates:
        artifact = best(candidate.files, target)
        if artifact is None or (
            artifact.kind is Kind.SDIST and not builds.allows(candidate.name, candidate.version)
        ):
            refused.append(candidate)
            continue
        chosen.append(artifact)
        if artifact.kind is Kind.SDIST:
            sources.append(_from_source(artifact))
            if any(file.kind is Kind.WHEEL for file in candidate.files):
                sources.append(_no_wheel(artifact, target))
    return tuple(sorted(chosen, key=lambda a: a.name)), tuple(sources), tuple(refused)


def available_since(files: Sequence[Artifact], target: Target) -> datetime.datetime | None:
    """Return when the release could first be installed on the target; None if no file says.

    That is the upload of its earliest wheel that fits, else of its earliest source distribution.
    """
    fit = supported_tags(target)
    wheels = [f for f in files if _rank(f, fit) is not None]
    usable = wheels or [f for f in files if f.kind is Kind.SDIST]
    return min((f.uploaded for f in usable if f.uploaded), default=None)


def _from_source(artifact: Artifact) -> Change:
    why = "has no wheel for the target; it is built from source"
    if artifact.source is not None:
        why = "is named by its source; it is built from it, apart from all other packages"
    return Change(
        code="build/from-source",
        message=f"{artifact.name} {artifact.version} {why}",
        effect=Effect.NONE,
        after=artifact.filename if artifact.source is None else f"{artifact.name} {artifact.version}",
    )


def _no_wheel(artifact: Artifact, target: Target) -> Change:
    return Change(
        code="pin/no-wheel-for-python",
        message=f"{artifact.name} {artifact.version} has wheels, but none for Python {target.python}"
        f" on {target.platform}",
        effect=Effect.NONE,
        after=artifact.filename,
    )


def _rank(file: Artifact, fit: Mapping[Tag, int]) -> tuple[int, tuple[int, str]] | None:
    """The place of a wheel among those that fit: by tag, then the highest build number first."""
    ranks = [fit[tag] for tag in _tags(file) if tag in fit]
    if not ranks:
        return None
    build = parse_wheel_filename(file.filename)[2]
    number = build[0] if build else -1
    return min(ranks), (-number, build[1] if build else "")


def _tags(file: Artifact) -> frozenset[Tag]:
    """A wheel's tags; none for a source distribution or a name that no standard allows."""
    if file.kind is not Kind.WHEEL:
        return frozenset()
    try:
        return parse_wheel_filename(file.filename)[3]
    except InvalidWheelFilename:
        return frozenset()


def _source_rank(file: Artifact) -> tuple[int, str]:
    suffix = next(
        (i for i, s in enumerate(SOURCE_SUFFIXES) if file.filename.endswith(s)), len(SOURCE_SUFFIXES)
    )
    return suffix, file.filename
