"""Unpacking an archive into a folder of its own, after all of it was looked through.

Files are made by descriptors of folders that are no links, each file new; links come last, so that nothing is
ever written through one. Owners, special modes and write rights of others are not taken over: what tarfile's
data filter does (PEP 706), on every Python and for every format.
"""

from __future__ import annotations

import contextlib
import os
from typing import IO, TYPE_CHECKING, Final

from envbuilder.archives.faults import Faults, Stopped, gathered
from envbuilder.archives.inspection import Inspection, Reading, opened
from envbuilder.archives.ledger import Ledger
from envbuilder.archives.limits import LIMITS, Limits
from envbuilder.archives.members import Entry, MemberKind
from envbuilder.errors import StoreError
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LATEST: Final = 2.0**33
"""A time beyond the year 2242 is none, and some file systems cannot keep it."""


def unpack_archive(path: Path, into: Path, *, name: str | None = None, limits: Limits = LIMITS) -> Inspection:
    """Unpack an archive into ``into``, which is made, or is empty; nothing is written if it is refused.

    A wheel is unpacked, not installed; of a conda package both parts land in the one folder, its prefix
    placeholders as they are. Raises ArchiveRefused with all findings, BuildError if it cannot be read,
    StoreError if it cannot be written, ToolError where Zstandard is missing. After StoreError what was
    written is left for the caller, whose folder it is.
    """
    with opened(path) as stream:
        reading = Reading(stream, name or path.name, limits)
        inspection = reading.inspect(contents=True)
        try:
            _prepare(into)
            _unpack(reading, into)
        except OSError as error:
            raise StoreError(
                f"cannot unpack {excerpt(reading.name)}: {(error.strerror or str(error)).lower()}",
                hint=f"look at the disk and the rights of {into}",
            ) from error
    return inspection


def _prepare(into: Path) -> None:
    into.mkdir(parents=True, exist_ok=True)
    if any(into.iterdir()):
        raise StoreError(f"{into} is not empty", hint="name a new folder")


def _unpack(reading: Reading, into: Path) -> None:
    """Write everything. The bytes are judged again: the file may be another one than a moment ago."""
    faults = Faults(reading.limits)
    ledger = Ledger(faults, reading.limits)
    links: list[tuple[str, str]] = []
    with gathered(faults), contextlib.closing(_Tree(into)) as tree:
        for entry in reading.entries(faults):
            path = ledger.admit(entry.member)
            if faults.refused:
                raise Stopped
            if path is None:
                continue
            if entry.member.kind is MemberKind.SYMLINK:
                links.append((path, entry.member.target))
            else:
                tree.add(path, entry)
        for path, target in links:
            tree.link(path, target)
    faults.raise_if_refused(reading.name)


class _Tree:
    """The folder that is filled; it keeps the last folder open, since neighbours come together."""

    def __init__(self, top: Path) -> None:
        self._top = os.open(top, _FOLDER)
        self._last = ("", os.dup(self._top))

    def close(self) -> None:
        """Close the folders."""
        os.close(self._last[1])
        os.close(self._top)

    def add(self, path: str, entry: Entry) -> None:
        """Make a folder, a file or a second name of a file."""
        member = entry.member
        if member.kind is MemberKind.FOLDER:
            self._folder(path)
            return
        folder, _, name = path.rpartition("/")
        if member.kind is MemberKind.HARDLINK:
            self._second_name(member.target, folder, name)
            return
        mode = 0o755 if member.runnable else 0o644
        with _stream(os.open(name, _NEW, mode, dir_fd=self._folder(folder))) as stream:
            for chunk in entry.chunks:
                stream.write(chunk)
            stream.flush()
            if member.modified is not None and 0 <= member.modified < _LATEST:
                os.utime(stream.fileno(), (member.modified, member.modified))

    def link(self, path: str, target: str) -> None:
        """Make a symbolic link."""
        folder, _, name = path.rpartition("/")
        os.symlink(target, name, dir_fd=self._folder(folder))

    def _second_name(self, target: str, folder: str, name: str) -> None:
        first = "/".join(part for part in target.split("/") if part not in ("", "."))
        source_folder, _, source = first.rpartition("/")
        source_descriptor = os.dup(self._folder(source_folder))
        try:
            os.link(
                source,
                name,
                src_dir_fd=source_descriptor,
                dst_dir_fd=self._folder(folder),
                follow_symlinks=False,
            )
        finally:
            os.close(source_descriptor)

    def _folder(self, path: str) -> int:
        """Return a descriptor of a folder, made if it is not there; no part of its path is a link."""
        if self._last[0] != path:
            here = os.dup(self._top)
            for part in filter(None, path.split("/")):
                with contextlib.suppress(FileExistsError):
                    os.mkdir(part, 0o755, dir_fd=here)
                try:
                    below = os.open(part, _FOLDER, dir_fd=here)
                finally:
                    os.close(here)
                here = below
            os.close(self._last[1])
            self._last = (path, here)
        return self._last[1]


@contextlib.contextmanager
def _stream(descriptor: int) -> Iterator[IO[bytes]]:
    with os.fdopen(descriptor, "wb") as stream:
        yield stream
