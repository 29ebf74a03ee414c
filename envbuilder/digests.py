"""Canonical JSON and the sha256 of it: the one way in which keys are made."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

Canonical: TypeAlias = "str | int | bool | Sequence[Canonical] | Mapping[str, Canonical] | None"

PATH_HEX = 20
"""How many hex digits of a key stand in a path; the whole key stands in the manifest."""


def canonical_json(value: Canonical) -> bytes:
    """Return ASCII JSON with sorted keys and no spaces, equal for equal values on every host.

    Floats are not accepted: their text differs between writers.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode("ascii")


def digest(value: Canonical) -> str:
    """Return the sha256 of the canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()


def digest_bytes(content: bytes) -> str:
    """Return the sha256 of bytes, 64 hex digits."""
    return hashlib.sha256(content).hexdigest()
