"""Conda's version constraints in PEP 440's words."""

from __future__ import annotations

import re

_RELEASE_DOTS = 2
_CLAUSE = re.compile(r"(===|==|~=|!=|<=|>=|<|>|=)?([0-9][A-Za-z0-9._+!-]*?)(\.?\*)?")


def pypi_specifier(version: str) -> str | None:
    """Return a CondaRequirement's version as PEP 440 clauses, empty for any; None where that is impossible.

    ``1.19.*``, ``1.19*`` and ``=1.19`` become ``==1.19.*``; ``=20.2.4`` of three numbers is that release.
    Alternatives (``|``), globs inside a version and patterns have no counterpart.
    """
    if not version:
        return ""
    clauses = [_clause(part) for part in version.split(",")]
    return None if None in clauses else ",".join(clause for clause in clauses if clause)


def _clause(part: str) -> str | None:
    found = _CLAUSE.fullmatch(part)
    if found is None:
        return None
    operator, number, star = found[1] or "==", found[2], found[3]
    if operator == "=":
        operator, star = "==", star or number.count(".") < _RELEASE_DOTS
    # conda: a star behind an order operator says nothing (``>=2.*`` is ``>=2``).
    return f"{operator}{number}.*" if star and operator in {"==", "!="} else operator + number
