"""How a policy names packages, everywhere: ``name``, ``name==1.0``, ``name<2``."""

from __future__ import annotations

import re
from typing import Any

from envbuilder.policy import PackagePattern
from envbuilder.spec import PypiName

SYNTAX = "a package such as name, name==1.0 or name<2"

LONGEST = 200
"""Characters of a pattern."""

_PATTERN = re.compile(
    r"\s*(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?P<specifier>[<>=!~].*)?\s*", re.ASCII
)


def normalised(name: str) -> PypiName:
    """Return a name by PEP 503."""
    return PypiName(re.sub(r"[-_.]+", "-", name).lower())


def read_pattern(text: Any) -> PackagePattern:
    """Return the pattern that a text is. Raises ValueError."""
    found = _PATTERN.fullmatch(text) if isinstance(text, str) and len(text) <= LONGEST else None
    if found is None:
        raise ValueError("no pattern")
    specifier = "".join((found["specifier"] or "").split())
    if specifier:
        from packaging.specifiers import SpecifierSet  # loads much, and few policies need it

        SpecifierSet(specifier)  # raises InvalidSpecifier, which is a ValueError
    return PackagePattern(name=normalised(found["name"]), specifier=specifier)
