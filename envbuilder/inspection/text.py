"""Mismatches for people: a line each, the weightiest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from envbuilder.escapes import terminal_line
from envbuilder.findings import Level
from envbuilder.inspection.mismatches import ROLE_WORDS
from envbuilder.inspection.roles import Role
from envbuilder.redact import visible
from envbuilder.report.text import Style, plain

if TYPE_CHECKING:
    from envbuilder.inspection.mismatches import Mismatch, Mismatches


def write(found: Mismatches, *, style: Style = plain) -> Iterator[str]:
    """Yield the comparison line by line."""
    for line in _lines(found, style):
        yield terminal_line(line) + "\n"


def _lines(found: Mismatches, style: Style) -> Iterator[str]:
    yield f"{visible(found.python)} (Python {found.python_version}) for {visible(found.model)}"
    if not found:
        yield f"all {found.packages} packages are those of the model's lock"
        return
    names = max(len(item.name) for item in found)
    versions = max(len(_versions(item)) for item in found)
    for item in found:
        level = style(f"{item.level.value:<7}", item.level)
        place = visible(str(item.origin)) if item.origin else ROLE_WORDS[item.role].strip()
        yield f"  {level}  {item.name:<{names}}  {_versions(item):<{versions}}  {place}"
    yield _count(found)
    if found.grave:
        yield "hint: load it in its own environment: `envbuilder run MODEL -- python …`, or envbuilder.load_model"


def _versions(item: Mismatch) -> str:
    return visible(f"{item.found or 'missing'}, wanted {item.wanted}")


def _count(found: Mismatches) -> str:
    levels = Counter(item.level for item in found)
    parts = [f"{levels[level]} {level.value}{'s' * (levels[level] != 1)}" for level in Level if levels[level]]
    packages = sum(item.role is not Role.PYTHON for item in found)
    python = "the Python and " if packages < len(found) else ""
    return f"{python}{packages} of {found.packages} packages differ: {', '.join(parts)}"
