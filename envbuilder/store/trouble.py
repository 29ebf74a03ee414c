"""The system's errors, told as one clear StoreError each."""

from __future__ import annotations

import contextlib
import errno
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


def store_error(error: OSError, root: Path, doing: str) -> StoreError:
    """Return the StoreError for a failed system call: ``store/full``, ``not-writable`` or ``unusable``."""
    spot = f" ({error.filename})" if error.filename else ""
    reason = f"cannot {doing}: {(error.strerror or str(error)).lower()}{spot}"
    if error.errno in FULL:
        return StoreError(
            reason,
            code="store/full",
            hint=f"make room on the disk of {root}, or move it with ENVBUILDER_HOME",
        )
    if error.errno in FORBIDDEN:
        return StoreError(
            reason,
            code="store/not-writable",
            hint=f"make {root} writable for this user, or name another folder with ENVBUILDER_HOME",
        )
    return StoreError(reason, hint=f"check the folder {root}, or name another one with ENVBUILDER_HOME")


@contextlib.contextmanager
def told(root: Path, doing: str) -> Iterator[None]:
    """Raise StoreError for any OSError of the block; ``doing`` completes "cannot …"."""
    try:
        yield
    except OSError as error:
        raise store_error(error, root, doing) from error
