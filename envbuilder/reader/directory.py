"""The one door to a model's files.

The root is opened once. A file is reached from there component by component with ``openat``, never
through a link that the system follows for us, and only regular files are opened: a FIFO would block, a
device has no end. Links are resolved by hand, one step at a time, and must end at a regular file inside
the root (link-based caches restore models so). Each file is read once and hashed as it is read.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Origin
from envbuilder.reader import limits
from envbuilder.reader.gather import Missing, Refusal
from envbuilder.redact import excerpt
from envbuilder.spec import SourceFile

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK = 1024 * 1024
_DRIVE = re.compile(r"[A-Za-z]:")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")


def inner_path(text: str, origin: Origin | None = None, *, base: str = "") -> str:
    """Return a path that a file of the model names, relative to the root, without ``.`` and ``..``.

    ``base`` is the folder that the path is relative to. Raises Refusal (``input/path-escape``) for what
    leaves the root or could mean another place on another system: absolute paths, drives, backslashes,
    home folders, URLs; ``input/control-character`` for what does not show in a message.
    """
    if len(text) > limits.PATH_CHARACTERS:
        raise Refusal("input/too-long", f"a path of {len(text)} characters", origin)
    if not text.replace("\0", "").isprintable():
        raise Refusal("input/control-character", f"the path {excerpt(text)} holds hidden characters", origin)
    # A URL further inside is no place in a model, and its credentials would become names of files.
    foreign = text.startswith(("/", "~")) or _DRIVE.match(text) or _SCHEME.match(text) or "://" in text
    if foreign or "\\" in text or "\0" in text:
        raise _escape(text, origin)
    parts: list[str] = []
    for part in [*base.split("/"), *text.split("/")]:
        if part == "..":
            if not parts:
                raise _escape(text, origin)
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)


def _escape(text: str, origin: Origin | None) -> Refusal:
    return Refusal(
        "input/path-escape",
        f"the path {excerpt(text)!r} leaves the model",
        origin,
        hint="name a file inside the model by a relative path with forward slashes",
    )


class Directory:
    """An open model directory. Use as a context manager.

    Raises EnvbuilderError (``input/missing-file``) if the path is no directory that can be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._root = os.open(path, _DIRECTORY)
        except (OSError, ValueError) as error:
            raise EnvbuilderError(
                f"{excerpt(str(path))} cannot be opened as a directory",
                code="input/missing-file",
                hint="give the path of a model directory, or of one environment file",
            ) from error
        self._path = path
        self._read: dict[str, SourceFile] = {}

    def __enter__(self) -> Directory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._root)

    @property
    def files(self) -> tuple[SourceFile, ...]:
        """Every file that was read, sorted by path."""
        return tuple(self._read[path] for path in sorted(self._read))

    def has(self, path: str) -> bool:
        """Whether something of that name exists at the root, whatever it is (a dangling link too)."""
        try:
            os.stat(path, dir_fd=self._root, follow_symlinks=False)
        except (OSError, ValueError):
            return False
        return True

    def names(self, path: str = "") -> tuple[str, ...]:
        """Return the sorted names in the root, or in a folder of it: none if that is no real folder.

        Ends at limits.DIRECTORY_ENTRIES: what comes later in a huge folder is not seen.
        """
        try:
            folder = os.open(path or ".", _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._root)
        except (OSError, ValueError):
            return ()
        try:
            with os.scandir(folder) as entries:
                return tuple(
                    sorted(
                        entry.name for entry, _ in zip(entries, range(limits.DIRECTORY_ENTRIES), strict=False)
                    )
                )
        finally:
            os.close(folder)

    def read(
        self, path: str, *, limit: int = limits.ENVIRONMENT_FILE_BYTES, origin: Origin | None = None
    ) -> SourceFile:
        """Return a file's bytes (``limit`` in bytes); the same object however often it is asked for.

        ``path`` comes from inner_path; ``origin`` is the spot that names it. Raises Missing, or Refusal
        with ``input/symlink``, ``not-a-regular-file``, ``too-long``, ``too-many``, ``unreadable``.
        """
        if path in self._read:
            return self._read[path]
        if len(self._read) >= limits.FILES:
            raise Refusal("input/too-many", f"more than {limits.FILES} files are named", origin)
        descriptor = self._open(path, origin)
        try:
            content = self._content(descriptor, path, limit)
        finally:
            os.close(descriptor)
        source = SourceFile(path=path, sha256=hashlib.sha256(content).hexdigest(), content=content)
        self._read[path] = source
        return source

    def digest(self, path: str, *, origin: Origin | None = None) -> str:
        """Return the sha256 of a file that may be large (a wheel): hashed as a stream, not kept.

        It is listed in ``files`` with no content. Raises as read() does.
        """
        if path in self._read:
            return self._read[path].sha256
        state = hashlib.sha256()
        for chunk in self.chunks(path, origin=origin):
            state.update(chunk)
        self._read[path] = SourceFile(path=path, sha256=state.hexdigest(), content=b"")
        return state.hexdigest()

    def chunks(self, path: str, *, origin: Origin | None = None) -> Iterator[bytes]:
        """Yield a file that may be large, piece by piece. Raises as read() does."""
        total = 0
        with open(self._open(path, origin), "rb") as stream:  # noqa: PTH123 - a descriptor
            while chunk := stream.read(_CHUNK):
                total += len(chunk)
                if total > limits.WHEEL_BYTES:
                    raise Refusal(
                        "input/too-long", f"more than {limits.WHEEL_BYTES} bytes", Origin(file=path)
                    )
                yield chunk

    def folder(self, path: str) -> int:
        """Return a descriptor, for the caller to close, of a folder reached without links. Raises OSError."""
        here = os.dup(self._root)
        try:
            for part in path.split("/"):
                inner = os.open(part or ".", _DIRECTORY | os.O_NOFOLLOW, dir_fd=here)
                os.close(here)
                here = inner
        except OSError:
            os.close(here)
            raise
        return here

    @staticmethod
    def _content(descriptor: int, path: str, limit: int) -> bytes:
        chunks: list[bytes] = []
        total = 0
        while chunk := os.read(descriptor, _CHUNK):
            chunks.append(chunk)
            total += len(chunk)
            if total > limit:
                raise Refusal("input/too-long", f"the file is longer than {limit} bytes", Origin(file=path))
        return b"".join(chunks)

    def _open(self, path: str, origin: Origin | None) -> int:
        walk = _Walk(self._root, self._path, path, origin)
        try:
            return walk.file()
        except (FileNotFoundError, NotADirectoryError) as error:
            spot = origin or Origin(file=path)
            if walk.links:
                raise walk.bad_link("it leads to nothing") from error
            raise Missing("input/missing-file", f"{excerpt(path)} is not there", spot) from error
        except (OSError, ValueError) as error:
            raise Refusal("input/unreadable", f"{excerpt(path)} cannot be read", Origin(file=path)) from error
        finally:
            walk.close()


class _Walk:
    """One way from the root to a file, a component at a time."""

    def __init__(self, root: int, folder: Path, path: str, origin: Origin | None) -> None:
        self._root = root
        self._folder = folder
        self._path = path
        self._origin = origin
        self._opened: list[int] = []
        self._pending = path.split("/")[::-1]
        self.links = 0

    def close(self) -> None:
        while self._opened:
            with contextlib.suppress(OSError):
                os.close(self._opened.pop())

    def file(self) -> int:
        """Return the descriptor of the regular file at the end. Raises OSError, Refusal."""
        while self._pending:
            part = self._pending.pop()
            if part in {"", "."}:
                continue
            if part == "..":
                self._up()
                continue
            found = os.stat(part, dir_fd=self._here, follow_symlinks=False)
            if stat.S_ISLNK(found.st_mode):
                self._follow(part)
            elif self._pending:
                self._opened.append(os.open(part, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._here))
            else:
                return self._regular(part, found.st_mode)
        raise self._not_regular("a directory")

    @property
    def _here(self) -> int:
        return self._opened[-1] if self._opened else self._root

    def _regular(self, part: str, mode: int) -> int:
        if not stat.S_ISREG(mode):
            raise self._not_regular(_kind(mode))
        descriptor = os.open(part, _FILE, dir_fd=self._here)
        # Asked again of what was really opened: the name may have been given to something else since.
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            os.close(descriptor)
            raise self._not_regular(_kind(mode))
        return descriptor

    def _up(self) -> None:
        if not self._opened:
            raise self.bad_link("it leaves the model")
        os.close(self._opened.pop())

    def _follow(self, part: str) -> None:
        self.links += 1
        if self.links > limits.LINKS:
            raise self.bad_link("it is one of too many links in a row")
        target = os.readlink(part, dir_fd=self._here)
        if target.startswith("/"):
            inside, real = os.path.normpath(target), os.path.realpath(self._folder).rstrip("/")
            if not inside.startswith(f"{real}/"):
                raise self.bad_link("it leaves the model")
            self.close()
            target = inside[len(real) + 1 :]
        self._pending.extend(target.split("/")[::-1])

    def bad_link(self, why: str) -> Refusal:
        return Refusal(
            "input/symlink",
            f"{excerpt(self._path)} is a link that is not followed: {why}",
            self._origin or Origin(file=self._path),
            hint="put the file itself into the model",
        )

    def _not_regular(self, kind: str) -> Refusal:
        if self.links:
            return self.bad_link(f"it leads to {kind}")
        message = f"{excerpt(self._path)} is {kind}, not a regular file"
        return Refusal("input/not-a-regular-file", message, self._origin or Origin(file=self._path))


def _kind(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a directory"
    if stat.S_ISFIFO(mode):
        return "a FIFO"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"
