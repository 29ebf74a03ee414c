"""Conda's version constraints as PEP 440 specifiers, where there is an equal one.

Source of the grammar: conda's MatchSpec and VersionSpec. A constraint without an equal is told, not bent.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_CLAUSE = re.compile(r"(?P<operator>===?|!=|~=|>=|<=|>|<)?(?P<version>[^=!~<>\s]+)")
_PLAIN = re.compile(r"(?:\d+!)?\d+(?:\.\d+)*")
_VERSION = re.compile(
    rf"{_PLAIN.pattern}(?:\.?(?:a|b|rc|alpha|beta|c|pre)\.?\d+)?(?:\.?post\.?\d*)?(?:\.?dev\.?\d*)?"
    r"(?:\+[a-z0-9]+(?:[._][a-z0-9]+)*)?",
    re.IGNORECASE,
)
_RELEASE_COMPONENTS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Unequal:
    """A constraint that PEP 440 cannot say, and why."""

    reason: str


def specifier_of(constraint: str, *, starred: bool) -> str | Unequal:
    """Return the PEP 440 specifier that means the same as a conda version constraint; empty for any.

    ``constraint`` is as the reader leaves it (``numpy=1.19`` is ``1.19.*``); ``starred`` tells whether the
    star was written. Without one, three components or more mean that one release: MLflow wrote
    ``scikit-learn=0.22.1`` for the release it saw. Alternatives (``1.2|1.3``) have no equal.
    """
    alternatives = {_conjunction(part, starred=starred) for part in constraint.split("|")}
    unequal = next((a for a in alternatives if isinstance(a, Unequal)), None)
    if unequal:
        return unequal
    if len(alternatives) > 1:
        return Unequal(reason=f"of the alternatives {constraint} a requirement can name only one")
    return str(alternatives.pop())


def _conjunction(text: str, *, starred: bool) -> str | Unequal:
    clauses = [_clause(part, starred=starred) for part in text.replace(" ", "").split(",")]
    unequal = next((clause for clause in clauses if isinstance(clause, Unequal)), None)
    return unequal or ",".join(str(clause) for clause in clauses if clause)


def _clause(text: str, *, starred: bool) -> str | Unequal:
    if text in {"", "*", "==*", ">=*"}:
        return ""
    found = _CLAUSE.fullmatch(text)
    if found is None:
        return Unequal(reason=f"{text} is no version constraint of PEP 440")
    operator, version = found["operator"] or "==", found["version"]
    stem = re.sub(r"\.?\*$", "", version)
    if _VERSION.fullmatch(stem) is None:
        return Unequal(reason=f"{version} is no version of PEP 440")
    prefix = stem != version and operator in {"==", "===", "!="}
    if operator == "===" and prefix:
        operator = "=="
    return f"{operator}{stem}.*" if prefix and not _is_one_release(stem, starred) else operator + stem


def _is_one_release(version: str, starred: bool) -> bool:
    if _PLAIN.fullmatch(version) is None:
        return True
    return not starred and version.rpartition("!")[2].count(".") >= _RELEASE_COMPONENTS - 1
