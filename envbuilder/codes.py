"""Every finding, change and error code with its meaning and its cure (the data: codes.toml)."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache
from importlib import resources

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """One code: what it means and what to do about it. Codes are stable for ever."""

    code: str
    meaning: str
    cure: str


@cache
def catalogue() -> dict[str, Code]:
    """Return every code, sorted; the file is read once."""
    table = tomllib.loads(resources.files("envbuilder").joinpath("codes.toml").read_text("utf-8"))
    entries = [
        Code(code=f"{area}/{what}", meaning=entry["meaning"], cure=entry["cure"])
        for area, whats in table.items()
        for what, entry in whats.items()
    ]
    return {entry.code: entry for entry in sorted(entries, key=lambda entry: entry.code)}
