"""Reading the store's JSON: a handful of typed getters, so that no dict and no surprise leaves a reader."""

from __future__ import annotations

import datetime
import json
from typing import Any

from envbuilder.findings import Change, Effect, Origin


class Unreadable(ValueError):
    """A file of the store is not what it should be; it counts as absent."""


class Fields:
    """A JSON object whose values are asked for by type. Every getter raises Unreadable."""

    def __init__(self, value: object) -> None:
        if not isinstance(value, dict):
            raise Unreadable("not an object")
        self._values: dict[str, Any] = value

    @classmethod
    def parse(cls, content: bytes, *, schema: int) -> Fields:
        """Read one object with the ``schema`` number that the caller knows."""
        try:
            fields = cls(json.loads(content))
        except (ValueError, RecursionError) as error:
            raise Unreadable(str(error)) from error
        if fields.number("schema") != schema:
            raise Unreadable("another schema")
        return fields

    def has(self, name: str) -> bool:
        """Whether there is such a value, null included."""
        return name in self._values

    def text(self, name: str) -> str:
        """A string."""
        value = self._values.get(name)
        if not isinstance(value, str):
            raise Unreadable(f"{name} is no string")
        return value

    def maybe_text(self, name: str) -> str | None:
        """A string or null."""
        return None if self._values.get(name) is None else self.text(name)

    def number(self, name: str) -> int:
        """A whole number."""
        value = self._values.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise Unreadable(f"{name} is no number")
        return value

    def maybe_number(self, name: str) -> int | None:
        """A whole number or null."""
        return None if self._values.get(name) is None else self.number(name)

    def flag(self, name: str) -> bool:
        """True or false."""
        value = self._values.get(name)
        if not isinstance(value, bool):
            raise Unreadable(f"{name} is neither true nor false")
        return value

    def time(self, name: str) -> datetime.datetime:
        """An aware time (RFC 3339)."""
        try:
            value = datetime.datetime.fromisoformat(self.text(name))
        except ValueError as error:
            raise Unreadable(f"{name} is no time") from error
        if value.tzinfo is None:
            raise Unreadable(f"{name} has no time zone")
        return value

    def maybe_time(self, name: str) -> datetime.datetime | None:
        """An aware time or null."""
        return None if self._values.get(name) is None else self.time(name)

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        value = self._values.get(name)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise Unreadable(f"{name} is no list of strings")
        return tuple(value)

    def origin(self, name: str) -> Origin:
        """A spot in a file: path, line, column."""
        match self._values.get(name):
            case [str(file), int(line), int(column)]:
                return Origin(file=file, line=line, column=column)
        raise Unreadable(f"{name} is no place")

    def maybe_origin(self, name: str) -> Origin | None:
        """A spot in a file or null."""
        return None if self._values.get(name) is None else self.origin(name)

    def object(self, name: str) -> Fields:
        """An object."""
        return Fields(self._values.get(name))

    def objects(self, name: str) -> tuple[Fields, ...]:
        """A list of objects."""
        value = self._values.get(name)
        if not isinstance(value, list):
            raise Unreadable(f"{name} is no list")
        return tuple(Fields(item) for item in value)


def time_text(time: datetime.datetime | None) -> str | None:
    """Return RFC 3339 in UTC, None for None."""
    return time.astimezone(datetime.timezone.utc).isoformat() if time else None


def origin_json(origin: Origin | None) -> list[str | int] | None:
    """Return a spot as JSON values."""
    return [origin.file, origin.line, origin.column] if origin else None


def change_json(change: Change) -> dict[str, Any]:
    """Return a change as JSON values."""
    return {
        "code": change.code,
        "message": change.message,
        "effect": change.effect.value,
        "before": change.before,
        "after": change.after,
        "origin": origin_json(change.origin),
    }


def change_from(fields: Fields) -> Change:
    """Read a change back. Raises Unreadable."""
    try:
        effect = Effect(fields.text("effect"))
    except ValueError as error:
        raise Unreadable("an unknown effect") from error
    return Change(
        code=fields.text("code"),
        message=fields.text("message"),
        effect=effect,
        before=fields.text("before"),
        after=fields.text("after"),
        origin=fields.maybe_origin("origin"),
    )
