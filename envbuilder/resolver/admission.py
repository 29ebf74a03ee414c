"""What is refused before any engine is asked: direct references, and conda packages without a distribution."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.utils import InvalidSdistFilename, parse_sdist_filename

from envbuilder.errors import PolicyError, ResolveError
from envbuilder.findings import Change, Effect
from envbuilder.lock import Commit
from envbuilder.reader.directory import inner_path
from envbuilder.reader.references import ARCHIVES
from envbuilder.redact import excerpt
from envbuilder.rewriter.translation import why_left
from envbuilder.spec import ReferenceKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.policy import Builds, Policy, Sources
    from envbuilder.spec import CondaRequirement, DirectReference

CODES = {
    ReferenceKind.ARCHIVE: "source/direct-url",
    ReferenceKind.VCS: "source/vcs-unpinned",
    ReferenceKind.PATH: "source/local-path",
    ReferenceKind.EDITABLE: "source/editable",
}

_SHA256 = re.compile("sha256:[0-9a-f]{64}")
_COMMIT = re.compile("[0-9a-fA-F]{40}")


def admit(
    references: Sequence[DirectReference], policy: Policy
) -> tuple[tuple[DirectReference, ...], tuple[Change, ...]]:
    """Return the direct references that may be used, and a change that tells of each.

    Raises PolicyError for the first that must not be. Even an open policy admits only what is the same thing
    tomorrow: an archive with its sha256, a full commit over https, files of the model.
    """
    for reference in references:
        _refuse_closed(reference, policy.sources)
        _refuse_unfixed(reference)
        if _needs_build(reference):
            _refuse_build(reference, policy.builds)
    return tuple(references), tuple(map(_admitted, references))


def _admitted(reference: DirectReference) -> Change:
    shown = excerpt(str(reference.url))
    editable = reference.kind is ReferenceKind.EDITABLE
    copy = "; it is installed as a plain copy, not in place" if editable else ""
    return Change(
        code=CODES[reference.kind],
        message=f"{shown} comes from outside the index; the policy accepts it{copy}",
        effect=Effect.ADAPTED if editable else Effect.NONE,
        before=f"-e {shown}" if editable else "",
        after=shown,
        origin=reference.origin,
    )


def _refuse_closed(reference: DirectReference, sources: Sources) -> None:
    entries = [reference.kind.value]
    if reference.kind is ReferenceKind.EDITABLE and not reference.path:
        entries.append(ReferenceKind.VCS.value)
    for entry in entries:
        if getattr(sources, entry) == "deny":
            raise PolicyError(
                f"{excerpt(str(reference.url))} comes from outside the index",
                code=CODES[reference.kind],
                origin=reference.origin,
                hint=f'to accept it, set `[sources] {entry} = "allow"` in the policy and {_form(reference)}; '
                "or publish the package in your index and require it by version",
            )


def _refuse_unfixed(reference: DirectReference) -> None:
    why = _unfixed(reference)
    if why:
        raise PolicyError(
            f"{excerpt(str(reference.url))} cannot be locked: {why}",
            code=CODES[reference.kind],
            origin=reference.origin,
            hint=f"{_form(reference)}, or publish it in your index",
        )


def _unfixed(reference: DirectReference) -> str:
    """Why a reference may be another thing tomorrow; empty if it may not."""
    url = reference.url.secret
    if reference.path:
        archive = reference.path.lower().endswith(ARCHIVES)
        if reference.digest:
            return "-e wants a source tree" if archive and reference.kind is ReferenceKind.EDITABLE else ""
        return "the model does not hold it" if archive else "its source tree was not read"
    if "${" in url:
        return "it holds a variable, and none is ever expanded"
    if url.partition("#")[0].lower().startswith(("http:", "https:")):
        if "subdirectory=" in url.partition("#")[2]:
            return "it names a part of an archive"
        return "" if _SHA256.fullmatch(reference.digest) else "it has no sha256 of one archive"
    if not url.startswith("git+https://"):
        return "it is not fetched over https"
    if reference.url.has_credentials:
        return "it holds credentials, which would be visible to every user of the host"
    return "" if commit_of(reference) else "it names no full commit"


def commit_of(reference: DirectReference) -> Commit | None:
    """Return the commit that a ``git+https://`` reference names by its 40 digits, else None."""
    parts = urlsplit(reference.url.secret)
    revision = parts.path.rpartition("@")[2] if "@" in parts.path else ""
    if not _COMMIT.fullmatch(revision):
        return None
    folder = next((f[13:] for f in parts.fragment.split("&") if f.startswith("subdirectory=")), "")
    return Commit(commit=revision.lower(), subdirectory=inner_path(unquote(folder)) if folder else "")


def _form(reference: DirectReference) -> str:
    """What a line of that kind must look like."""
    name = reference.name or "name"
    if reference.path:
        return "name a wheel or a folder with source inside the model, as `wheels/NAME-VERSION-….whl` or `./FOLDER`"
    if reference.kind is ReferenceKind.ARCHIVE:
        return f"write it as `{name} @ https://….whl#sha256=…`"
    return f"write it as `{name} @ git+https://HOST/PATH@COMMIT` with the commit's 40 digits"


def _needs_build(reference: DirectReference) -> bool:
    return not urlsplit(reference.path or reference.url.secret).path.lower().endswith(".whl")


def _version(reference: DirectReference) -> str:
    """The version in the name of a source archive; empty for what only a build can tell."""
    place = unquote(urlsplit(reference.path or reference.url.secret).path)
    try:
        return str(parse_sdist_filename(place.rpartition("/")[2])[1])
    except InvalidSdistFilename:
        return ""


def _refuse_build(reference: DirectReference, builds: Builds) -> None:
    """Ask the policy before any code of the model could run."""
    shown = reference.name or excerpt(str(reference.url))
    if builds.allows(reference.name or "", _version(reference)):
        return
    raise PolicyError(
        f"the policy forbids building from source: {shown}",
        code="build/from-source",
        origin=reference.origin,
        hint="name a wheel instead, or list the package under `[builds] sdist` in the policy"
        + ("" if reference.name else " and write the line as `name @ …`"),
    )


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
        hint=f'name it in the policy: `[names] {first} = "its-name-on-the-index"`, or "" to leave it out; '
        "or let the model have a conda environment: --engine conda",
    )
