"""What a machine is said to have: conda's virtual packages (CEP 30), the same on every host for the same target."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from envbuilder.conda.dialogue import ask
from envbuilder.conda.questions import VirtualPackage
from envbuilder.conda.subdirs import subdir_of

LINUX: Final = "5.10"
"""The kernel that packages may ask for, and hardly any does. A lock must not depend on this host's."""

GLIBC: Final = "2.17"
"""Where no floor is known: what conda-forge itself builds for."""

MACOS: Final = "11.0"

DRIVER: Final = Path("/proc/driver/nvidia/version")
"""What a Linux host with a driver for CUDA has."""

_MACHINES: Final = {"i686": "x86", "arm64": "m1"}
"""The generic name of a machine (archspec) where it is not the platform's."""


def virtual_packages(
    platform: str, *, floor: str = "", cuda: str | None = None
) -> tuple[VirtualPackage, ...]:
    """Return what a target has. ``platform`` and ``floor`` are a Target's (``linux-x86_64``, ``glibc-2.36``).

    ``cuda`` is the version (``12.1``) of a driver that is there or asked for; None for none. Raises UsageError
    for a platform that no channel knows.
    """
    subdir_of(platform)
    system, _, machine = platform.partition("-")
    library, _, version = floor.partition("-")
    found = [VirtualPackage(name="__unix", version="0")]
    if system == "linux":
        found.append(VirtualPackage(name="__linux", version=LINUX))
        if library != "musl":
            found.append(VirtualPackage(name="__glibc", version=version or GLIBC))
    else:
        found.append(VirtualPackage(name="__osx", version=version or MACOS))
    found.append(VirtualPackage(name="__archspec", version="1", build=_MACHINES.get(machine, machine)))
    if cuda:
        found.append(VirtualPackage(name="__cuda", version=cuda))
    return tuple(found)


def cuda_of_host() -> str | None:
    """Return the version of CUDA that this host's driver knows (``12.1``); None without such a driver.

    py-rattler asks the driver's own library, in a child. Raises ToolError where py-rattler is missing.
    """
    if not DRIVER.exists():
        return None
    match ask({"op": "cuda"}, seconds=60.0).get("cuda"):
        case str(version) if version:
            return version
    return None
