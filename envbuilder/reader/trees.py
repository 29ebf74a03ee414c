"""A source tree inside a model, through the one door: every file in one fixed order, within limits."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field

from envbuilder.findings import Origin
from envbuilder.reader import limits
from envbuilder.reader.directory import Directory
from envbuilder.reader.gather import Missing, Refusal
from envbuilder.redact import excerpt

LEFT_OUT = frozenset({".git", ".hg", ".svn", "__pycache__"})
"""What is no part of a source: a tool's own records, and what Python writes when the code is used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """One file of a tree. ``path`` is relative to the tree, with forward slashes."""

    path: str
    executable: bool
    content: bytes = field(repr=False)


def members(directory: Directory, path: str, origin: Origin | None = None) -> Iterator[Member]:
    """Yield the files of a folder of the model, folder by folder, sorted by name.

    Raises Missing, or Refusal: ``input/symlink`` for any link, ``not-a-regular-file``, ``too-many``,
    ``too-long``, ``unreadable``.
    """
    folder = _opened(directory, path, origin or Origin(file=path))
    try:
        yield from _Walk(path, origin).below(folder, "", 0)
    finally:
        os.close(folder)


def _opened(directory: Directory, path: str, origin: Origin) -> int:
    try:
        return directory.folder(path)
    except FileNotFoundError as error:
        raise Missing("input/missing-file", f"{excerpt(path)} is not there", origin) from error
    except OSError as error:
        if error.errno in {errno.ELOOP, errno.ENOTDIR}:
            message = f"{excerpt(path)} is no folder, or lies behind a link"
            hint = "put the folder itself into the model"
            raise Refusal("input/symlink", message, origin, hint=hint) from error
        raise Refusal("input/unreadable", f"{excerpt(path)} cannot be read", origin) from error


class _Walk:
    """One walk, with what it has counted."""

    def __init__(self, root: str, origin: Origin | None) -> None:
        self._root = "" if root == "." else f"{root}/"
        self._origin = origin
        self._files = 0
        self._bytes = 0

    def below(self, folder: int, prefix: str, depth: int) -> Iterator[Member]:
        if depth > limits.DEPTH:
            raise self._refusal("too-many", prefix, f"is more than {limits.DEPTH} folders deep")
        for name in self._names(folder, prefix):
            path = f"{prefix}{name}"
            try:
                mode = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
                if stat.S_ISDIR(mode):
                    yield from self._inner(folder, name, path, depth)
                elif stat.S_ISREG(mode):
                    yield self._member(folder, name, path)
                elif stat.S_ISLNK(mode):
                    raise self._refusal("symlink", path, "is a link")
                else:
                    raise self._refusal("not-a-regular-file", path, "is no regular file")
            except OSError as error:
                raise self._refusal("unreadable", path, "cannot be read") from error

    def _names(self, folder: int, prefix: str) -> list[str]:
        with os.scandir(folder) as entries:
            names = sorted(entry.name for entry in entries if entry.name not in LEFT_OUT)
        for name in names:
            if not name.isprintable() or "\\" in name:
                raise self._refusal("control-character", f"{prefix}{name}", "has a name that does not show")
        return names

    def _inner(self, folder: int, name: str, path: str, depth: int) -> Iterator[Member]:
        inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        try:
            yield from self.below(inner, f"{path}/", depth + 1)
        finally:
            os.close(inner)

    def _member(self, folder: int, name: str, path: str) -> Member:
        self._files += 1
        if self._files > limits.TREE_FILES:
            raise self._refusal("too-many", "", f"holds more than {limits.TREE_FILES} files")
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=folder)
        with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor, not a path
            # Asked again of what was really opened: the name may have been given to something else since.
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise self._refusal("not-a-regular-file", path, "is no regular file")
            content = stream.read(limits.TREE_BYTES - self._bytes + 1)
        self._bytes += len(content)
        if self._bytes > limits.TREE_BYTES:
            raise self._refusal("too-long", "", f"holds more than {limits.TREE_BYTES} bytes")
        return Member(path=path, executable=bool(mode & stat.S_IXUSR), content=content)

    def _refusal(self, what: str, path: str, why: str) -> Refusal:
        shown = excerpt(f"{self._root}{path}".rstrip("/")) or "the model"
        return Refusal(
            f"input/{what}",
            f"{shown} {why}: it cannot be part of a source tree",
            self._origin,
            hint="keep the package's source in a folder of its own, or log the model with a wheel of it",
        )
