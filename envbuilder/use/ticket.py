"""Tickets: what a command line came to, so that the same one is answered by files, a hash and a stat.

A hit through the stages' own types costs a hundred milliseconds of imports before the first file is read.
A ticket holds what that hit would look at: every file that was read or looked for in vain (the model's, the
policy's, the host's), the environment's manifest and its interpreter. If one of them differs, or anything at
all is odd, there is no answer here and the long way decides; it alone raises, repairs and explains. So this
module imports only what a bare interpreter nearly has, and knows neither dataclasses nor JSON.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import sys
from stat import S_ISREG

from envbuilder.store.index import unchanged
from envbuilder.use.execution import activated, become, program_of

TYPE_CHECKING = False  # the module ``typing`` costs more than this whole one
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAGIC = "envbuilder ticket 1"
COMMANDS = ("build", "run")
LARGEST = 64 * 1024 * 1024
"""Bytes of a file that is hashed here; a model that carries larger ones takes the long way."""

MANIFEST_FOLDER = ".envbuilder"
_PATH_HEX = 20
_VARIABLES = ("ENVBUILDER_", "UV_", "PIP_", "XDG_")
SERVERS = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "DATABRICKS_HOST", "DATABRICKS_CONFIG_PROFILE")
"""What tells one registry from another: a URI means another model there (envbuilder.remote.uris)."""


class Ticket:
    """One answer: the environment, and all that must still be as it was.

    ``watched``: absolute path and sha256, "" for what must not exist. ``marks``: path, size and mtime_ns of
    the interpreter's files. ``told``: what the command says on stderr.
    """

    __slots__ = ("env_id", "files_digest", "lock", "manifest", "marks", "prefix", "told", "watched")

    def __init__(
        self,
        *,
        env_id: str,
        prefix: str,
        lock: str,
        manifest: str,
        files_digest: str,
        watched: tuple[tuple[str, str], ...],
        marks: tuple[tuple[str, int, int], ...],
        told: str,
    ) -> None:
        self.env_id = env_id
        self.prefix = prefix
        self.lock = lock
        self.manifest = manifest
        self.files_digest = files_digest
        self.watched = watched
        self.marks = marks
        self.told = told


def home_of(environ: Mapping[str, str]) -> str | None:
    """Return the store's folder where that is plain to see; None leaves it to envbuilder.settings."""
    if environ.get("ENVBUILDER_HOME"):
        return os.path.abspath(os.path.expanduser(environ["ENVBUILDER_HOME"]))  # noqa: PTH100, PTH111
    if sys.platform != "linux":
        return None
    cache = environ.get("XDG_CACHE_HOME", "").strip()
    if not cache and environ.get("HOME"):
        cache = os.path.join(environ["HOME"], ".cache")  # noqa: PTH118
    return os.path.join(cache, "envbuilder") if cache.startswith("/") else None  # noqa: PTH118


def place_of(home: str, arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return where the ticket of a command line stands: its own words, the folder, the host and its settings."""
    parts = [MAGIC, os.getcwd(), *_own(arguments), "", *_host(arguments)]  # noqa: PTH109
    names = ("HOME", *SERVERS)
    parts += sorted(f"{n}={v}" for n, v in environ.items() if n.startswith(_VARIABLES) or n in names)
    key = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
    return os.path.join(home, "requests", "v1", f"{key[:_PATH_HEX]}.ticket")  # noqa: PTH118


def _own(arguments: Sequence[str]) -> Sequence[str]:
    """Our part of a command line: what follows ``--`` after ``run`` is the user's."""
    if arguments[0] == "run" and "--" in arguments:
        return arguments[: arguments.index("--")]
    return arguments


def command_of(arguments: Sequence[str]) -> list[str]:
    """Return what a ticket's ``run`` becomes: all that follows the first ``--``.

    The command line may mean another word by it (``run -- MODEL CMD``, ``run MODEL CMD -- WORD``): a ticket
    is written only where both agree, and as they read our part alike, they then agree about every command.
    """
    return list(arguments[len(_own(arguments)) + 1 :])


def _host(arguments: Sequence[str]) -> Iterable[str]:
    """What the answer depends on beside files and variables: system, libraries, Python, today for ``now``."""
    name = os.uname()
    yield from (name.sysname, name.machine, name.release, sys.version)
    try:
        yield os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, OSError, ValueError):
        yield ""
    if any(word.endswith("now") for word in arguments):
        import time

        yield time.strftime("%Y-%m-%d", time.gmtime())


def write(ticket: Ticket) -> bytes:
    """Return the ticket as it is kept: fields between NULs, under a sha256 of them."""
    fields = [ticket.env_id, ticket.prefix, ticket.lock, ticket.manifest, ticket.files_digest, ticket.told]
    fields += [str(len(ticket.watched)), *(text for pair in ticket.watched for text in pair)]
    fields += [str(value) for mark in ticket.marks for value in mark]
    body = "\0".join(fields).encode("utf-8", "surrogateescape")
    return f"{MAGIC} {hashlib.sha256(body).hexdigest()}\n".encode("ascii") + body


def read(content: bytes) -> Ticket | None:
    """Return the ticket that write() made; None for anything else."""
    head, _, body = content.partition(b"\n")
    if head.decode("ascii", "replace") != f"{MAGIC} {hashlib.sha256(body).hexdigest()}":
        return None
    env_id, prefix, lock, manifest, files_digest, told, count, *rest = body.decode(
        "utf-8", "surrogateescape"
    ).split("\0")
    end = 2 * int(count)
    watched, marks = rest[:end], rest[end:]
    return Ticket(
        env_id=env_id, prefix=prefix, lock=lock, manifest=manifest, files_digest=files_digest, told=told,
        watched=tuple(zip(watched[::2], watched[1::2], strict=True)),
        marks=tuple((p, int(s), int(m)) for p, s, m in zip(*(marks[i::3] for i in range(3)), strict=True)),
    )  # fmt: skip


def sha256_of(path: str) -> str:
    """Return the sha256 of a regular file that is no link. Raises OSError, also for one that is too large."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        found = os.fstat(descriptor)
        if not S_ISREG(found.st_mode) or found.st_size > LARGEST:
            raise OSError(f"{path} is no file to hash, or too large")
        state, left = hashlib.sha256(), LARGEST
        while chunk := os.read(descriptor, 1 << 20):
            state.update(chunk)
            left -= len(chunk)
            if left < 0:
                raise OSError(f"{path} grows")
        return state.hexdigest()
    finally:
        os.close(descriptor)


def still_true(ticket: Ticket) -> bool:
    """Whether every watched file is what it was, and none appeared."""
    try:
        return all(
            sha256_of(path) == sha256 if sha256 else not os.path.lexists(path)
            for path, sha256 in ticket.watched
        )
    except OSError:
        return False


def leased(ticket: Ticket) -> int | None:
    """Return a descriptor that holds the environment, if it still is what was published; else None."""
    descriptor = os.open(ticket.lock, os.O_RDWR | os.O_CLOEXEC)
    try:
        # Who holds it alone is taking the environment out of use: the long way waits for that.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        if _whole(ticket):
            os.utime(descriptor)
            return descriptor
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _whole(ticket: Ticket) -> bool:
    if sha256_of(f"{ticket.prefix}/{MANIFEST_FOLDER}/manifest.json") != ticket.manifest:
        return False
    for path, size, mtime in ticket.marks:
        found = os.stat(os.path.join(ticket.prefix, path))  # noqa: PTH116, PTH118
        if (found.st_size, found.st_mtime_ns) != (size, mtime):
            return False
    return unchanged(ticket.prefix, MANIFEST_FOLDER, ticket.files_digest, forks=True)


def answer(arguments: Sequence[str]) -> int | None:
    """Answer ``build`` or ``run`` as the last time, or return None: the command line itself has to.

    ``run`` does not return. A terminal's colours and bars are the long way's, too.
    """
    if not arguments or arguments[0] not in COMMANDS:
        return None
    try:
        return _answered(arguments)
    except (OSError, ValueError):
        return None


def _answered(arguments: Sequence[str]) -> int | None:
    home = home_of(os.environ)
    if home is None:
        return None
    with open(place_of(home, arguments, os.environ), "rb") as stream:  # noqa: PTH123
        ticket = read(stream.read())
    if ticket is None or not _inside(home, ticket) or (ticket.told and _styled()) or not still_true(ticket):
        return None
    command = command_of(arguments) if arguments[0] == "run" else []
    environ = activated(ticket.prefix, os.environ)
    program = program_of(command[0], environ["PATH"]) if command else None
    if arguments[0] == "run" and program is None:
        return None
    lease = leased(ticket)
    if lease is None:
        return None
    sys.stderr.write(ticket.told)
    sys.stderr.flush()
    if program:
        become(program, command, environ, lease)
    sys.stdout.buffer.write(os.fsencode(ticket.prefix) + b"\n")
    sys.stdout.buffer.flush()
    os.close(lease)
    return 0


def _inside(home: str, ticket: Ticket) -> bool:
    """Whether a ticket speaks of the store that it stands in: a store that was moved knows other paths."""
    return ticket.prefix.startswith(f"{home}/") and ticket.lock.startswith(f"{home}/")


def _styled() -> bool:
    """Whether what is told on stderr would be in colours."""
    return sys.stderr.isatty() or bool(os.environ.get("FORCE_COLOR"))
