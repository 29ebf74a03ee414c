"""A child process: started with its connection, its log and its lifeline, and ended with all that it started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Final

from envbuilder.settings import own_environment
from envbuilder.workers.channel import Channel
from envbuilder.workers.errors import WorkerError
from envbuilder.workers.log import Log

if TYPE_CHECKING:
    from envbuilder.use.session import Session

CODE: Final = Path(__file__).parent
"""The folder of ``envbuilder_child``; it is on the child's path for one import only."""

BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from envbuilder_child import serving; del sys.path[0]; "
    "sys.argv, given = sys.argv[:1], sys.argv[2:]; serving.serve(int(given[0]), int(given[1]), given[2])"
)

GRACE: Final = 2.0
"""Seconds that a child has to end by itself once its connection is closed."""

_LIVING: weakref.WeakSet[Child] = weakref.WeakSet()


class Child:
    """A process that was started by start_child(). A fork of this process has no part in it."""

    def __init__(
        self, process: subprocess.Popen[bytes], channel: Channel, log: Log, lifeline: int, scratch: Path
    ) -> None:
        self.channel = channel
        self.log = log
        self.gone = False
        """Whether it was ended from here."""
        self._process = process
        self._lifeline: int | None = lifeline
        self._scratch = scratch
        _LIVING.add(self)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """As Popen's; None before end()."""
        return self._process.returncode

    def end(self, *, grace: float = GRACE) -> None:
        """End it and what it started: politely for ``grace`` seconds, then for certain.

        May be called again; what an interrupt kept from being done is done then.
        """
        if self._lifeline is None:
            return
        first, self.gone = not self.gone, True
        self.channel.hang_up()
        if grace and first:
            self.channel.ended(grace)
        _kill(self._process)
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._close()

    def _close(self) -> None:
        self.channel.close()
        _LIVING.discard(self)
        line, self._lifeline = self._lifeline, None
        if line is not None:
            os.close(line)

    def forget(self) -> None:
        """In a fork: close its copies. The process goes on, and is not the fork's."""
        if not self.gone:
            self.gone = True
            self._process.returncode = 0  # else it would be waited for
            self.log.close()
            self._close()


def _kill(process: subprocess.Popen[bytes]) -> None:
    # The whole group, before its leader is reaped: until then the number is nobody else's.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def start_child(session: Session, model: Path) -> Child:
    """Start a process of the session's environment that loads a model. Raises WorkerError if that is impossible.

    An interrupt on the way leaves nothing.
    """
    with contextlib.ExitStack() as undo, contextlib.ExitStack() as theirs:
        # Named before it is made: an interrupt between the two leaves nothing.
        scratch = Path(tempfile.gettempdir(), f"envbuilder-worker-{os.urandom(16).hex()}")
        undo.callback(shutil.rmtree, scratch, ignore_errors=True)
        scratch.mkdir(mode=0o700)
        log = Log()
        theirs.callback(log.started)
        ours, other = socket.socketpair()
        undo.callback(ours.close)
        theirs.callback(other.close)
        line, lifeline = os.pipe()
        undo.callback(os.close, lifeline)
        theirs.callback(os.close, line)
        process = _start(session, model, (other.fileno(), line), log.writer, scratch)
        undo.callback(_kill, process)
        child = Child(process, Channel(ours, process), log, lifeline, scratch)
        undo.pop_all()
    return child


def _start(
    session: Session, model: Path, fds: tuple[int, int], log: int, scratch: Path
) -> subprocess.Popen[bytes]:
    # Some versions of MLflow make a folder ``mlruns`` where they are imported, if nothing else is said.
    environ = {"MLFLOW_TRACKING_URI": scratch.as_uri()} | own_environment()
    try:
        return session.popen(
            # -I: no modules of the working directory; -B: nothing is written beside the model's code
            [session.python, "-I", "-B", "-c", BOOT, CODE, *map(str, fds), model.absolute()],
            env=environ, pass_fds=fds, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        hint = "run `envbuilder cache verify`"
        raise WorkerError(f"the environment's python cannot be started: {reason}", hint=hint) from error


def _forget_all() -> None:
    for child in list(_LIVING):
        child.forget()


os.register_at_fork(after_in_child=_forget_all)
