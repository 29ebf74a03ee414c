"""How a model's environment is asked for: everything but the model itself."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal, TypeAlias

from envbuilder.digests import digest

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
