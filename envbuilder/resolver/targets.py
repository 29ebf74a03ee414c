"""Which Python and which platform a lock is for, and what that choice changes."""

from __future__ import annotations

import datetime
import platform
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from envbuilder.errors import InterpreterError, ResolveError, UsageError
from envbuilder.findings import Change, Effect, Origin
from envbuilder.lock import Target
from envbuilder.progress import SILENT, Progress
from envbuilder.resolver.releases import LAST_PATCH, RELEASED, default_minor, last_patch, preferred_minors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.environment import Interpreter
    from envbuilder.request import Request
    from envbuilder.spec import PythonRequest

OLDEST = (3, 6)
"""The oldest Python that uv resolves for."""

FOREIGN_FLOORS = {"linux": "glibc-2.28", "macos": "macos-13.0"}
"""What a target that is not this host may be trusted to have: RHEL 8 and macOS 13 or later."""


class Interpreters(Protocol):
    """What the resolver needs of the host's interpreters (envbuilder.interpreters.choice)."""

    def choose(self, wish: str, *, progress: Progress = SILENT) -> Interpreter:
        """Return the best interpreter for a version or specifier. Raises InterpreterError."""

    def present(self) -> tuple[Interpreter, ...]:
        """Return the interpreters that are here already."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """One Python that would do: a version or PEP 440 specifiers, and who asks for it."""

    text: str
    origin: Origin | None = None

    @property
    def version(self) -> tuple[int, ...] | None:
        """(3, 8, 8) or (3, 8) where the text is one version, else None."""
        parts = self.text.split(".")
        return tuple(map(int, parts)) if all(part.isdigit() for part in parts) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What a lock is made for. Without an interpreter no source distribution can be looked into."""

    target: Target
    interpreter: Interpreter | None = None
    changes: tuple[Change, ...] = ()

    @property
    def minor(self) -> tuple[int, int]:
        """(3, 8)."""
        major, minor = self.target.python.split(".")[:2]
        return int(major), int(minor)


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
    return tuple({wish.text: wish for wish in reversed(found)}.values())[::-1]


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


def place_of(
    wish: Wish | None,
    *,
    request: Request,
    interpreters: Interpreters,
    moment: datetime.datetime,
    progress: Progress = SILENT,
) -> Place:
    """Return target and interpreter for one wish (None: no file names a Python).

    A Python that cannot be had here still makes a target: locking needs none. ``moment`` is the day that
    decides which minor version a range or no wish at all means. Raises UsageError for an unknown platform.
    """
    foreign = request.platform is not None and request.platform != host_platform()
    text, guess = _decide(wish, moment, interpreters)
    interpreter = None
    if not foreign:
        try:
            interpreter = interpreters.choose(text, progress=progress)
        except InterpreterError:
            if _full_version(text) is None:
                raise
    if interpreter is not None:
        target = _target_of(interpreter)
    else:
        target = _target_without(text, request.platform or host_platform(), interpreters, foreign=foreign)
    return Place(target=target, interpreter=interpreter, changes=(*guess, *_patch_change(wish, target)))


def requested(request: Request, python: Sequence[PythonRequest], target: Target) -> tuple[Change, ...]:
    """Tell that ``--python`` leads to another Python than the model's deciding file names."""
    wish = next((wish for wish in python if wish.version), None)
    if request.python is None or wish is None or wish.version is None:
        return ()
    theirs, ours = wish.version, tuple(map(int, target.python.split(".")[:3]))
    if ours[: len(theirs)] == theirs:
        return ()
    return (
        Change(
            code="python/requested",
            message=f"python {target.python} is used as requested; the model names {wish.text}",
            effect=Effect.ADAPTED if ours[:2] == theirs[:2] else Effect.DEGRADED,
            before=wish.text,
            after=target.python,
            origin=wish.origin,
        ),
    )


def host_platform() -> str:
    """Return this host's platform as in Target."""
    system = {"Linux": "linux", "Darwin": "macos"}.get(platform.system(), platform.system().lower())
    machine = platform.machine().lower()
    machine = {"amd64": "x86_64"}.get(machine, machine)
    return f"{system}-{machine}"


def demanded(specifier: str, *, near: tuple[int, int]) -> tuple[Wish, ...]:
    """Return the minor versions that a specifier allows, the nearest to ``near`` first, but not itself."""
    allowed = SpecifierSet(specifier)
    minors = [m for m in LAST_PATCH if m != near and m >= OLDEST and allowed.contains(last_patch(m))]
    return tuple(
        Wish(text=f"{major}.{minor}") for major, minor in sorted(minors, key=lambda m: abs(m[1] - near[1]))
    )


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


def _decide(
    wish: Wish | None, moment: datetime.datetime, interpreters: Interpreters
) -> tuple[str, tuple[Change, ...]]:
    """One version or ``specifier,==3.8.*``: a range alone would mean today's newest Python."""
    if wish is None:
        minor = ".".join(map(str, default_minor(moment)))
        return minor, (
            Change(
                code="python/default",
                message=f"no file names a python; {minor} was in common use on {moment:%Y-%m-%d}",
                effect=Effect.ADAPTED,
                after=minor,
            ),
        )
    if wish.version and len(wish.version) > 1:
        return wish.text, ()
    return _decide_range(f"=={wish.text}.*" if wish.version else wish.text, moment, interpreters), ()


def _decide_range(specifier: str, moment: datetime.datetime, interpreters: Interpreters) -> str:
    """The day's favourite among the interpreters that are here, else among all that exist."""
    allowed = SpecifierSet(specifier)
    here = [interpreter.version for interpreter in interpreters.present()]
    known = [f"{major}.{minor}.{n}" for (major, minor), last in LAST_PATCH.items() for n in range(last + 1)]
    for versions in (here, known):
        fits = {tuple(map(int, v.split(".")[:2])) for v in versions if allowed.contains(v)}
        for minor in preferred_minors(moment):
            if minor in fits:
                return f"{specifier},=={minor[0]}.{minor[1]}.*"
    raise ResolveError(
        f"no python that envbuilder knows satisfies {specifier}",
        code="python/unknown",
        hint="name a version with --python",
    )


def _full_version(text: str) -> str | None:
    """The version to lock for where no interpreter is at hand: the one named, else the last of its minor."""
    version = Wish(text=text).version
    if version is None:
        allowed = SpecifierSet(text)
        fits = [
            f"{major}.{minor}.{n}"
            for (major, minor), last in LAST_PATCH.items()
            for n in range(last + 1)
            if allowed.contains(f"{major}.{minor}.{n}")
        ]
        return fits[-1] if fits else None
    if len(version) == 3:
        return text
    minor = (version[0], version[1])
    return last_patch(minor) if minor in LAST_PATCH else None


def _target_of(interpreter: Interpreter) -> Target:
    return Target(
        python=interpreter.version,
        platform=interpreter.platform,
        floor=interpreter.floor,
        implementation=interpreter.implementation,
    )


def _target_without(text: str, platform_name: str, interpreters: Interpreters, *, foreign: bool) -> Target:
    python = _full_version(text)
    if python is None:
        raise UsageError(f"no python {text} is known", hint="give a full version with --python, e.g. 3.11.9")
    here = next(iter(interpreters.present()), None)
    if here is not None and not foreign:
        return replace(_target_of(here), python=python, implementation="cpython")
    floor = FOREIGN_FLOORS.get(platform_name.partition("-")[0])
    if floor is None:
        raise UsageError(
            f"cannot lock for {platform_name}", hint="platforms are linux-MACHINE and macos-MACHINE"
        )
    return Target(python=python, platform=platform_name, floor=floor)


def _patch_change(wish: Wish | None, target: Target) -> tuple[Change, ...]:
    version = wish.version if wish else None
    if wish is None or version is None or len(version) < 3 or wish.text == target.python:
        return ()
    return (
        Change(
            code="python/patch",
            message=f"python {wish.text} is not at hand; {target.python} of the same minor version is used",
            effect=Effect.ADAPTED,
            before=wish.text,
            after=target.python,
            origin=wish.origin,
        ),
    )
