"""Predictions as files: JSON in the form of MLflow's scoring server, or CSV."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from envbuilder.errors import UsageError
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from envbuilder.predictions.trial import Predicted


def writer_for(path: Path) -> Callable[[Predicted], str]:
    """Return what makes the text of a file; its suffix says the form. Raises UsageError."""
    found = {".json": as_json, ".csv": as_csv}.get(path.suffix.lower())
    if found is None:
        raise UsageError(
            f"predictions cannot be written to {excerpt(str(path))}: its name tells no form",
            hint="name it .json or .csv",
        )
    return found


def write_predictions(predicted: Predicted, path: Path) -> None:
    """Write a file. Raises UsageError."""
    text = writer_for(path)(predicted)
    try:
        path.write_text(text, "utf-8", newline="")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise UsageError(
            f"{excerpt(str(path))} cannot be written: {reason}", hint="give another file"
        ) from None


def as_json(predicted: Predicted) -> str:
    """Return ``{"predictions": …}`` and a line break."""
    return f'{{"predictions": {predicted.text}}}\n'


def as_csv(predicted: Predicted) -> str:
    """Return a row for each prediction, below a header; what is no number or text stands there as JSON."""
    values = predicted.values
    rows = values if isinstance(values, list) else [values]
    header, lines = _table(rows)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([_cell(cell) for cell in line] for line in lines)
    return text.getvalue()


def _table(rows: list[Any]) -> tuple[list[str], list[list[Any]]]:
    if rows and all(isinstance(row, dict) for row in rows):
        names = list(dict.fromkeys(name for row in rows for name in row))
        return names, [[row.get(name) for name in names] for row in rows]
    if rows and all(isinstance(row, list) and len(row) == len(rows[0]) for row in rows):
        return [str(place) for place in range(len(rows[0]))], rows
    return ["prediction"], [[row] for row in rows]


def _cell(value: Any) -> Any:
    match value:
        case None:
            return ""
        case bool() | list() | dict():
            return json.dumps(value)
    return value
