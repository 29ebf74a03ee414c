"""Which of a model's requirement files may be handed to a tool of others: plain requirements only."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envbuilder.errors import EnvbuilderError
from envbuilder.reader.directory import Directory, inner_path
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[A-Za-z0-9._,\s-]*\])?[A-Za-z0-9._,\s<>=!~*+()-]*")
"""A requirement without anything that could name a place: no slash, colon, at sign or dollar."""

MARKER = re.compile(r"[A-Za-z0-9._\s<>=!~'\"()-]+")
UNSAFE = re.compile(r"\s-|\.(whl|egg|zip|tar|tgz|gz|bz2|xz|zst|txt|toml|py)\b", re.IGNORECASE)
"""What PLAIN lets through and could still be an option or a file."""

INCLUDE = re.compile(r"(-r|--requirement|-c|--constraint)[\s=]+(?P<path>[A-Za-z0-9._/-]+)")
HASH = re.compile(r"\s--hash[=\s]sha(256|384|512):[0-9a-f]+")


class LeftOutError(EnvbuilderError):
    """The harness does not hand this model to a tool."""

    default_code = "harness/left-out"


def logical_lines(text: str) -> Iterator[str]:
    """Yield the lines of a requirements file without comments, continued ones joined."""
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        if bare := re.sub(r"(^|\s)#.*", "", line).strip():
            yield bare


def included(line: str) -> str | None:
    """Return the path that a ``-r`` or ``-c`` line names, else None."""
    match = INCLUDE.fullmatch(line)
    return match.group("path") if match else None


def harmless(line: str) -> bool:
    """Whether a line can name nothing but packages of the index."""
    requirement, semicolon, marker = HASH.sub("", line).partition(";")
    if not PLAIN.fullmatch(requirement.strip()) or UNSAFE.search(requirement):
        return False
    return not semicolon or MARKER.fullmatch(marker) is not None


def copies(model: Directory, first: Sequence[str]) -> dict[str, bytes]:
    """Return the files that ``first`` includes, themselves and theirs, by path.

    Raises LeftOutError for a line that is not plainly harmless.
    """
    found: dict[str, bytes] = {}
    waiting = [("", "\n".join(first))]
    while waiting:
        base, text = waiting.pop()
        if any(ord(character) < 32 and character not in "\t\r\n" for character in text):
            raise LeftOutError("a control character in a requirements file")
        for line in logical_lines(text):
            if (path := included(line)) is None:
                if not harmless(line):
                    raise LeftOutError(f"not handed to a tool: {excerpt(line)}")
                continue
            path = inner_path(path, base=base)
            if path not in found:
                found[path] = model.read(path).content
                waiting.append((path.rpartition("/")[0], decoded(path, found[path])))
    return found


def decoded(path: str, content: bytes) -> str:
    """Return a file's text. Raises LeftOutError."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise LeftOutError(f"{path} is not UTF-8") from None
