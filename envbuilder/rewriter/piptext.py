"""The text of one requirement line with the repairs that the rewriting made."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Change, Origin
from envbuilder.reader.pep508 import name_of, requirement, split_extras
from envbuilder.rewriter.repairs import DUMMY, LOCAL, SINGLE_EQUALS

EDITABLE_CODES = frozenset({SINGLE_EQUALS, DUMMY, LOCAL})
"""Repairs that are edits of a line; the others only concern what is resolved."""

_SPOT = Origin(file="")
_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?P<extras>\s*\[[^\]]*\])?"
    r"(?P<space>\s*)(?P<versions>[^;#\s][^;#]*?)?(?P<tail>\s*(?:;|\s#|\s-|\\|$).*)",
    re.DOTALL,
)

_ANY_DUMMY = "sklearn *"
_DUMMY_NAME = re.compile(r"sklearn(?![\w.-])")
_LABEL = re.compile(r"(===?\s*[^,+\s]+)\+[A-Za-z0-9._-]+")
_LONGEST = 2000
"""Characters of a line that is edited; only hashes make longer ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Repaired:
    """A line's new text (None: the line goes) and the changes that it took."""

    text: str | None
    changes: tuple[Change, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Unsafe:
    """A line that would have to change and cannot be edited as text."""

    changes: tuple[Change, ...]


Repairs: TypeAlias = Mapping[str, Change]
"""The repairs by the requirement that they found, in its canonical text."""


def repairs_among(changes: tuple[Change, ...]) -> Repairs:
    """Return those changes that are edits of a requirement line."""
    found = {change.before: change for change in changes if change.code in EDITABLE_CODES}
    # Lines of the dummy that were folded into one have texts of their own.
    dummy = next((change for change in changes if change.code == DUMMY), None)
    return {_ANY_DUMMY: dummy, **found} if dummy else found


def repaired(line: str, repairs: Repairs) -> Repaired | Unsafe | None:
    """Return a requirement line (without the blanks before it) as it should be; None if it is fine."""
    if not repairs or len(line) > _LONGEST:
        return None
    text: str | None = line
    made: list[Change] = []
    while text is not None and (change := _repair_of(text, repairs)) and change not in made:
        made.append(change)
        if "--hash" in text:
            return Unsafe(changes=tuple(made))
        text = _edited(text, change)
    return Repaired(text=text, changes=tuple(made)) if made else None


def _repair_of(line: str, repairs: Repairs) -> Change | None:
    canonical = _canonical(line)
    return repairs.get(canonical) or (repairs.get(_ANY_DUMMY) if _DUMMY_NAME.match(canonical) else None)


def _canonical(line: str) -> str:
    found = _LINE.fullmatch(line)
    if found is None:
        return ""
    semicolon = re.match(r"\s*;(.*?)(?:\s#.*|\s--?\w.*)?$", found["tail"], re.DOTALL)
    marker = f";{semicolon[1]}" if semicolon else ""
    try:
        name, rest = name_of(line[: found.start("tail")] + marker, _SPOT)
        extras, rest = split_extras(rest, _SPOT)
        return requirement(name, extras, rest, _SPOT).text
    except EnvbuilderError:
        return ""


def _edited(line: str, change: Change) -> str | None:
    found = _LINE.fullmatch(line)
    if found is None or not change.after:
        return None
    name, space, versions, tail = found["name"], found["space"], found["versions"] or "", found["tail"]
    if not versions:
        space, tail = "", space + tail
    if change.code == SINGLE_EQUALS:
        versions = f"={versions}"
    elif change.code == LOCAL:
        versions = _LABEL.sub(r"\1", versions)
    else:
        name, rest = name_of(change.after, _SPOT)
        versions = split_extras(rest, _SPOT)[1].partition(";")[0].strip()
        space = space if versions else ""
    return f"{name}{found['extras'] or ''}{space}{versions}{tail}"
