"""An interpreter of this host, and an environment made with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.digests import digest

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from envbuilder.lock import Lock


@dataclass(frozen=True, kw_only=True, slots=True)
class Interpreter:
    """A Python that was asked what it is. Its facts are cached by the identity of the real binary."""

    path: Path
    """The executable to call, absolute (``…/bin/python3.8``)."""
    binary: Path
    """The real file behind it, links resolved."""
    binary_digest: str
    """sha256 of the real binary (and of its shared libpython, if it has one beside it)."""
    version: str
    implementation: str
    soabi: str
    """The extension ABI tag, e.g. ``cpython-38-x86_64-linux-gnu``."""
    platform: str
    """As in Target: ``linux-x86_64``, ``linux-aarch64``, ``macos-arm64``."""
    floor: str
    """As in Target: ``glibc-2.36``, ``musl-1.2``, ``macos-14.0``."""
    source: str = "path"
    """Where it was found: ``path``, ``pyenv``, ``conda``, ``uv``, ``system``, ``given``."""

    @property
    def release(self) -> tuple[int, int, int]:
        """(3, 8, 18)."""
        major, minor, patch = self.version.split(".")[:3]
        return int(major), int(minor), int("".join(c for c in patch if c.isdigit()) or 0)


LAYOUT_VERSION = 1
"""Raised whenever the same lock would be laid out on disk in another way."""

CONDA_LAYOUT_VERSION = 1
"""The same for locks with conda packages."""


def environment_id(lock: Lock, interpreter: Interpreter | None) -> str:
    """Return sha256 of the lock, the interpreter's build, the platform floor and our layout version.

    A lock with conda packages has its Python among them, and so no interpreter of the host in its key.
    """
    if lock.conda:
        return digest(
            {
                "schema": 1,
                "lock": lock.lock_id,
                "platform": lock.target.platform,
                "floor": lock.target.floor,
                "layout": CONDA_LAYOUT_VERSION,
                "installer": "conda",
            }
        )
    if interpreter is None:
        raise ValueError("a lock without conda packages is for an interpreter of the host")
    return digest(
        {
            "schema": 1,
            "lock": lock.lock_id,
            "implementation": interpreter.implementation,
            "version": interpreter.version,
            "soabi": interpreter.soabi,
            "binary": interpreter.binary_digest,
            "platform": interpreter.platform,
            "floor": interpreter.floor,
            "layout": LAYOUT_VERSION,
            "installer": "pip" if lock.engine == "pip" else "uv",
        }
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """A finished environment of the store."""

    env_id: str
    lock_id: str
    prefix: Path
    python: Path
    python_version: str
    built_at: datetime.datetime
    packages: int
    imports: tuple[str, ...] = ()
    """Modules whose import was proved when it was built."""
