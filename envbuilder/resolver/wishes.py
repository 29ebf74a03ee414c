"""The Pythons that a model's files ask for, in the order in which they count."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from envbuilder.errors import ResolveError
from envbuilder.findings import Change, Effect, Origin
from envbuilder.resolver.releases import LAST_PATCH, RELEASED, last_patch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.request import Request
    from envbuilder.spec import PythonRequest

OLDEST = (3, 6)
"""The oldest Python that uv resolves for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """One Python that would do: a version or PEP 440 specifiers, and who asks for it."""

    text: str
    origin: Origin | None = None

    @property
    def version(self) -> tuple[int, ...] | None:
        """(3, 8, 8) or (3, 8) where the text is one version, else None."""
        parts = self.text.split(".")
        readable = all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts)
        return tuple(map(int, parts)) if readable else None


def wishes(request: Request, python: Sequence[PythonRequest]) -> tuple[Wish, ...]:
    """Return what is asked for, the deciding wish first: the request's, else the files' in their order."""
    if request.python:
        return (Wish(text=request.python),)
    found = [
        Wish(text=text, origin=wish.origin)
        for wish in python
        for text in _alternatives(wish.text)
        if _readable(text)
    ]
    if python and not found:
        raise ResolveError(
            f"the python version {python[0].text!r} cannot be read",
            code="python/unreadable",
            origin=python[0].origin,
            hint="name a version with --python",
        )
    first: dict[str, Wish] = {}
    for wish in found:
        first.setdefault(wish.text, wish)
    return tuple(first.values())


def deciding(
    found: tuple[Wish, ...], created: datetime.datetime | None
) -> tuple[tuple[Wish, ...], tuple[Change, ...]]:
    """Leave out each Python that did not exist on the model's day, unless none did; tell if that decides.

    Files are edited after logging (somebody raises ``python=`` in conda.yaml), yet what logged the model is
    older than the model.
    """
    if created is None:
        return found, ()
    possible = tuple(wish for wish in found if _born(wish) <= created.date())
    if not possible or possible[0] == found[0]:
        return possible or found, ()
    change = Change(
        code="python/anachronism",
        message=f"python {found[0].text} came out after the model was logged; "
        f"{possible[0].text} is used, as {possible[0].origin} says",
        effect=Effect.ADAPTED,
        before=found[0].text,
        after=possible[0].text,
        origin=found[0].origin,
    )
    return possible, (change,)


def demanded(specifier: str, *, near: tuple[int, int]) -> tuple[Wish, ...]:
    """Return the minor versions that a specifier allows, the nearest to ``near`` first, but not itself."""
    allowed = SpecifierSet(specifier)
    minors = [m for m in LAST_PATCH if m != near and m >= OLDEST and allowed.contains(last_patch(m))]
    return tuple(
        Wish(text=f"{major}.{minor}") for major, minor in sorted(minors, key=lambda m: abs(m[1] - near[1]))
    )


def other_wishes(wishes: Sequence[Wish], minor: tuple[int, int]) -> tuple[Wish, ...]:
    """Return the wishes for another minor version than this one, the first of each."""
    found = {other: wish for wish in reversed(wishes) if (other := _minor_of(wish)) not in (None, minor)}
    return tuple(wish for wish in wishes if wish in found.values())


def _minor_of(wish: Wish) -> tuple[int, int] | None:
    version = wish.version
    return (version[0], version[1]) if version and len(version) > 1 else None


def _born(wish: Wish) -> datetime.date:
    """When a version's minor came out; long ago for a range and for what the table does not know."""
    version = wish.version or ()
    return (
        RELEASED.get((version[0], version[1]), datetime.date.min) if len(version) > 1 else datetime.date.min
    )


def _alternatives(text: str) -> list[str]:
    """Conda's ``3.7|3.8`` as separate wishes; its ``=3.8`` and ``3.8.*`` mean any 3.8."""
    found = []
    for part in text.replace(" ", "").split("|"):
        version = part.lstrip("=").removesuffix(".*")
        clauses = [_clause(clause) for clause in part.split(",") if clause]
        found.append(version if Wish(text=version).version else ",".join(clauses))
    return found


def _clause(clause: str) -> str:
    if clause.startswith("=") and not clause.startswith("=="):
        return f"=={clause.lstrip('=').removesuffix('*').removesuffix('.')}.*"
    return f"=={clause}" if clause[0].isdigit() else clause


def _readable(text: str) -> bool:
    if Wish(text=text).version:
        return True
    try:
        return bool(SpecifierSet(text))
    except InvalidSpecifier:
        return False
