"""Files that run when a Python starts, whether anybody imports them or not (the module ``site``)."""

from __future__ import annotations

import re
from typing import Final

_SITE: Final = ("site-packages", "dist-packages")
_MODULE: Final = re.compile(r"(sitecustomize|usercustomize)(\.(py|pyc|pyo)|(\.[\w-]+)?\.(so|pyd))?")

PTH: Final = "build/pth-file"
MODULE: Final = "build/startup-module"


def startup_code(rest: str) -> str | None:
    """Return the code of a file that runs at start-up from a site folder, None for all others.

    ``rest`` is its path below the site folder.
    """
    first, slash, inner = rest.partition("/")
    if not slash and first.lower().endswith(".pth"):
        return PTH
    if _MODULE.fullmatch(first) and (not slash or inner.startswith("__init__.")):
        return MODULE
    return None


def below_site(path: str) -> str | None:
    """Return what follows the last site folder in a path, None if it goes through none."""
    parts = path.split("/")
    for at in range(len(parts) - 2, -1, -1):
        if parts[at] in _SITE:
            return "/".join(parts[at + 1 :])
    return None
