"""From a wish for a Python to what the channels are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from envbuilder.conda.matchtext import pin_text
from envbuilder.conda.wanted import PYTHON, WantedPython
from envbuilder.errors import ResolveError
from envbuilder.findings import Change, Effect
from envbuilder.resolver.releases import LAST_PATCH, default_minor, preferred_minors

if TYPE_CHECKING:
    import datetime

    from envbuilder.resolver.wishes import Wish


def wanted_python(
    wish: Wish | None, moment: datetime.datetime, build: str = ""
) -> tuple[WantedPython, tuple[Change, ...]]:
    """Return what to ask for: the version named, else of a range, or of all, what was in use on that day.

    ``build`` is the conda build that the wish comes with, if it does.
    Raises ResolveError (``python/unknown``) for a range that no Python is in.
    """
    if wish is None:
        minor = default_minor(moment)
        named = "{}.{}".format(*minor)
        change = Change(
            code="python/default",
            message=f"no file names a python; {named} is taken, in use on {moment:%Y-%m-%d}",
            effect=Effect.ADAPTED,
            after=named,
        )
        text = pin_text(PYTHON, f"=={named}.*")
        return WantedPython(text=text, minor=minor, whole=str(PYTHON)), (change,)
    version = wish.version
    if version and len(version) > 1:
        patch = wish.text if len(version) > 2 else ""
        text = pin_text(PYTHON, f"=={patch}" if patch else f"=={wish.text}.*")
        return WantedPython(
            text=text, minor=(version[0], version[1]), wish=wish, patch=patch, build=build
        ), ()
    return _of_range(wish, f"=={wish.text}.*" if version else wish.text, moment), ()


def _of_range(wish: Wish, specifier: str, moment: datetime.datetime) -> WantedPython:
    allowed = SpecifierSet(specifier)
    for minor in preferred_minors(moment):
        patches = (f"{minor[0]}.{minor[1]}.{n}" for n in range(LAST_PATCH[minor] + 1))
        if any(allowed.contains(patch) for patch in patches):
            text = pin_text(PYTHON, f"{specifier},=={minor[0]}.{minor[1]}.*")
            return WantedPython(text=text, minor=minor, wish=wish, whole=pin_text(PYTHON, specifier))
    raise ResolveError(
        f"no python that envbuilder knows satisfies {specifier}",
        code="python/unknown",
        origin=wish.origin,
        hint="name a version with --python",
    )
