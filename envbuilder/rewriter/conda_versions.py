"""Conda's version constraints as PEP 440 specifiers, or the reason why there is no equal one."""

from __future__ import annotations

import re
from dataclasses import dataclass

from envbuilder.reader.condaversion import pypi_specifier

_VERSION = re.compile(
    r"(?:\d+!)?\d+(?:\.\d+)*(?P<special>(?:\.?(?:a|b|rc|alpha|beta|c|pre)\.?\d+)?(?:\.?post\.?\d*)?"
    r"(?:\.?dev\.?\d*)?(?:\+[a-z0-9]+(?:[._][a-z0-9]+)*)?)",
    re.IGNORECASE,
)
"""PEP 440, without its spellings that a conda version does not mean: ``2021c`` is no release candidate."""

_PARTS = re.compile(r"([=<>!~]*)(.*?)(\.\*)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Unequal:
    """A constraint that PEP 440 cannot say, and why."""

    reason: str


def specifier_of(constraint: str) -> str | Unequal:
    """Return the PEP 440 specifier that means the same as a conda version constraint; empty for any.

    ``=1.2`` is ``==1.2.*``; ``=0.22.1`` is that one release, which is what MLflow wrote it for.
    Alternatives (``1.2|1.3``) have no equal.
    """
    if "|" in constraint:
        return Unequal(reason=f"of the alternatives {constraint} a requirement can name only one")
    specifier = pypi_specifier(constraint)
    if specifier is None:
        return Unequal(reason=f"{constraint} is no version constraint of PEP 440")
    clauses = [_clause(clause) for clause in specifier.split(",") if clause]
    unequal = next((clause for clause in clauses if isinstance(clause, Unequal)), None)
    return unequal or ",".join(map(str, clauses))


def _clause(clause: str) -> str | Unequal:
    operator, version, star = _PARTS.fullmatch(clause).groups("")  # type: ignore[union-attr]
    found = _VERSION.fullmatch(version)
    if found is None or (operator == "~=" and "." not in version):
        return Unequal(reason=f"{clause} is no version constraint of PEP 440")
    # A pre-release, a post-release or a local version is one release: PEP 440 knows no family of it.
    return f"{'==' if operator == '===' else operator}{version}{'' if found['special'] else star}"
