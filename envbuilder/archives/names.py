"""Names of members: what leaves the folder in any spelling, and what no two readers read alike."""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Final

from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from envbuilder.archives.faults import Faults
    from envbuilder.archives.limits import Limits

_DRIVE: Final = re.compile(r"[A-Za-z]:")
_HIDDEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]")
_DOTS: Final = re.compile(r"[. ]*\.[. ]*")
"""``..`` and what some file systems make of ``.. `` or ``...``; ``.`` alone is taken away before."""


def checked(name: str, *, faults: Faults, limits: Limits, what: str = "the member") -> tuple[str, ...] | None:
    """Return the parts of a name, ``.`` and empty ones left out; None if it is refused.

    ``what`` begins the message. An empty tuple is the top of the archive itself (``./``).
    """
    shown = f"{what} {excerpt(name)!r}"
    if trouble := unreadable(name):
        faults.add("archive/malformed", f"{shown} {trouble}", subject=name)
        return None
    parts = tuple(part for part in name.split("/") if part not in ("", "."))
    if trouble := escapes(name, parts):
        faults.add("archive/path-escape", f"{shown} {trouble}", subject=name)
        return None
    if trouble := _too_long(name, parts, limits):
        faults.add("archive/malformed", f"{what} {excerpt(name)!r} {trouble}", subject=name)
        return None
    return parts


def unreadable(name: str) -> str:
    """Return why a text is no name that every reader reads alike, "" if it is one."""
    if not name:
        return "has no name"
    if "\x00" in name:
        return "has a NUL in its name, where some readers end it"
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "has a name that is no UTF-8"
    if _HIDDEN.search(name):
        return "has a control character in its name"
    return ""


def escapes(name: str, parts: tuple[str, ...]) -> str:
    """Return why a path is not one below the folder that it is unpacked into, "" if it is."""
    if name.startswith("/"):
        return "has an absolute path"
    if "\\" in name:
        return "has a backslash in its path, which separates folders elsewhere"
    if parts and _DRIVE.match(parts[0]):
        return "names a drive"
    if any(leaves(part) for part in parts):
        return "leaves its folder"
    return ""


def leaves(part: str) -> bool:
    """Whether one part of a path is ``..``, or becomes it (or a path of its own) where names are normalised."""
    plain = part if part.isascii() else unicodedata.normalize("NFKC", part)
    return bool(_DOTS.fullmatch(plain)) or (plain is not part and ("/" in plain or "\\" in plain))


def _too_long(name: str, parts: tuple[str, ...], limits: Limits) -> str:
    if len(name.encode()) > limits.path or any(len(part.encode()) > limits.part for part in parts):
        return "has a name that is longer than file systems take"
    return f"is more than {limits.depth} folders deep" if len(parts) > limits.depth else ""
