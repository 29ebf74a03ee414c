"""``requires.txt`` of old source distributions: their PKG-INFO names no requirements (setuptools' egg-info)."""

from __future__ import annotations

import re

_SECTION = re.compile(r"\[(?P<extra>[^\]:]*)(?::(?P<marker>[^\]]*))?\]")
_MOST = 2000
_LONGEST = 1000


def read_requires(content: bytes) -> tuple[str, ...]:
    """Return its lines as ``Requires-Dist`` would have them: sections are extras, markers or both."""
    found: list[str] = []
    conditions: list[str] = []
    for raw in content.splitlines():
        line = raw[:_LONGEST].decode("utf-8", "replace").strip()
        section = _SECTION.fullmatch(line)
        if section:
            conditions = [f"({section['marker']})"] if section["marker"] else []
            conditions += [f'extra == "{section["extra"]}"'] if section["extra"] else []
        elif line and not line.startswith("#"):
            found.append(f"{line} ; {' and '.join(conditions)}" if conditions else line)
    return tuple(found[:_MOST])
