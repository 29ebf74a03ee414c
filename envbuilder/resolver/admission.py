"""What is refused before any engine is asked: direct references, and conda packages without a distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.errors import PolicyError, ResolveError
from envbuilder.findings import Change, Effect
from envbuilder.redact import excerpt
from envbuilder.rewriter.translation import why_left
from envbuilder.spec import ReferenceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.policy import Policy, Sources, Verdict
    from envbuilder.spec import CondaRequirement, DirectReference

CODES = {
    ReferenceKind.ARCHIVE: "source/direct-url",
    ReferenceKind.VCS: "source/vcs-unpinned",
    ReferenceKind.PATH: "source/local-path",
    ReferenceKind.EDITABLE: "source/editable",
}


def admit(
    references: Sequence[DirectReference], sources: Sources
) -> tuple[tuple[str, ...], tuple[Change, ...]]:
    """Return the direct references as PEP 508 text, and a change that tells of each.

    Raises PolicyError for the first that must not be used. Even an open policy admits archives with a
    sha256 only: what has no digest is another thing tomorrow.
    """
    lines = tuple(_admit(reference, sources) for reference in references)
    return lines, tuple(map(_admitted, references))


def _admitted(reference: DirectReference) -> Change:
    return Change(
        code=CODES[reference.kind],
        message=f"{excerpt(str(reference.url))} comes from outside the index; the policy accepts it",
        effect=Effect.NONE,
        after=excerpt(str(reference.url)),
        origin=reference.origin,
    )


def _admit(reference: DirectReference, sources: Sources) -> str:
    kind = reference.kind
    if _verdict(kind, sources) == "deny":
        raise PolicyError(
            f"{excerpt(str(reference.url))} comes from outside the index",
            code=CODES[kind],
            origin=reference.origin,
            hint=f'to accept it, set `[sources] {kind.value} = "allow"` in the policy; '
            "or publish the package in your index and require it by version",
        )
    if kind is not ReferenceKind.ARCHIVE or reference.name is None or not reference.digest:
        raise PolicyError(
            f"{excerpt(str(reference.url))} cannot be locked: it has no sha256 of one archive",
            code=CODES[kind],
            origin=reference.origin,
            hint="write it as `name @ https://….whl#sha256=…`, or publish it in your index",
        )
    url = reference.url.secret.partition("#")[0]
    marker = f" ; {reference.marker}" if reference.marker else ""
    return f"{reference.name} @ {url}#{reference.digest.replace(':', '=')}{marker}"


def refuse_conda_only(conda: Sequence[CondaRequirement], policy: Policy) -> None:
    """Raise ResolveError if conda packages are left that no distribution of the index is known to stand for."""
    if not conda:
        return
    names = ", ".join(sorted({requirement.name for requirement in conda}))
    first = conda[0].name
    raise ResolveError(
        f"{names}: conda packages without a known counterpart on the package index",
        code="resolve/conda-only",
        requirements=tuple((requirement.origin, requirement.text) for requirement in conda),
        origin=conda[0].origin,
        detail="\n".join(f"{r.name}: {why_left(r, policy)}" for r in conda),
        hint=f'name it in the policy: `[names] {first} = "its-name-on-the-index"`, or "" to leave it out',
    )


def _verdict(kind: ReferenceKind, sources: Sources) -> Verdict:
    match kind:
        case ReferenceKind.ARCHIVE:
            return sources.url
        case ReferenceKind.VCS:
            return sources.vcs
        case ReferenceKind.PATH:
            return sources.local
        case ReferenceKind.EDITABLE:
            return sources.editable
