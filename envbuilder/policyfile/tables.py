"""A table of the policy, read key by key: what is wrong is gathered, and pointed at once all is known."""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, get_args

from envbuilder.errors import PolicyRefused
from envbuilder.findings import Finding, Level
from envbuilder.policy import PolicyText, Verdict
from envbuilder.policyfile.places import KeyPath, origins_of
from envbuilder.redact import excerpt

INVALID = "policy/invalid"
UNKNOWN_KEY = "policy/unknown-key"

_LISTED = 20
"""Keys that fit into a hint."""
_COMPARED = 80
"""Characters of a key that are compared with the known ones."""
_TOLD = 100
"""Mistakes that are told; a file that has more is none of ours."""

Value = TypeVar("Value")


def shown(path: KeyPath) -> str:
    """Return a path as people write it: ``licenses.exception[0].until``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return excerpt(text.removeprefix("."))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mistake:
    path: KeyPath
    code: str
    message: str
    hint: str


class Mistakes:
    """What is wrong with a policy, in the order in which it is met."""

    def __init__(self) -> None:
        self._met: list[_Mistake] = []

    @property
    def full(self) -> bool:
        """Whether no more are told."""
        return len(self._met) >= _TOLD

    def has(self, path: KeyPath) -> bool:
        """Whether something was noted at a key or an item."""
        return any(mistake.path == path for mistake in self._met)

    def add(self, path: KeyPath, message: str, *, hint: str, code: str = INVALID) -> None:
        """Note a mistake at a key or an item."""
        if not self.full:
            self._met.append(_Mistake(path=path, code=code, message=message, hint=hint))

    def refuse(self, written: PolicyText) -> None:
        """Raise PolicyRefused with all that was noted, in the order of the file; return if there is nothing."""
        if not self._met:
            return
        origins = origins_of(written, [mistake.path for mistake in self._met])
        findings = [
            Finding(
                code=mistake.code, level=Level.ERROR, message=mistake.message, hint=mistake.hint,
                origin=origins[mistake.path], subject=shown(mistake.path),
            )
            for mistake in self._met
        ]  # fmt: skip
        raise PolicyRefused(tuple(sorted(findings, key=lambda finding: finding.origin or origins[()])))


class Table:
    """Typed getters: each key has a kind, and whoever asks for a key makes it a known one."""

    def __init__(self, values: Mapping[str, Any], path: KeyPath, mistakes: Mistakes) -> None:
        self._values = values
        self._mistakes = mistakes
        self.path = path
        self.asked: dict[str, Table | tuple[Table, ...] | None] = {}
        """The known keys, with the tables that stand below them."""

    def table(self, key: str) -> Table:
        """Return the table below a key; an empty one where there is none."""
        value = self._get(key, {})
        if not isinstance(value, dict):
            self.wrong(key, "a table")
            value = {}
        below = Table(value, (*self.path, key), self._mistakes)
        self.asked[key] = below
        return below

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return the tables of a list of tables (``[[key]]``)."""
        value = self._get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self.wrong(key, f"a list of tables, each under its own [[{shown((*self.path, key))}]]")
            value = []
        path = (*self.path, key)
        below = tuple(Table(item, (*path, n), self._mistakes) for n, item in enumerate(value))
        self.asked[key] = below
        return below

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; an empty one where there is none."""
        value = self._get(key, [])
        if not isinstance(value, list):
            self.wrong(key, "a list of texts")
            return ()
        for number, item in enumerate(value):
            if not isinstance(item, str):
                self.wrong_at((key, number), "a text")
        return tuple(map(str, value))

    def text(self, key: str, wanted: str) -> str:
        """Return a text that has to be there and not to be empty."""
        value = self._get(key, "")
        if isinstance(value, str) and value.strip():
            return value.strip()
        if key in self._values:
            self.wrong(key, wanted)
        else:
            self._mistakes.add(self.path, f"{shown(self.path)} has no {key}", hint=f"add {key}: {wanted}")
        return ""

    def verdict(self, key: str, default: Verdict) -> Verdict:
        """Return ``deny``, ``warn`` or ``allow``."""
        value = self._get(key, default)
        verdicts: tuple[Verdict, ...] = get_args(Verdict)
        for verdict in verdicts:
            if value == verdict:
                return verdict
        self.wrong(key, " or ".join(f'"{verdict}"' for verdict in verdicts))
        return default

    def day(self, key: str) -> datetime.date | None:
        """Return a day, None where there is none."""
        value = self._get(key, None)
        if value is None or (isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)):
            return value
        self.wrong(key, "a day, such as 2027-06-30, without quotes")
        return None

    def read(self, key: str, read: Callable[[Any], Value], wanted: str) -> Value | None:
        """Return what ``read`` makes of a value, None where there is none or it raises ValueError."""
        value = self._get(key, None)
        if value is None:
            return None
        try:
            return read(value)
        except (ValueError, TypeError):
            self.wrong(key, wanted)
            return None

    def entries(self) -> Iterator[tuple[str, Any]]:
        """Yield all keys with their values: each key of this table is the user's own."""
        for key, value in self._values.items():
            self.asked[key] = None
            yield key, value

    def wrong(self, key: str | int, wanted: str, *, hint: str = "mend that line of the policy") -> None:
        """Note that a value is not what it has to be; ``key`` may be an index of a list."""
        self.wrong_at((key,), wanted, hint=hint)

    def wrong_at(self, keys: KeyPath, wanted: str, *, hint: str = "mend that line of the policy") -> None:
        """Note that a value further below is not what it has to be, unless something is against it already."""
        path = (*self.path, *keys)
        if not self._mistakes.full and not self._mistakes.has(path):
            self._mistakes.add(path, f"{shown(path)} has to be {wanted}", hint=hint)

    def close(self) -> None:
        """Note every key that nobody asked for, here and below."""
        self.refuse_all_but(tuple(self.asked))
        for below in self.asked.values():
            for table in (below,) if isinstance(below, Table) else below or ():
                table.close()

    def refuse_all_but(self, known: tuple[str, ...]) -> None:
        """Note every key that is not a known one, with the nearest that is."""
        unknown = self._values.keys() - set(known)
        for key in self._values:
            if key in unknown and not self._mistakes.full:  # to look for the nearest takes its time
                near = difflib.get_close_matches(key[:_COMPARED], known, n=1)
                prefix = f"{shown(self.path)}." if self.path else ""
                listed = ", ".join(known) if len(known) < _LISTED else f"{known[0]} … {known[-1]}"
                self._mistakes.add(
                    (*self.path, key),
                    f"the policy has no key {shown((*self.path, key))!r}",
                    code=UNKNOWN_KEY,
                    hint=f"did you mean {prefix}{near[0]}?" if near else f"known keys: {listed}",
                )

    def _get(self, key: str, default: Any) -> Any:
        self.asked.setdefault(key, None)
        return self._values.get(key, default)
