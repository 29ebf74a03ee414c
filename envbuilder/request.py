"""How a model's environment is asked for: everything but the model itself."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

from envbuilder.digests import digest
from envbuilder.errors import UsageError
from envbuilder.redact import excerpt

AsOf: TypeAlias = "Literal['logged', 'now'] | datetime.datetime"
"""The day whose packages are wanted: the model's own date, today, or an aware time in UTC."""

EngineName: TypeAlias = Literal["auto", "uv", "pip", "conda"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """The options that stages share; the defaults are the command line's."""

    as_of: AsOf = "logged"
    python: str | None = None
    """A version (``3.8``, ``3.8.18``) that wins over what the model says; None for the model's own."""
    engine: EngineName = "auto"
    platform: str | None = None
    """As in Target (``linux-x86_64``, ``macos-arm64``); None for this host."""
    offline: bool = False
    strict: bool = False
    """Allow no substitution of any kind."""
    refresh: bool = False
    """Resolve again even if the store knows a lock."""

    @property
    def key(self) -> str:
        """sha256 of what can change the answer (not ``offline`` and ``refresh``, which only say how)."""
        as_of = self.as_of
        if isinstance(as_of, datetime.datetime):
            as_of_text = as_of.astimezone(datetime.timezone.utc).isoformat()
        else:
            as_of_text = as_of
        return digest(
            {
                "schema": 1,
                "as_of": as_of_text,
                "python": self.python,
                "engine": self.engine,
                "platform": self.platform,
                "strict": self.strict,
            }
        )


def read_as_of(value: str | datetime.date) -> AsOf:
    """Return ``logged``, ``now`` or the time that an RFC 3339 text or a date names; without a zone it is UTC.

    A bare date means its end: what was uploaded on that day exists. Raises UsageError.
    """
    if value == "logged":
        return "logged"
    if value == "now":
        return "now"
    try:
        moment = _moment(value) if isinstance(value, str) else value
        if not isinstance(moment, datetime.datetime):
            moment = datetime.datetime.combine(moment, datetime.time(23, 59, 59))
        return moment.replace(tzinfo=moment.tzinfo or datetime.timezone.utc).astimezone(datetime.timezone.utc)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{excerpt(str(value))!r} is no date to resolve as of",
            hint="give logged, now, 2021-03-15 or 2021-03-15T10:41:07Z",
        ) from None


def _moment(text: str) -> datetime.date:
    if len(text) == len("2021-03-15"):
        return datetime.date.fromisoformat(text)
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def read_python(text: str | None) -> str | None:
    """Return a version of two or three numbers, for ``host`` the running Python's; None stays None.

    A path or an option must never reach a tool as a version. Raises UsageError.
    """
    if text is None:
        return None
    if text == "host":
        import platform  # only for those who ask

        return platform.python_version()
    parts = text.split(".")
    if len(parts) in (2, 3) and all(part.isascii() and part.isdigit() and len(part) < 4 for part in parts):
        return text
    raise UsageError(f"{excerpt(text)!r} is no version of Python", hint="give it as 3.8, 3.8.18 or host")


def read_engine(text: str) -> EngineName:
    """Return the engine of that name. Raises UsageError."""
    names: tuple[EngineName, ...] = get_args(EngineName)
    for name in names:
        if text == name:
            return name
    raise UsageError(f"there is no engine {excerpt(text)!r}", hint=f"choose one of {', '.join(names)}")
