"""Input that is not what the model takes: which column is wrong."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envbuilder.predictions.failure import Failure, error
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from envbuilder.findings import Finding
    from envbuilder.predictions.given import Given

_MISSING = (
    re.compile(r"Model is missing inputs \[(?P<names>[^\]]*)\]"),
    re.compile(r"columns are missing: \{(?P<names>[^}]*)\}"),
    re.compile(r"Feature names seen at fit time, yet now missing:\n(?P<names>(?:- .*\n?)+)"),
)
_EXTRA = (
    re.compile(r"there were extra inputs:? \[(?P<names>[^\]]*)\]"),
    re.compile(r"Feature names unseen at fit time:\n(?P<names>(?:- .*\n?)+)"),
)
_TYPE = (
    re.compile(r"Failed to convert column (?P<name>.+?) (?:from|to) type (?P<why>[^\n]*)"),
    re.compile(r"Incompatible input types for column (?P<name>.+?)\. (?P<why>[^\n]*)"),
)
_COUNT = re.compile(r"X has (\d+) features?, but \w+ is expecting (\d+) features?")
_OTHER = re.compile(
    r"[Ff]ailed to enforce schema|Expected input to be|Shape of input .* does not match|[Ii]ncompatible input"
    r"|[Ff]eature names should match|feature_names mismatch|Number of features of the model must match"
)
_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")


def diagnose(failure: Failure, given: Given) -> Finding | None:
    """Return the finding for values that do not fit the model's signature; None if that is not what failed."""
    if failure.stage != "predict":
        return None
    what = _what(failure.text)
    if not what:
        return None
    hint = (
        "the example is not what the signature says: log the model again"
        if given.own
        else _cure(failure.text)
    )
    return error("predict/schema", f"{excerpt(given.name)} does not fit: {what}", hint, origin=given.origin)


def _what(text: str) -> str:
    parts = [f"there is no column {name!r}" for name in _names(_MISSING, text)]
    parts += [f"the model knows no column {name!r}" for name in _names(_EXTRA, text)]
    for pattern in _TYPE:
        if found := pattern.search(text):
            parts.append(
                f"the column {excerpt(found['name'])!r} is of the wrong type: {excerpt(found['why'], 200)}"
            )
            break
    if found := _COUNT.search(text):
        parts.append(f"it has {found[1]} columns, the model takes {found[2]}")
    if not parts and (found := _OTHER.search(text)):
        parts.append(excerpt(text[found.start() :].partition("\n")[0], 300))
    return "; ".join(parts[:5])


def _names(patterns: tuple[re.Pattern[str], ...], text: str) -> list[str]:
    found = next((match for pattern in patterns if (match := pattern.search(text))), None)
    if found is None:
        return []
    listed = found["names"]
    names = _QUOTED.findall(listed) or [line.removeprefix("- ") for line in listed.splitlines() if line]
    return [excerpt(name) for name in names]


def _cure(text: str) -> str:
    if _names(_MISSING, text):
        return "name the columns as the model's signature does (`signature` in its MLmodel file)"
    return "give the types that the model's signature names (`signature` in its MLmodel file)"
