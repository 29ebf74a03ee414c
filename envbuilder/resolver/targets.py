"""From a wish for a Python to the target and the interpreter of a lock, and what that choice changes."""

from __future__ import annotations

import datetime
import platform
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from packaging.specifiers import SpecifierSet

from envbuilder.errors import InterpreterError, ResolveError, UsageError
from envbuilder.findings import Change, Effect
from envbuilder.lock import Target
from envbuilder.progress import SILENT, Progress
from envbuilder.resolver.releases import LAST_PATCH, default_minor, last_patch, preferred_minors
from envbuilder.resolver.wishes import Wish

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.environment import Interpreter
    from envbuilder.request import Request
    from envbuilder.spec import PythonRequest

FOREIGN_FLOORS = {"linux": "glibc-2.28", "macos": "macos-13.0"}
"""What a target that is not this host may be trusted to have: RHEL 8 and macOS 13 or later."""


class Interpreters(Protocol):
    """What the resolver needs of the host's interpreters (envbuilder.interpreters.choice)."""

    def choose(self, wish: str, *, progress: Progress = SILENT) -> Interpreter:
        """Return the best interpreter for a version or specifier. Raises InterpreterError."""

    def present(self) -> tuple[Interpreter, ...]:
        """Return the interpreters that are here already."""


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


def _decide(
    wish: Wish | None, moment: datetime.datetime, interpreters: Interpreters
) -> tuple[str, tuple[Change, ...]]:
    """One version or ``specifier,==3.8.*``: a range alone would mean today's newest Python."""
    if wish is None:
        here = {tuple(map(int, i.version.split(".")[:2])) for i in interpreters.present()}
        favourite = next((m for m in preferred_minors(moment) if m in here), default_minor(moment))
        minor = ".".join(map(str, favourite))
        return minor, (
            Change(
                code="python/default",
                message=f"no file names a python; {minor} is taken, in use on {moment:%Y-%m-%d}",
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
