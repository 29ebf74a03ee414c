"""The one place that starts tools: argv lists, a clean environment, an empty directory, limits.

Why each rule exists: pip, uv and Python obey configuration files, environment variables and modules that
lie about; a model's directory is none of their business (SECURITY.md).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.bounds import GENEROUS, Bounds, bind, exceeded, told
from envbuilder.errors import ToolError
from envbuilder.orphans import end_orphans
from envbuilder.redact import masked, visible

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

OUTPUT_LIMIT = 4 * 1024 * 1024
"""Bytes of each stream; a lock of 500 packages is below 1 MiB. More on stdout is an error: half an answer
may read like a whole one. Of stderr the last bytes are kept, and what is cut is said."""

LINGER = 5.0
"""Seconds for which a pipe may stay open after the tool has ended: what it started in the background has it."""

PREFIX = "envbuilder-tool-"

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
"""Compilers for source builds; nothing of the user's own folders."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """A tool that ended. Both streams are decoded, with every URL masked in stderr."""

    argv: tuple[str, ...]
    returncode: int
    stdout: str
    stderr: str
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it ended with 0."""
        return self.returncode == 0

    def tail(self, lines: int = 12) -> str:
        """Return the last lines of stderr (or stdout), safe for a terminal."""
        text = self.stderr.strip() or masked(self.stdout.strip())
        return "\n".join(visible(line) for line in text.splitlines()[-lines:])


@contextlib.contextmanager
def neutral_directory(parent: Path | None = None) -> Iterator[Path]:
    """Yield a fresh empty directory that is gone afterwards; tools get it as HOME, TMPDIR and the like.

    It is locked while we live. What killed processes left in ``parent`` (default: the system's temporary
    folder), and the tools that still work there, are ended by the first directory that the next one makes.
    """
    folder = parent or Path(tempfile.gettempdir())
    sweep_directories(folder)
    path, descriptor = _locked_directory(folder)
    try:
        yield path
    finally:
        _remove(path)
        # By hand: a child forked by another thread may hold the descriptor for a moment.
        fcntl.flock(descriptor, fcntl.LOCK_UN)
        os.close(descriptor)


def _locked_directory(folder: Path) -> tuple[Path, int]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=folder))
        # A sweeper may have taken it for a dead one before it was locked.
        with contextlib.suppress(FileNotFoundError):
            descriptor = _opened(path)
            if _locked(descriptor) and path.exists():
                return path, descriptor
            os.close(descriptor)


@cache
def sweep_directories(folder: Path) -> None:
    """Remove our directories below ``folder`` that nobody holds, once per process. Never waits, never fails."""
    for path in folder.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            descriptor = _opened(path)
            try:
                if _locked(descriptor) and os.fstat(descriptor).st_uid == os.getuid():
                    end_orphans(path)
                    _remove(path)
            finally:
                os.close(descriptor)


def _opened(path: Path) -> int:
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _locked(descriptor: int) -> bool:
    """Lock a directory; False if another process has it."""
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _remove(path: Path) -> None:
    """Remove a directory whatever modes a tool gave its folders; what cannot be removed stays."""
    for folder, _, _ in os.walk(path):
        with contextlib.suppress(OSError):
            os.chmod(folder, 0o700)  # noqa: PTH101 - as walked
    shutil.rmtree(path, ignore_errors=True)


def clean_environment(directory: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the whole environment of a tool: the allowed variables and neutral folders, nothing else."""
    home = str(directory)
    return {
        "PATH": SYSTEM_PATH,
        "HOME": home,
        "TMPDIR": home,
        "XDG_CONFIG_HOME": home,
        "XDG_CACHE_HOME": home,
        "XDG_DATA_HOME": home,
        "XDG_CONFIG_DIRS": home,
        "LC_ALL": "C.UTF-8",
        **variables,
    }


def run(
    argv: Sequence[str],
    *,
    directory: Path,
    variables: Mapping[str, str],
    seconds: float = 1800.0,
    on_line: Callable[[str], None] | None = None,
    bounds: Bounds = GENEROUS,
) -> Finished:
    """Run a tool to its end in ``directory`` (a neutral one) with nothing but ``variables``.

    ``on_line`` receives each line of stderr as it comes. Raises ToolError if the tool cannot be started,
    outlives ``seconds``, floods stdout or dies of its ``bounds`` (``tool/limit``); a failing exit code is a
    value. The tool and all its children die with us on an interrupt.
    """
    if not Path(argv[0]).is_absolute():
        raise ToolError(f"{argv[0]!r} is no absolute path", hint="name the tool by its full path")
    started = time.monotonic()
    try:
        child = subprocess.Popen(
            list(argv), cwd=directory, env=clean_environment(directory, variables),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
    except (OSError, ValueError) as error:  # ValueError: a NUL in a text, which no system call takes
        reason = getattr(error, "strerror", None) or str(error)
        raise ToolError(f"cannot start {argv[0]}: {reason}", hint="check that it is installed") from None
    try:
        bind(child.pid, bounds)
        out, err = _Pipes(child, on_line).read(started + seconds)
        child.wait(timeout=max(1.0, started + seconds - time.monotonic()))
    except subprocess.TimeoutExpired:
        _kill_group(child)
        raise _late(child) from None
    except BaseException:
        _kill_group(child)
        raise
    stderr = masked(_text(err))
    if child.returncode < 0 and (kind := exceeded(stderr, child.returncode)):
        raise _over(child, kind)
    return Finished(
        argv=tuple(argv), returncode=child.returncode, stdout=_text(out), stderr=stderr,
        seconds=time.monotonic() - started,
    )  # fmt: skip


class _Pipes:
    """Reads both pipes of a tool at once: a full one must not block it."""

    def __init__(self, child: subprocess.Popen[bytes], on_line: Callable[[str], None] | None) -> None:
        self._child = child
        self._on_line = on_line
        self._out, self._err, self._pending = bytearray(), bytearray(), bytearray()
        self._cut = 0

    def read(self, deadline: float) -> tuple[bytes, bytes]:
        """Return what the tool wrote. Raises ToolError at the deadline (monotonic seconds), or for a flood."""
        out, err = self._child.stdout, self._child.stderr
        assert out is not None  # noqa: S101
        assert err is not None  # noqa: S101
        takers = {out.fileno(): self._take_out, err.fileno(): self._take_err}
        ended: float | None = None
        with selectors.DefaultSelector() as selector, out, err:
            for descriptor in takers:
                selector.register(descriptor, selectors.EVENT_READ)
            while selector.get_map():
                now = time.monotonic()
                if now > deadline:
                    raise _late(self._child)
                if ended is not None and now > ended + LINGER:
                    _kill_group(self._child, close=False)
                ready = selector.select(timeout=1.0)
                if not ready and ended is None and self._child.poll() is not None:
                    ended = now
                for key, _ in ready:
                    chunk = os.read(key.fd, 65536)
                    if chunk:
                        takers[key.fd](chunk)
                    else:
                        selector.unregister(key.fd)
        head = f"… {self._cut} bytes left out\n".encode() if self._cut else b""
        return bytes(self._out), head + bytes(self._err)

    def _take_out(self, chunk: bytes) -> None:
        self._out += chunk
        if len(self._out) > OUTPUT_LIMIT:
            raise ToolError(
                f"{_name(self._child)} wrote more than {OUTPUT_LIMIT} bytes",
                hint="update it; if it stays, report it with the model's requirements",
            )

    def _take_err(self, chunk: bytes) -> None:
        self._err += chunk
        over = len(self._err) - OUTPUT_LIMIT
        if over > 0:
            del self._err[:over]
            self._cut += over
        if self._on_line:
            self._pending = _tell_lines(self._pending + chunk, self._on_line)


def _late(child: subprocess.Popen[bytes]) -> ToolError:
    return ToolError(f"{_name(child)} did not end in time", hint="try again when the host has less to do")


def _over(child: subprocess.Popen[bytes], kind: str) -> ToolError:
    return ToolError(
        f"{_name(child)} was ended: {told(kind)}",
        code="tool/limit",
        hint="try again on a host with more room",
    )


def _name(child: subprocess.Popen[bytes]) -> str:
    argv = child.args
    return Path(str(argv[0])).name if isinstance(argv, list) else "a tool"


def _tell_lines(pending: bytearray, on_line: Callable[[str], None]) -> bytearray:
    *lines, rest = pending.split(b"\n")
    for line in lines:
        on_line(masked(_text(bytes(line))))
    return bytearray(rest[-65536:])


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _kill_group(child: subprocess.Popen[bytes], *, close: bool = True) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    if not close:
        return
    for pipe in (child.stdout, child.stderr):
        if pipe:
            pipe.close()
