"""The JSON objects of the interface that more than one command writes."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from envbuilder.cli.failure import place_of

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

    from envbuilder.findings import Change


def write_object(value: Mapping[str, Any]) -> None:
    """Write one JSON object on a line of stdout, in ASCII: no reader can be led astray by its text."""
    sys.stdout.write(json.dumps({"schema": 1, **value}) + "\n")


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


def time_text(moment: datetime.datetime | None) -> str | None:
    """Return an aware time as RFC 3339 in UTC."""
    return moment.isoformat().replace("+00:00", "Z") if moment else None
