"""Mismatches as JSON, one object; docs/loaders/check.md tells its fields."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from envbuilder.findings import Level
from envbuilder.report.objects import SCHEMA, place_of

if TYPE_CHECKING:
    from envbuilder.inspection.mismatches import Mismatch, Mismatches


def write(found: Mismatches) -> Iterator[str]:
    """Yield the object on one line, in ASCII."""
    yield json.dumps({"schema": SCHEMA, **mismatches_object(found)}) + "\n"


def mismatches_object(found: Mismatches) -> dict[str, Any]:
    """Return what ``check --output json`` writes, without its schema number."""
    levels = Counter(item.level for item in found)
    return {
        "model": found.model,
        "lock_id": found.lock_id,
        "python": {"path": found.python, "version": found.python_version},
        "packages": found.packages,
        "matches": not found,
        "mismatches": [_mismatch(item) for item in found],
        "summary": {f"{level.value}s": levels[level] for level in Level},
    }


def _mismatch(item: Mismatch) -> dict[str, Any]:
    return {
        "name": item.name,
        "kind": item.kind.value,
        "code": item.code,
        "level": item.level.value,
        "role": item.role.value,
        "weight": item.weight,
        "wanted": item.wanted,
        "found": item.found,
        "message": item.message,
        **place_of(item.origin),
        "hint": item.hint,
    }
