"""Leases: holding an environment is holding a descriptor with a shared lock.

The kernel drops it with the last process that has it, however that process ends. No pid files, no
heartbeat. Lock files are never unlinked: a lock on a removed file protects nothing.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from pathlib import Path
from types import TracebackType

from envbuilder.store.trouble import FORBIDDEN


def open_lock(path: Path) -> int:
    """Open a lock file, made if it is not there; closed on exec unless made inheritable.

    Read-write, since NFS grants exclusive locks on nothing less; read-only on a store that is so, where
    nobody can remove anything either.
    """
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        if error.errno not in FORBIDDEN:
            raise
        with contextlib.suppress(OSError):
            return os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        raise


class Lease:
    """A shared lock on an environment: as long as it or a child that inherited ``fd`` lives, it stays.

    Use as a context manager, or close(). Never unlocked by hand: children may still hold it.
    """

    def __init__(self, env_id: str, descriptor: int) -> None:
        self.env_id = env_id
        self._descriptor: int | None = descriptor

    @property
    def fd(self) -> int:
        """The descriptor, for ``pass_fds``. Raises ValueError once closed."""
        if self._descriptor is None:
            raise ValueError("the lease is closed")
        return self._descriptor

    @property
    def closed(self) -> bool:
        """Whether this process has let go."""
        return self._descriptor is None

    def touch(self) -> None:
        """Note the use: the lock file's mtime orders collections. A read-only store keeps no such notes."""
        with contextlib.suppress(OSError):
            os.utime(self.fd)

    def close(self) -> None:
        """Let go of the environment in this process."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def take(env_id: str, path: Path) -> Lease:
    """Return a lease; waits only while a collection decides about the environment. Raises OSError."""
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
    except BaseException:
        os.close(descriptor)
        raise
    return Lease(env_id, descriptor)


def unlock(descriptor: int) -> None:
    """Let go of an exclusive lock.

    By hand: a child forked by another thread may hold the descriptor, and must not hold the lock.
    """
    fcntl.flock(descriptor, fcntl.LOCK_UN)
    os.close(descriptor)


def try_exclusive(path: Path) -> int | None:
    """Return a descriptor with an exclusive lock, or None if anyone holds one. Raises OSError."""
    descriptor = open_lock(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return None
        raise
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
