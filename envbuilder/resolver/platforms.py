"""Which wheels fit a target: the tags of PEP 425, 600 and 656, computed for any host, not only this one."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from packaging import tags

from envbuilder.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.lock import Target

OLDEST_GLIBC = 17
"""Below glibc 2.17 manylinux exists for x86_64 and i686 only (PEP 513, 571)."""

LEGACY_MANYLINUX = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
"""The names from before PEP 600, by minor version of glibc 2."""


def supported_tags(target: Target) -> dict[tags.Tag, int]:
    """Return every tag that a wheel may have for the target with its rank, 0 for the best fit.

    Raises UsageError for an implementation or platform that we cannot lock for.
    """
    return _supported_tags(target.implementation, _minor(target.python), target.platform, target.floor)


@lru_cache(maxsize=64)
def _supported_tags(
    implementation: str, minor: tuple[int, int], platform: str, floor: str
) -> dict[tags.Tag, int]:
    if implementation != "cpython":
        raise UsageError(
            f"cannot lock for {implementation}", hint="choose a CPython interpreter with --python"
        )
    platforms = list(platform_tags(platform, floor))
    abi = f"cp{minor[0]}{minor[1]}"
    # CPython up to 3.7 was built with the pymalloc flag in its ABI tag.
    abis = [f"{abi}m"] if minor < (3, 8) else [abi]
    found = [
        *tags.cpython_tags(python_version=minor, abis=abis, platforms=platforms),
        *tags.compatible_tags(python_version=minor, interpreter=abi, platforms=platforms),
    ]
    return {tag: rank for rank, tag in reversed(list(enumerate(found)))}


def platform_tags(platform: str, floor: str) -> Iterator[str]:
    """Yield the platform tags of ``linux-x86_64`` with ``glibc-2.36`` and the like, the best fit first."""
    system, _, machine = platform.partition("-")
    library, _, version = floor.partition("-")
    match system, library:
        case "linux", "glibc":
            yield from _manylinux(machine, _minor(version)[1])
        case "linux", "musl":
            yield f"linux_{machine}"
            yield from (f"musllinux_1_{minor}_{machine}" for minor in range(_minor(version)[1], -1, -1))
        case "macos", "macos":
            yield from tags.mac_platforms(version=_minor(version), arch=machine)
        case _:
            raise UsageError(
                f"cannot lock for {platform} with {floor or 'an unknown floor'}",
                hint="platforms are linux-MACHINE and macos-MACHINE, floors glibc-2.N, musl-1.N and macos-N.N",
            )


def _manylinux(machine: str, newest: int) -> Iterator[str]:
    yield f"linux_{machine}"
    oldest = 5 if machine in ("x86_64", "i686") else OLDEST_GLIBC
    for minor in range(newest, oldest - 1, -1):
        yield f"manylinux_2_{minor}_{machine}"
        if minor in LEGACY_MANYLINUX:
            yield f"{LEGACY_MANYLINUX[minor]}_{machine}"


def _minor(version: str) -> tuple[int, int]:
    major, _, rest = version.partition(".")
    minor = rest.partition(".")[0] or "0"
    if not (major.isdigit() and minor.isdigit()):
        raise UsageError(f"{version!r} is no version", hint="give it as MAJOR.MINOR")
    return int(major), int(minor)
