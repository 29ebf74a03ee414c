"""Failures that would only repeat: remembered for a while, so that a fleet does not try every second.

What may pass by itself (network, a missing tool) is never remembered.
"""

from __future__ import annotations

import contextlib
import enum
import json
import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.digests import PATH_HEX
from envbuilder.errors import BuildError, EnvbuilderError, ResolveError, StoreError
from envbuilder.store.fields import Fields, Unreadable, origin_json
from envbuilder.store.files import replace_file

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.findings import Origin
    from envbuilder.store.layout import Layout

SCHEMA = 1

LONGEST_LOG = 4 * 1024 * 1024
"""Bytes of a log that is kept; a build that says more repeats itself."""


class FailureClass(enum.Enum):
    """Why something failed."""

    NO_SOLUTION = "no-solution"
    BUILD = "build"
    DISK = "disk"


LIFETIME = {FailureClass.NO_SOLUTION: 3600, FailureClass.BUILD: 600, FailureClass.DISK: 30}
"""Seconds for which nobody tries again; ``--refresh`` does at once, and so does a disk with more room."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remembered:
    """A failure as it was told, without its class of exception."""

    kind: FailureClass
    code: str
    message: str
    hint: str
    detail: str
    origin: Origin | None
    requirements: tuple[tuple[Origin, str], ...]
    failed_at: int
    """Seconds since 1970."""
    free: int
    """Bytes free on the store's disk at that time."""


def classify(error: BaseException) -> FailureClass | None:
    """Return the class of a failure that is worth remembering, None for all others."""
    match error:
        case EnvbuilderError(code=code) if code.endswith(("/network", "/offline", "/tool")):
            return None
        case StoreError(code="store/full") | BuildError(code="build/disk-full"):
            return FailureClass.DISK
        case BuildError() | ResolveError(code="resolve/build"):
            return FailureClass.BUILD
        case ResolveError():
            return FailureClass.NO_SOLUTION
    return None


def remember(layout: Layout, key: str, error: BaseException) -> None:
    """Keep a failure, if its class is worth it; that it cannot be kept is no failure of its own."""
    kind = classify(error)
    if kind is None or not isinstance(error, EnvbuilderError):
        return
    requirements = error.requirements if isinstance(error, ResolveError) else ()
    value = {
        "schema": SCHEMA,
        "key": key,
        "class": kind.value,
        "code": error.code,
        "message": error.message,
        "hint": error.hint,
        "detail": error.detail,
        "origin": origin_json(error.origin),
        "requirements": [{"text": text, "origin": origin_json(origin)} for origin, text in requirements],
        "failed_at": int(time.time()),
        "free": _free(layout.root),
    }
    with contextlib.suppress(OSError):
        replace_file(_path(layout, key), json.dumps(value, indent=1).encode("ascii"), tmp=layout.tmp)


def keep_log(layout: Layout, key: str, text: str) -> Path | None:
    """Keep the log of a failure beside it, cut in the middle if it is very long; return where, if anywhere.

    It goes with the failure: when that is forgotten, or with the next collection after a day. An empty text
    takes away what an earlier failure left.
    """
    path = _log(layout, key)
    content = text.encode("utf-8", "backslashreplace")
    over = len(content) - LONGEST_LOG
    if over > 0:
        head, tail = content[: LONGEST_LOG // 4], content[-3 * LONGEST_LOG // 4 :]
        content = head + f"\n… {over} bytes left out\n".encode() + tail
    try:
        if content:
            replace_file(path, content, tmp=layout.tmp)
            return path
        path.unlink(missing_ok=True)
    except OSError:
        # A full disk has no room for the words about it either.
        pass
    return None


def recall(layout: Layout, key: str) -> EnvbuilderError | None:
    """Return a failure that still counts, as an error that tells how old it is."""
    found = _read(_path(layout, key), key)
    if found is None:
        return None
    age = time.time() - found.failed_at
    # A clock that jumped back must not make it last.
    if not -1 <= age <= LIFETIME[found.kind]:
        return None
    if found.kind is FailureClass.DISK and _free(layout.root) > found.free:
        return None
    return _error(found, minutes=int(age / 60))


def forget(layout: Layout, key: str) -> None:
    """Try again the next time."""
    for path in (_path(layout, key), _log(layout, key)):
        with contextlib.suppress(OSError):
            path.unlink()


def _error(found: Remembered, *, minutes: int) -> EnvbuilderError:
    ago = "just now" if minutes == 0 else f"{minutes} min ago"
    hint = "; ".join(
        filter(None, [found.hint, f"this failed {ago} and is remembered: --refresh tries again"])
    )
    message, code, detail, origin = found.message, found.code, found.detail, found.origin
    match code.partition("/")[0]:
        case "build":
            return BuildError(message, code=code, origin=origin, hint=hint, detail=detail)
        case "store":
            return StoreError(message, code=code, origin=origin, hint=hint, detail=detail)
    return ResolveError(
        message, requirements=found.requirements, code=code, origin=origin, hint=hint, detail=detail
    )


def _read(path: Path, key: str) -> Remembered | None:
    try:
        fields = Fields.parse(path.read_bytes(), schema=SCHEMA)
        if fields.text("key") != key:
            return None
        return Remembered(
            kind=FailureClass(fields.text("class")),
            code=fields.text("code"),
            message=fields.text("message"),
            hint=fields.text("hint"),
            detail=fields.text("detail"),
            origin=fields.maybe_origin("origin"),
            requirements=tuple(
                (item.origin("origin"), item.text("text")) for item in fields.objects("requirements")
            ),
            failed_at=fields.number("failed_at"),
            free=fields.number("free"),
        )
    except (OSError, Unreadable, ValueError):
        return None


def _path(layout: Layout, key: str) -> Path:
    return layout.root / "failed" / f"{key[:PATH_HEX]}.json"


def _log(layout: Layout, key: str) -> Path:
    return layout.root / "failed" / f"{key[:PATH_HEX]}.log"


def _free(root: Path) -> int:
    try:
        status = os.statvfs(root)
    except OSError:
        return 0
    return status.f_bavail * status.f_frsize
