"""Names of scripts that an installer would write: one plain name each, and none of the environment's own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from envbuilder.archives.names import escapes, leaves, unreadable
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.archives.faults import Faults

_SECTION: Final = re.compile(r"\[\s*(.*?)\s*\]")
_OWN: Final = re.compile(
    r"(python|pythonw|pypy|graalpy)(\d+(\.\d+)*t?)?(\.exe)?|(de)?activate(\.\w+|_this\.py)?"
)


def entry_points(content: bytes) -> Iterator[str]:
    """Yield the names of all console and GUI scripts of an entry_points.txt, as any of its readers reads it."""
    scripts = False
    for line in content.decode("utf-8", "surrogateescape").splitlines():
        text = line.strip()
        if found := _SECTION.match(text):
            scripts = found.group(1).lower() in ("console_scripts", "gui_scripts")
        elif scripts and text and text[0] not in "#;":
            yield text.partition("=")[0].strip()


def is_own(name: str) -> bool:
    """Whether a program of this name belongs to the environment itself: its Python, its activation."""
    return _OWN.fullmatch(name.lower()) is not None


def check_script(name: str, *, faults: Faults, where: str) -> None:
    """Refuse a script that would not be written into the environment's folder of programs, or over a part of it."""
    shown = f"{where} names a script {excerpt(name)!r}"
    trouble = unreadable(name) or escapes(name, tuple(name.split("/")))
    if trouble or "/" in name or leaves(name) or name == ".":
        faults.add("archive/script-path", f"{shown} that {trouble or 'is a path'}", subject=name)
    elif is_own(name):
        faults.add(
            "archive/script-path",
            f"{shown}, which would take the place of the environment's own",
            subject=name,
        )
