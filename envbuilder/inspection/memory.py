"""What a lock wants, kept beside it: the address is that of the request, so a known model is not parsed again.

A record is derived: one that is missing, damaged or of another version costs the time to make it again. Its
first line is the sha256 of the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import TYPE_CHECKING, Any

from envbuilder.digests import PATH_HEX
from envbuilder.errors import StoreError
from envbuilder.findings import Origin
from envbuilder.inspection.closure import Closure, Wanted
from envbuilder.inspection.roles import Role
from envbuilder.store.files import replace_file
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.store.layout import Layout

SCHEMA = 1
_DIGEST = 64


def find_closure(layout: Layout, key: str) -> Closure | None:
    """Return what the store remembers for a request's key."""
    try:
        content = _path(layout, key).read_bytes()
        head, body = content[:_DIGEST], content[_DIGEST + 1 :]
        if hashlib.sha256(body).hexdigest().encode() != head:
            return None
        value = json.loads(body)
        return _closure(value) if value["schema"] == SCHEMA and value["key"] == key else None
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None


def save_closure(layout: Layout, key: str, closure: Closure) -> None:
    """Keep a closure; that it cannot be kept is no failure."""
    body = json.dumps({"schema": SCHEMA, "key": key, **_value(closure)}).encode("ascii")
    digest = hashlib.sha256(body).hexdigest().encode()
    with contextlib.suppress(StoreError), told(layout.root, "keep a record"):
        replace_file(_path(layout, key), digest + b"\n" + body, tmp=layout.tmp)


def _path(layout: Layout, key: str) -> Path:
    return layout.record("inspections", f"{key[:PATH_HEX]}.json")


def _value(closure: Closure) -> dict[str, Any]:
    return {
        "lock_id": closure.lock_id,
        "spec_id": closure.spec_id,
        "resolution": closure.resolution,
        "implementation": closure.implementation,
        "python": _row(closure.python),
        "packages": [_row(wanted) for wanted in closure.packages],
        "files": closure.files,
        "absent": closure.absent,
    }


def _row(wanted: Wanted) -> list[Any]:
    origin = wanted.origin
    place = [origin.file, origin.line, origin.column] if origin else None
    return [wanted.name, wanted.version, wanted.role.value, wanted.logged, place]


def _closure(value: dict[str, Any]) -> Closure:
    return Closure(
        lock_id=value["lock_id"],
        spec_id=value["spec_id"],
        resolution=value["resolution"],
        implementation=value["implementation"],
        python=_wanted(value["python"]),
        packages=tuple(_wanted(row) for row in value["packages"]),
        files=tuple((path, sha256) for path, sha256 in value["files"]),
        absent=tuple(value["absent"]),
    )


def _wanted(row: list[Any]) -> Wanted:
    name, version, role, logged, place = row
    origin = Origin(file=place[0], line=place[1], column=place[2]) if place else None
    return Wanted(name=name, version=version, role=Role(role), logged=logged, origin=origin)
