"""Which interpreter serves a wish: exact patch, nearest patch of the same minor, a download, or an error."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from envbuilder.errors import InterpreterError, UsageError
from envbuilder.interpreters.facts import Facts
from envbuilder.interpreters.places import SYSTEM_FOLDERS, executables, places
from envbuilder.interpreters.probe import Unfit
from envbuilder.interpreters.ways import FetchingWay, HostWay, UvWay, Way
from envbuilder.progress import SILENT, Progress
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from packaging.specifiers import SpecifierSet

    from envbuilder.environment import Interpreter
    from envbuilder.settings import Settings

_VERSION = re.compile(r"\d{1,3}(\.\d{1,3}){0,2}", re.ASCII)
_LONGEST_WISH = 200


@dataclass(frozen=True, slots=True)
class _Exact:
    """A patch release: (3, 8, 8)."""

    release: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Any:
    """Whatever the specifier contains."""

    specifier: SpecifierSet


_Wish: TypeAlias = "_Exact | _Any"


@dataclass(frozen=True, slots=True)
class _Survey:
    found: tuple[Interpreter, ...]
    unfit: tuple[tuple[Path, str], ...]
    looked: tuple[Path, ...]
    """The folders that were looked into and exist."""


class Interpreters:
    """The Pythons of this host.

    ``folder`` is the store's own: the cache of facts and the interpreters that were fetched are in it. The
    host is searched once, when first asked. ``ways`` are gone in order; unless given it is the host's own
    Pythons, then uv's downloads.
    """

    def __init__(
        self,
        *,
        settings: Settings,
        folder: Path,
        system: Iterable[str] = SYSTEM_FOLDERS,
        ways: Sequence[Way] | None = None,
    ) -> None:
        self._settings = settings
        self._folder = folder
        self._system = tuple(system)
        self._ways = (HostWay(), UvWay(settings=settings, folder=folder)) if ways is None else tuple(ways)
        self._survey: _Survey | None = None

    def present(self) -> tuple[Interpreter, ...]:
        """Return every CPython 3 that answers, each real binary once, the preferred places first."""
        return self._surveyed().found

    def choose(self, wish: str, *, progress: Progress = SILENT) -> Interpreter:
        """Return the interpreter for ``3.8.8``, ``3.8`` or a specifier such as ``>=3.8,<3.10``.

        A patch release that is not there is replaced by the nearest one of its minor (the younger of two
        as near); of a minor or a specifier the newest that fits is taken; among equals the first found.
        What is not here is fetched where settings allow. Raises UsageError for a wish that is none,
        InterpreterError with all that was looked at.
        """
        wanted = _read_wish(wish)
        tried: list[str] = []
        for way in self._ways:
            chosen = self._by(way, wanted)
            if chosen is None and not isinstance(way, HostWay):
                tried += self._fetch(way, wish, wanted, progress)
                chosen = self._by(way, wanted)
            if chosen:
                return chosen
        raise InterpreterError(
            f"no Python for {wish!r} was found",
            detail="\n".join([*_report(self._surveyed()), *tried]),
            hint=f"install Python {wish} (uv python install, pyenv or conda), or choose another with --python",
        )

    def _by(self, way: Way, wanted: _Wish) -> Interpreter | None:
        return _best(tuple(found for found in self.present() if way.leads_to(found)), wanted)

    def _fetch(self, way: FetchingWay, wish: str, wanted: _Wish, progress: Progress) -> list[str]:
        """Try the wish itself, then its minor: not every patch release is offered. Return what failed."""
        wishes = [wish]
        if isinstance(wanted, _Exact):
            wishes.append(f"{wanted.release[0]}.{wanted.release[1]}")
        failed: list[str] = []
        for text in wishes:
            refused = way.refusal()
            if refused:
                return failed or [f"{way.name}: not tried, {refused}"]
            progress.phase("interpreter", f"fetching Python {text}")
            reason = way.fetch(text, progress=progress)
            if not reason:
                self._survey = None
                return failed
            failed.append(f"{way.name} of {text}: {reason}")
        return failed

    def _surveyed(self) -> _Survey:
        if self._survey is None:
            self._survey = self._search()
        return self._survey

    def _search(self) -> _Survey:
        facts = Facts(self._folder / "facts.json")
        found: dict[Path, Interpreter] = {}
        unfit: dict[Path, str] = {}
        seen: set[Path] = set()
        looked = []
        for place in places(self._settings, self._folder, self._system):
            if place.folder.is_dir():
                looked.append(place.folder)
            for executable in executables(place):
                if executable in seen:
                    continue
                seen.add(executable)
                try:
                    interpreter = facts.of(executable, source=place.source)
                except Unfit as reason:
                    unfit[executable] = str(reason)
                else:
                    found.setdefault(interpreter.binary, interpreter)
        facts.save()
        # A conda Python may have been found through PATH: it still comes after those of the host.
        ordered = sorted(found.values(), key=lambda interpreter: interpreter.source == "conda")
        return _Survey(tuple(ordered), tuple(unfit.items()), tuple(dict.fromkeys(looked)))


def _read_wish(text: str) -> _Wish:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # a hit needs no packaging

    if _VERSION.fullmatch(text):
        parts = [int(part) for part in text.split(".")]
        if len(parts) == 3:
            return _Exact((parts[0], parts[1], parts[2]))
        return _Any(SpecifierSet(f"=={text}.*"))
    try:
        if text and len(text) <= _LONGEST_WISH and not text.startswith("-"):
            return _Any(SpecifierSet(text))
    except InvalidSpecifier:
        pass
    raise UsageError(
        f"{excerpt(text)!r} is no Python version", hint="give 3.8.8, 3.8 or a specifier such as >=3.8,<3.10"
    )


def _best(interpreters: tuple[Interpreter, ...], wish: _Wish) -> Interpreter | None:
    match wish:
        case _Exact(release=release):
            same = [found for found in interpreters if found.release[:2] == release[:2]]
            return min(same, key=lambda found: _distance(found.release[2], release[2]), default=None)
        case _Any(specifier=specifier):
            fit = [found for found in interpreters if specifier.contains(found.version)]
            return max(fit, key=lambda found: found.release, default=None)


def _distance(patch: int, wanted: int) -> tuple[int, int]:
    return abs(patch - wanted), -patch


def _report(survey: _Survey) -> list[str]:
    lines = [f"{found.version} at {found.path} ({found.source})" for found in survey.found]
    lines += [f"not usable: {path}: {reason}" for path, reason in survey.unfit]
    folders = ", ".join(str(folder) for folder in survey.looked) or "no folder that exists"
    return [*lines, f"looked into {folders}"]
