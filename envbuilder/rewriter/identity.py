"""The key of a spec: the same for all spellings of the same wish, another for another wish."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.markers import InvalidMarker, Marker
from packaging.specifiers import InvalidSpecifier, Specifier, SpecifierSet
from packaging.utils import canonicalize_version

from envbuilder.channels import canonical
from envbuilder.digests import Canonical, digest
from envbuilder.rewriter.names import normalised
from envbuilder.spec import (
    CondaRequirement,
    DirectReference,
    EnvSpec,
    Option,
    PypiRequirement,
    PythonRequest,
    ReferenceKind,
)

SCHEMA = 1

_STEERING_OPTIONS = frozenset(
    {"--no-binary", "--only-binary", "--pre", "--prefer-binary", "--require-hashes"}
)
"""Options that a resolver would obey. The others name places, which the policy alone decides."""


def spec_id_of(spec: EnvSpec) -> str:
    """Return sha256 of what a (rewritten) spec asks for, 64 hex digits.

    Provenance, places, comments, order, case and spelling don't count; channels count in their order.
    Empty parts are left out, so that a part that is added later changes no key.
    """
    parts: dict[str, Canonical] = {
        "python": _pythons(spec.python),
        "seeds": _requirements(spec.seeds),
        "pypi": _requirements(spec.pypi),
        "constraints": _requirements(spec.constraints),
        "conda": _sorted(_conda(item) for item in spec.conda),
        "channels": [canonical(channel.text) for channel in spec.channels],
        "direct": _sorted(_direct(item) for item in spec.direct),
        "options": _sorted(_option(o) for o in spec.options if o.name in _STEERING_OPTIONS),
    }
    return digest({"schema": SCHEMA, **{name: part for name, part in parts.items() if part}})


def _sorted(rows: Iterable[list[Canonical]]) -> Canonical:
    """Return the rows without doubles, in the order of their JSON-like text."""
    return [row for _, row in sorted({repr(row): row for row in rows}.items())]


def _pythons(requests: tuple[PythonRequest, ...]) -> Canonical:
    """Return the deciding wish; the others only while none has told a minor version yet."""
    texts: list[str] = []
    for request in requests:
        version = request.version
        text = ".".join(map(str, version)) if version else canonical_specifier(request.text)
        if text not in texts:
            texts.append(text)
        if request.minor:
            break
    return texts


def _requirements(items: tuple[PypiRequirement, ...]) -> Canonical:
    return _sorted(_requirement(item) for item in items)


def _requirement(item: PypiRequirement) -> list[Canonical]:
    extras: Canonical = sorted({normalised(extra) for extra in item.extras})
    hashes: Canonical = sorted({text.lower() for text in item.hashes})
    where = "" if item.primary else "secondary"
    return [
        item.name,
        canonical_specifier(item.specifier),
        extras,
        canonical_marker(item.marker),
        hashes,
        where,
    ]


def canonical_specifier(text: str) -> str:
    """Return one text for all spellings of a specifier: sorted, versions normalised (PEP 440)."""
    try:
        return ",".join(sorted({_clause(clause) for clause in SpecifierSet(text)}))
    except InvalidSpecifier:
        return ",".join(sorted({"".join(part.split()) for part in text.split(",")}))


def _clause(clause: Specifier) -> str:
    if clause.operator == "===":
        return f"==={clause.version}"
    strip = clause.operator != "~=" and not clause.version.endswith(".*")
    return f"{clause.operator}{canonicalize_version(clause.version, strip_trailing_zero=strip)}"


def canonical_marker(text: str) -> str:
    """Return one text for all spellings of a marker (quotes, spaces)."""
    try:
        return str(Marker(text)) if text else ""
    except InvalidMarker:
        return " ".join(text.split())


def _conda(item: CondaRequirement) -> list[Canonical]:
    brackets: Canonical = [[key, value] for key, value in sorted(item.brackets)]
    version = "".join(item.version.split())
    return [
        item.name,
        version,
        item.build,
        canonical(item.channel) if item.channel else "",
        item.subdir,
        brackets,
    ]


def _direct(item: DirectReference) -> list[Canonical]:
    """Return a reference; a file of the model counts by its bytes, not by where it lies."""
    place = item.url.stripped
    if item.kind is ReferenceKind.PATH and item.digest:
        place = place.rpartition("/")[2]
    row: list[Canonical] = [
        item.name or "",
        item.kind.value,
        place,
        item.digest.lower(),
        canonical_marker(item.marker),
    ]
    extras: Canonical = sorted({normalised(extra) for extra in item.extras})
    return [*row, extras] if extras else row


def _option(option: Option) -> list[Canonical]:
    return [option.name, ",".join(sorted(part.strip() for part in option.value.split(",")))]
