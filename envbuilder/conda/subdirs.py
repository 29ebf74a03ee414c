"""A target's platform in conda's words (conda's ``context.subdir``)."""

from __future__ import annotations

from typing import Final

from envbuilder.errors import UsageError

NOARCH: Final = "noarch"

_SUBDIRS: Final = {
    "linux-x86_64": "linux-64",
    "linux-i686": "linux-32",
    "linux-aarch64": "linux-aarch64",
    "linux-armv7l": "linux-armv7l",
    "linux-ppc64le": "linux-ppc64le",
    "linux-riscv64": "linux-riscv64",
    "linux-s390x": "linux-s390x",
    "macos-x86_64": "osx-64",
    "macos-arm64": "osx-arm64",
}


def subdir_of(platform: str) -> str:
    """Return ``linux-64`` for ``linux-x86_64`` and the like. Raises UsageError for what no channel has."""
    try:
        return _SUBDIRS[platform]
    except KeyError:
        raise UsageError(
            f"conda channels have no packages for {platform}", hint=f"name one of {', '.join(_SUBDIRS)}"
        ) from None
