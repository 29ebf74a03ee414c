"""What compiled wheels ask of the system, by their tags (PEP 425, 600, 656), and whether a host has it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from packaging.utils import parse_wheel_filename

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.tags import Tag

_OLD: Final = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_TAG: Final = re.compile(r"(manylinux|musllinux|macosx)_(\d+)_(\d+)_.+")
_SYSTEMS: Final = {"manylinux": "glibc", "musllinux": "musl", "macosx": "macos"}


def floor_of(filenames: Iterable[str], host: str) -> str:
    """Return the least floor (as in Target) that all wheels accept; "" if none is compiled.

    ``host`` is the floor of the host where they were chosen: a wheel without a floor of its own
    (``linux_x86_64``) was built there, and may need what is there.
    """
    system, _, version = host.partition("-")
    most = max((_asked(name, system, _numbers(version)) for name in filenames), default=())
    return f"{system}-{'.'.join(map(str, most))}" if most else ""


def suffices(host: str, floor: str) -> bool:
    """Whether a host with one floor runs what asks for another."""
    if not floor:
        return True
    here, _, has = host.partition("-")
    there, _, wants = floor.partition("-")
    return here == there and _numbers(has) >= _numbers(wants)


def _asked(filename: str, system: str, host: tuple[int, ...]) -> tuple[int, ...]:
    """Return what the most modest tag of a wheel asks for on this system; () for a pure one."""
    tags = parse_wheel_filename(filename)[3]
    return min(_floor(tag, system, host) for tag in tags) if tags else ()


def _floor(tag: Tag, system: str, host: tuple[int, ...]) -> tuple[int, ...]:
    if tag.platform == "any":
        return ()
    found = _TAG.fullmatch(tag.platform)
    if found:
        asked = int(found.group(2)), int(found.group(3))
        return asked if _SYSTEMS[found.group(1)] == system else _NEVER
    old = next((asked for name, asked in _OLD.items() if tag.platform.startswith(f"{name}_")), None)
    return old or host


_NEVER: Final = (999_999,)
"""A tag for another system than the lock's: another of the wheel's tags was the reason to choose it."""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
