"""Where in a TOML text a key or an item of a list stands; no TOML library of Python tells.

The text is known to be TOML by then (tomllib has read it), so that this needs to find the ends of things
only, never to judge them: https://toml.io/en/v1.0.0. One pass, no recursion, whatever the nesting.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from envbuilder.findings import Origin
from envbuilder.policy import PolicyText

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KeyPath: TypeAlias = "tuple[str | int, ...]"
"""Keys of tables and indexes of lists, from the root of the policy: ``("channels", "allow", 1)``."""

_BLANK = re.compile(r"[ \t]*")
_SPACE = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^\s,\]}#]+(?: [0-9]{2}:[^\s,\]}#]+)?")
"""A number, a truth, a time; the date of one may be parted from its hour by a blank."""
_ENDS = {'"""': re.compile(r'\\.|"""', re.DOTALL), "'''": re.compile("'''"), '"': re.compile(r'\\.|"'), "'": re.compile("'")}  # fmt: skip


def origin_of(written: PolicyText, path: KeyPath) -> Origin:
    """Return where a key or an item of the policy stands; the nearest table around it where it has no place."""
    return origins_of(written, [path])[path]


def origins_of(written: PolicyText, paths: Iterable[KeyPath]) -> dict[KeyPath, Origin]:
    """Return where each of the keys and items stands, in one pass over the text."""
    rooted = {path: (*written.root, *path) for path in paths}
    text = written.text.replace("\r\n", "\n")
    found = _Scan(text, rooted.values()).offsets()
    return {path: _origin(written.file, text, _nearest(found, whole)) for path, whole in rooted.items()}


def _nearest(found: dict[KeyPath, int], path: KeyPath) -> int | None:
    return next((found[path[:end]] for end in range(len(path), 0, -1) if path[:end] in found), None)


def _origin(file: str, text: str, offset: int | None) -> Origin:
    if offset is None:
        return Origin(file=file)
    start = text.rfind("\n", 0, offset)
    return Origin(file=file, line=text.count("\n", 0, offset) + 1, column=offset - start)


@dataclass(kw_only=True, slots=True)
class _Frame:
    """An open list or inline table, and where it is; None where nothing in it is asked for."""

    path: KeyPath | None
    closer: str
    index: int = 0


class _Scan:
    """One pass over a text; notes the offsets of what is asked for, and of what is around it."""

    def __init__(self, text: str, wanted: Iterable[KeyPath]) -> None:
        self._text = text + "\n"
        self._needed = {path[:end] for path in wanted for end in range(len(path) + 1)}
        self._found: dict[KeyPath, int] = {}
        self._counts: dict[KeyPath, int] = {}

    def offsets(self) -> dict[KeyPath, int]:
        table: KeyPath | None = ()
        at, end = 0, len(self._text)
        while (at := self._after(_SPACE, at)) < end:
            if self._text[at] == "[":
                table = self._header(at)
            else:
                path, at = self._assigned(table, at)
                at = self._value(path, at)
            at = self._text.find("\n", at)
        return self._found

    def _after(self, pattern: re.Pattern[str], at: int) -> int:
        found = pattern.match(self._text, at)
        return found.end() if found else at

    def _header(self, at: int) -> KeyPath | None:
        """Read ``[a.b]`` or ``[[a.b]]``; a name of a list of tables means its last one so far."""
        several = self._text.startswith("[[", at)
        keys, _ = self._keys(at + 1 + several)
        path: KeyPath = ()
        for number, key in enumerate(keys, 1):
            path = (*path, key)
            self._note(path, at, implied=number < len(keys) or several)
            if several and number == len(keys):
                self._counts[path] = self._counts.get(path, 0) + 1
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
                self._note(path, at, implied=number < len(keys))
        return path if path in self._needed else None

    def _assigned(self, table: KeyPath | None, at: int) -> tuple[KeyPath | None, int]:
        """Read ``a.b =``; return its path and where its value begins."""
        keys, end = self._keys(at)
        path = table
        for number, key in enumerate(keys, 1):
            path = self._child(path, key)
            if path is not None:
                self._note(path, at, implied=number < len(keys))
        return path, self._after(_BLANK, end + 1)

    def _child(self, path: KeyPath | None, part: str | int) -> KeyPath | None:
        if path is None:
            return None
        child = (*path, part)
        return child if child in self._needed else None

    def _note(self, path: KeyPath, at: int, *, implied: bool = False) -> None:
        if path in self._needed:
            if implied:
                self._found.setdefault(path, at)
            else:
                self._found[path] = at

    def _keys(self, at: int) -> tuple[list[str], int]:
        """Read a dotted key; return its parts and where what follows it stands."""
        keys = []
        while True:
            at = self._after(_BLANK, at)
            quoted = self._text[at] in "\"'"
            end = self._string_end(at) if quoted else self._after(_BARE, at)
            raw = self._text[at:end]
            keys.append(str(tomllib.loads(f"k = {raw}")["k"]) if quoted else raw)
            at = self._after(_BLANK, end)
            if self._text[at] != ".":
                return keys, at
            at += 1

    def _value(self, path: KeyPath | None, at: int) -> int:
        """Return where a value ends; the items in it are noted on the way."""
        frames: list[_Frame] = []
        while True:
            character = self._text[at]
            if character in "[{":
                frames.append(_Frame(path=path, closer="]" if character == "[" else "}"))
                at += 1
            elif character in "\"'":
                at = self._string_end(at)
            else:
                at = self._after(_SCALAR, at)
            at = self._close(frames, at)
            if not frames:
                return at
            path, at = self._item(frames[-1], at)

    def _close(self, frames: list[_Frame], at: int) -> int:
        """Pass over what stands between a value and the next one of the innermost list that is open."""
        while frames:
            at = self._after(_SPACE, at)
            character = self._text[at]
            if character == frames[-1].closer:
                frames.pop()
            elif character == ",":
                frames[-1].index += 1
            else:
                break
            at += 1
        return at

    def _item(self, frame: _Frame, at: int) -> tuple[KeyPath | None, int]:
        if frame.closer == "}":
            return self._assigned(frame.path, at)
        path = self._child(frame.path, frame.index)
        if path is not None:
            self._note(path, at)
        return path, at

    def _string_end(self, at: int) -> int:
        """Return where a string ends, of any of the four kinds."""
        quote = self._text[at]
        fence = quote * 3 if self._text.startswith(quote * 3, at) else quote
        position = at + len(fence)
        while (found := _ENDS[fence].search(self._text, position)) and found[0] != fence:
            position = found.end()
        end = found.end() if found else len(self._text) - 1
        # Up to two quotes before the closing ones belong to the text: """a""""" is a and two quotes.
        while len(fence) == 3 and self._text[end] == quote and end < len(self._text) - 1:
            end += 1
        return end
