"""The store's package files: each in a folder named by a key, in most cases its own sha256."""

from __future__ import annotations

import contextlib
import hashlib
import secrets
from pathlib import Path
from typing import IO, TYPE_CHECKING

from envbuilder.errors import StoreError
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Callable

CHUNK = 1 << 20


class Sink:
    """Takes bytes into an unfinished file and hashes them. Raises StoreError where the store fails."""

    def __init__(self, stream: IO[bytes], root: Path) -> None:
        self._stream = stream
        self._root = root
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def sha256(self) -> str:
        """Of everything so far, 64 hex digits."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Take the next bytes."""
        self._hash.update(chunk)
        self.size += len(chunk)
        with told(self._root, "keep a package file"):
            self._stream.write(chunk)


class Shelf:
    """Where package files are kept: ``packages`` is the store's folder of caches, ``tmp`` one on the same disk."""

    def __init__(self, packages: Path, tmp: Path) -> None:
        self._folder = packages / "files"
        self._tmp = tmp

    def path(self, key: str, filename: str) -> Path:
        """Where a file of that key stands, or would stand."""
        return self._folder / key[:2] / key / Path(filename).name

    def keep(
        self, filename: str, fill: Callable[[Sink], None], *, check: Callable[[Sink], None] | None = None
    ) -> Path:
        """Keep what ``fill`` writes under its sha256. ``check`` may refuse it once it is whole, by raising."""
        return self._keep(filename, fill, "", check)

    def keep_under(self, key: str, filename: str, fill: Callable[[Sink], None]) -> Path:
        """Keep what ``fill`` writes under a key of the caller's."""
        return self._keep(filename, fill, key, None)

    def verify(self, path: Path) -> None:
        """Raise StoreError for a file that does not have the sha256 that it stands under; it is gone then."""
        with told(self._folder, "read a package file"):
            found = sha256_of(path)
            if found == path.parent.name:
                return
            path.unlink()
        raise StoreError(
            f"{path.name} was damaged in the store", detail=f"kept sha256 {path.parent.name}\nfound sha256 {found}",
            hint="run again: it is fetched, or read from the model, once more",
        )  # fmt: skip

    def _keep(
        self, filename: str, fill: Callable[[Sink], None], key: str, check: Callable[[Sink], None] | None
    ) -> Path:
        unfinished = self._tmp / f"reference-{secrets.token_hex(8)}.part"
        try:
            with told(self._folder, "keep a package file"):
                stream = unfinished.open("xb")
            with stream:
                sink = Sink(stream, self._folder)
                fill(sink)
            if check:
                check(sink)
            path = self.path(key or sink.sha256, filename)
            with told(self._folder, "keep a package file"):
                path.parent.mkdir(parents=True, exist_ok=True)
                # Another process may have kept what it built meanwhile, and be using it: with other bytes.
                if not (key and path.exists()):
                    unfinished.replace(path)
        finally:
            with contextlib.suppress(OSError):
                unfinished.unlink()
        return path


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file, 64 hex digits. Raises OSError."""
    state = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            state.update(chunk)
    return state.hexdigest()
