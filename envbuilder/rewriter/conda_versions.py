"""Conda's version constraints as PEP 440 specifiers, where there is an equal one.

Source of the grammar: conda's MatchSpec and VersionSpec. A constraint without an equal is told, not bent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CLAUSE = re.compile(r"(?P<operator>===?|=|!=|~=|>=|<=|>|<)?(?P<version>[^=!~<>\s]+)")
_VERSION = re.compile(
    r"(?:\d+!)?\d+(?:\.\d+)*(?:\.?(?:a|b|rc|alpha|beta|c|pre)\.?\d*)?(?:\.?post\.?\d*)?(?:\.?dev\.?\d*)?"
    r"(?:\+[a-z0-9]+(?:[._][a-z0-9]+)*)?",
    re.IGNORECASE,
)
_RELEASE_COMPONENTS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Unequal:
    """A constraint that PEP 440 cannot say, and why."""

    reason: str


def specifier_of(constraint: str) -> str | Unequal:
    """Return the PEP 440 specifier that means the same as a conda version constraint; empty for any.

    ``=1.2`` is ``==1.2.*``; of three components or more (``=0.22.1``, what MLflow writes for the one
    release it saw) it is that release. Of alternatives (``1.2|1.3``) none can be said, unless they are equal.
    """
    alternatives = [_conjunction(part) for part in constraint.split("|")]
    for alternative in alternatives:
        if isinstance(alternative, Unequal):
            return alternative
    if len(set(alternatives)) > 1:
        return Unequal(reason=f"{constraint!r} names alternatives, which a requirement cannot")
    return alternatives[0]


def _conjunction(text: str) -> str | Unequal:
    clauses = []
    for part in text.replace(" ", "").split(","):
        clause = _clause(part)
        if isinstance(clause, Unequal):
            return clause
        clauses.append(clause)
    return ",".join(clause for clause in clauses if clause)


def _clause(text: str) -> str | Unequal:
    if text in {"", "*", "=*", "==*", ">=*"}:
        return ""
    found = _CLAUSE.fullmatch(text)
    if found is None:
        return Unequal(reason=f"{text!r} is no version constraint that PEP 440 knows")
    version = found["version"]
    stem = re.sub(r"\.?\*$", "", version)
    if _VERSION.fullmatch(stem) is None:
        return Unequal(reason=f"{version!r} is no version by PEP 440")
    return _operator(found["operator"] or "==", stem, prefix=stem != version)


def _operator(operator: str, stem: str, *, prefix: bool) -> str:
    match operator:
        case "=" if not prefix:
            return f"=={stem}" if _is_release(stem) else f"=={stem}.*"
        case "=" | "==" | "===" | "!=":
            equal = "!=" if operator == "!=" else "=="
            return f"{equal}{stem}.*" if prefix and _is_plain(stem) else f"{equal}{stem}"
        case _:
            return f"{operator}{stem}"


def _is_plain(version: str) -> bool:
    return re.fullmatch(r"(?:\d+!)?\d+(?:\.\d+)*", version) is not None


def _is_release(version: str) -> bool:
    """Whether a version is so long, or so special, that only one release can be meant."""
    return not _is_plain(version) or version.rpartition("!")[2].count(".") >= _RELEASE_COMPONENTS - 1
