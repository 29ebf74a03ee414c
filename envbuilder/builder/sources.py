"""Building source distributions with uv: which build environments are tried, and when.

Every attempt is dated, has no credentials in it, and takes its own requirements from the index unless it
says otherwise. The first one is what a careful installer of that day would have done; the others cure what
its words name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from envbuilder.spec import SEED_NAMES

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterator, Sequence

    from envbuilder.errors import EnvbuilderError
    from envbuilder.lock import Artifact, Lock


@dataclass(frozen=True, kw_only=True, slots=True)
class Attempt:
    """One way to set up a build."""

    title: str
    isolated: bool = True
    """False: in the environment itself, which has the lock's wheels already; nothing is fetched."""
    pinned: bool = True
    """Whether setuptools and wheel are held at the lock's versions."""
    dated: bool = True
    constraints: tuple[str, ...] = ()


FIRST = Attempt(title="in isolation, with the lock's setuptools and wheel")

CURES: Final = (
    (
        re.compile(
            r"No module named|ModuleNotFoundError|ImportError|HTTP status|error sending|network",
            re.IGNORECASE,
        ),
        Attempt(title="in the environment itself", isolated=False),
    ),
    (
        re.compile(r"No solution found|unsatisfiable|conflict|was not found|No module named", re.IGNORECASE),
        Attempt(title="in isolation, with that day's setuptools and wheel", pinned=False),
    ),
    (
        re.compile(r"use_2to3|2to3|pkg_resources|setuptools|distutils|easy_install", re.IGNORECASE),
        Attempt(
            title="in isolation, with setuptools before 58", pinned=False, constraints=("setuptools<58",)
        ),
    ),
    (
        re.compile(r"exclude-newer|upload", re.IGNORECASE),
        Attempt(title="in isolation, with build requirements of any day", pinned=False, dated=False),
    ),
)
"""What the words of the first failure call for. setuptools 58 dropped ``use_2to3`` (2021-09)."""


def cures(text: str) -> Iterator[Attempt]:
    """Yield the attempts that may mend what a failed build says."""
    return (attempt for sign, attempt in CURES if sign.search(text))


def constraints(lock: Lock, attempt: Attempt) -> tuple[str, ...]:
    """Return the build constraints of an attempt as requirement lines."""
    pins = [f"{a.name}=={a.version}" for a in lock.artifacts if a.name in SEED_NAMES and a.name != "pip"]
    return (*(pins if attempt.pinned else ()), *attempt.constraints)


def cutoff(lock: Lock) -> datetime.datetime | None:
    """Return the day as of which builds may take their requirements; None for today.

    Not before the youngest file of the lock: its own build may need what came out with it.
    """
    if lock.as_of is None:
        return None
    return max([lock.as_of, *(a.uploaded for a in lock.artifacts if a.uploaded)])


def build_each(sources: Sequence[Artifact], build: Callable[[Artifact], EnvbuilderError | None]) -> None:
    """Build sources one by one; one that fails is tried again once others are there.

    Old builds import what they never declared. ``build`` returns why it failed; the first reason is
    raised when a whole round builds nothing.
    """
    while sources:
        failures = [(artifact, error) for artifact in sources if (error := build(artifact))]
        if len(failures) == len(sources):
            raise failures[0][1]
        sources = [artifact for artifact, _ in failures]
