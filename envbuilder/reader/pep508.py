"""The text of one requirement on a distribution of an index (PEP 508), with caps before its parsers."""

from __future__ import annotations

import re

from packaging.markers import InvalidMarker, Marker
from packaging.specifiers import InvalidSpecifier, Specifier
from packaging.utils import canonicalize_name

from envbuilder.findings import Origin
from envbuilder.reader import limits
from envbuilder.reader.gather import Refusal
from envbuilder.redact import excerpt, masked
from envbuilder.spec import PypiName, PypiRequirement

_BLANKS = " \t"
"""Blanks that others strip (U+00A0 …) are no blanks here."""

_HEAD = re.compile(r"[^\s\[\](),;@<>=!~]*", re.ASCII)
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_EXTRAS = re.compile(r"\s*\[([^\[\]]*)\]\s*", re.ASCII)
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>)\s*([A-Za-z0-9.*+!_-]+)", re.ASCII)
_SINGLE_EQUALS = re.compile(r"=\s*([0-9][A-Za-z0-9.*+!_-]*)", re.ASCII)
_PARTS = re.compile(r"[^0-9A-Za-z]")
_STRING = re.compile(r"\"[^\"]*\"|'[^']*'")


def name_of(text: str, origin: Origin) -> tuple[PypiName, str]:
    """Return the name at the start of a requirement, and the rest of it.

    Raises Refusal: ``input/non-ascii-name``, ``too-long``, ``malformed-requirement``.
    """
    head = _HEAD.match(text)
    name = head[0] if head else ""
    if len(name) > limits.NAME_CHARACTERS:
        raise Refusal("input/too-long", f"a name of {len(name)} characters", origin)
    # Before it is normalised: that would make an ASCII name of some that are not.
    if not name.isascii():
        strange = next(f"U+{ord(c):04X}" for c in name if not c.isascii())
        message = f"the name {excerpt(name)} holds {strange}, which is not ASCII"
        raise Refusal("input/non-ascii-name", message, origin, hint="write the name in ASCII letters")
    if not _NAME.fullmatch(name):
        raise malformed(text, "it does not begin with a name", origin)
    return PypiName(canonicalize_name(name)), text[len(name) :]


def split_extras(rest: str, origin: Origin) -> tuple[tuple[str, ...], str]:
    """Return the extras in brackets, normalised and sorted, and what follows."""
    found = _EXTRAS.match(rest)
    if found is None:
        return (), rest.strip(_BLANKS)
    items = [item.strip(_BLANKS) for item in found[1].split(",") if item.strip(_BLANKS)]
    if len(items) > limits.EXTRAS:
        raise Refusal("input/too-many", f"{len(items)} extras", origin)
    for item in items:
        if len(item) > limits.NAME_CHARACTERS:
            raise Refusal("input/too-long", f"an extra of {len(item)} characters", origin)
        if not item.isascii():
            raise Refusal("input/non-ascii-name", f"the extra {excerpt(item)} is not ASCII", origin)
        if not _NAME.fullmatch(item):
            raise malformed(item, "it is no extra", origin)
    return tuple(sorted({canonicalize_name(item) for item in items})), rest[found.end() :].strip(_BLANKS)


def requirement(
    name: PypiName, extras: tuple[str, ...], rest: str, origin: Origin, *, hashes: tuple[str, ...] = ()
) -> PypiRequirement:
    """Return a requirement from what follows its name and extras: specifiers and a marker.

    A single ``=`` before a version is kept as specifier ``=1.2``, for the rewriter to repair. Raises
    Refusal: ``input/malformed-requirement``, ``too-long``, ``too-deep``, ``too-many``.
    """
    versions, semicolon, condition = rest.partition(";")
    marker = checked_marker(condition.strip(_BLANKS), origin) if semicolon else ""
    specifier = _specifier(versions.strip(_BLANKS), origin)
    return PypiRequirement(
        name=name, specifier=specifier, extras=extras, marker=marker, hashes=hashes, origin=origin
    )


def _specifier(text: str, origin: Origin) -> str:
    inside = text[1:-1].strip(_BLANKS) if text.startswith("(") and text.endswith(")") else text
    single = _SINGLE_EQUALS.fullmatch(inside)
    if single:
        # What ``==`` in its place could not mean is not to be repaired either.
        return _clause(f"=={single[1]}", origin).removeprefix("=")
    clauses = [clause.strip(_BLANKS) for clause in inside.split(",") if clause.strip(_BLANKS)]
    if len(clauses) > limits.CLAUSES:
        raise Refusal("input/too-many", f"{len(clauses)} version clauses", origin)
    return ",".join(_clause(clause, origin) for clause in clauses)


def _check_length(version: str, origin: Origin) -> None:
    if len(version) > limits.VERSION_CHARACTERS:
        raise Refusal("input/too-long", f"a version of {len(version)} characters", origin)
    digits = max((len(part.lstrip("0")) for part in _PARTS.split(version) if part.isdigit()), default=0)
    if digits > limits.VERSION_DIGITS:
        raise Refusal("input/too-long", f"a version with a number of {digits} digits", origin)


def _clause(text: str, origin: Origin) -> str:
    _check_length(text.lstrip("=<>!~ "), origin)
    found = _CLAUSE.fullmatch(text)
    if found is None:
        raise malformed(text, "it is no version constraint", origin)
    try:
        Specifier(found[1] + found[2])
    except (InvalidSpecifier, ValueError):
        raise malformed(text, "it is no version constraint (PEP 440)", origin) from None
    return found[1] + found[2]


def checked_marker(text: str, origin: Origin) -> str:
    """Return a marker as written. Raises Refusal (``input/too-deep``, ``too-long``, ``malformed-…``)."""
    depth = 0
    for character in _STRING.sub("", text):
        depth += (character == "(") - (character == ")")
        if depth > limits.DEPTH:
            raise Refusal("input/too-deep", f"a marker nested deeper than {limits.DEPTH} levels", origin)
    if len(text) > limits.MARKER_CHARACTERS:
        raise Refusal("input/too-long", f"a marker of {len(text)} characters", origin)
    try:
        Marker(text)
    except (InvalidMarker, ValueError, RecursionError):
        raise malformed(text, "it is no environment marker (PEP 508)", origin) from None
    if not text.isascii():
        raise malformed(text, "a marker is ASCII", origin)
    if masked(text) != text:
        # No variable of a marker is ever a URL, and a requirement's text is written to many places.
        raise malformed(text, "a marker holds no credentials", origin)
    return text


def malformed(text: str, why: str, origin: Origin) -> Refusal:
    """Return the refusal of a requirement that no reader takes."""
    message = f"{excerpt(text)!r} is no requirement: {why}"
    return Refusal("input/malformed-requirement", message, origin, hint="write it as `name==version`")
