"""The section ``[licenses]`` with its exceptions and clarifications."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

from envbuilder.findings import Origin
from envbuilder.policy import Clarification, LicenseException, Licenses, PackagePattern, PolicyText
from envbuilder.policyfile.patterns import SYNTAX, read_pattern
from envbuilder.policyfile.places import KeyPath, origins_of
from envbuilder.policyfile.tables import Table

_REASON = "why these licences are accepted, for whoever reads it later"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SEVERAL = re.compile(r"[()]|\s(?:and|or)\s", re.IGNORECASE)
_LONGEST = 1000
"""Characters of an expression."""
_UNREAD = read_pattern("unread")
"""In the place of a pattern that is wrong: its policy is refused."""


def read_licenses(table: Table, written: PolicyText) -> Licenses:
    """Read ``[licenses]``."""
    default = Licenses()
    exceptions, clarify = table.tables("exception"), table.tables("clarify")
    paths: list[KeyPath] = [entry.path for entry in (*exceptions, *clarify)]
    origins = origins_of(written, paths) if paths else {}
    return Licenses(
        allow=_leaves(table),
        unknown=table.verdict("unknown", default.unknown),
        ambiguous=table.verdict("ambiguous", default.ambiguous),
        aliases=tuple(sorted(_aliases(table.table("aliases")))),
        exceptions=tuple(_exception(entry, origins[entry.path]) for entry in exceptions),
        clarify=tuple(_clarification(entry, origins[entry.path]) for entry in clarify),
    )


def _exception(entry: Table, origin: Origin) -> LicenseException:
    allow = _leaves(entry)
    if not entry.texts("allow"):
        entry.wrong("allow", "a list of the licences that this package may have")
    return LicenseException(
        package=_package(entry),
        allow=allow,
        reason=entry.text("reason", _REASON),
        until=entry.day("until"),
        origin=origin,
    )


def _clarification(entry: Table, origin: Origin) -> Clarification:
    package = _package(entry)
    text = entry.text("expression", 'an SPDX expression, such as "Apache-2.0"')
    file = entry.table("license-file")
    return Clarification(
        package=package,
        expression=_expression(entry, "expression", text) if text else "",
        path=_path(file),
        sha256=_sha256(file),
        origin=origin,
    )


def _package(entry: Table) -> PackagePattern:
    if entry.text("package", SYNTAX):
        return entry.read("package", read_pattern, SYNTAX) or _UNREAD
    return _UNREAD


def _path(file: Table) -> str:
    text = file.text("path", 'the licence file in the package, such as "LICENSE"')
    if "\\" in text or PurePosixPath(text).is_absolute() or ".." in PurePosixPath(text).parts:
        file.wrong("path", "a path within the package, with forward slashes")
    return text


def _sha256(file: Table) -> str:
    text = file.text("sha256", "the sha256 of the licence file").lower()
    if text and not _SHA256.fullmatch(text):
        file.wrong("sha256", "64 hex digits")
    return text


def _leaves(table: Table) -> tuple[str, ...]:
    """Read ``allow``: single licences. What a compound entry would allow nobody could tell (cargo-deny)."""
    leaves = []
    for number, text in enumerate(table.texts("allow")):
        leaf = None if _SEVERAL.search(text) else canonical(text)
        if leaf is None:
            wanted = 'one licence by its SPDX identifier, such as "MIT", or a LicenseRef-…'
            table.wrong_at(("allow", number), wanted, hint=_nearest(text))
        else:
            leaves.append(leaf)
    return tuple(leaves)


def _aliases(table: Table) -> Iterator[tuple[str, str]]:
    for raw, value in table.entries():
        text = value if isinstance(value, str) else ""
        yield raw, _expression(table, raw, text)


def _expression(table: Table, key: str, text: str) -> str:
    expression = canonical(text)
    if expression is None:
        table.wrong(key, 'an SPDX expression, such as "BSD-3-Clause OR BSD-2-Clause"', hint=_nearest(text))
    return expression or ""


def canonical(text: Any) -> str | None:
    """Return an SPDX expression in its usual spelling; None for what is none."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression  # a large table

    try:
        return canonicalize_license_expression(text) if 0 < len(text) <= _LONGEST else None
    except InvalidLicenseExpression:
        return None


def _nearest(text: str) -> str:
    dashed = re.sub(r"(?<=[A-Za-z])(?=[0-9])", "-", "-".join(text.split())[:_LONGEST])
    for guess in (dashed, f"{dashed}.0", f"{dashed}-only"):
        if found := canonical(guess):
            return f"did you mean {found}?"
    return "https://spdx.org/licenses lists them"
