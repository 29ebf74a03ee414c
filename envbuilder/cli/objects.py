"""The JSON objects of the interface that more than one command writes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from envbuilder.report.objects import SCHEMA, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envbuilder.findings import Change


def write_object(value: Mapping[str, Any]) -> None:
    """Write one JSON object on a line of stdout, in ASCII: no reader can be led astray by its text."""
    sys.stdout.write(json.dumps({"schema": SCHEMA, **value}) + "\n")


def change_object(change: Change) -> dict[str, Any]:
    """Return a change as ``changes`` of the interface has it."""
    place = place_of(change.origin)
    return {
        "code": change.code,
        "message": change.message,
        "file": place["file"],
        "line": place["line"],
        "before": change.before or None,
        "after": change.after or None,
    }
