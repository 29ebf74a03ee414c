"""One child process with a model in it: started, spoken to, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from envbuilder.redact import excerpt, visible
from envbuilder.workers.answers import Raised, Ready, Value, read_answer
from envbuilder.workers.channel import Channel
from envbuilder.workers.envbuilder_child import values
from envbuilder.workers.envbuilder_child.faults import Closed, Unsupported
from envbuilder.workers.errors import ModelError, WorkerCrashed, WorkerError, WorkerTimeout, WorkerValueError
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
"""Seconds that a child has to end by itself once its socket is closed."""

_LIVING: weakref.WeakSet[Worker] = weakref.WeakSet()


class Worker:
    """A model loaded in a child process. Not for several threads at once.

    ``timeout`` is in seconds for loading, None for as long as it takes. The child holds the environment's
    lease, and ends when this process does, however that ends, with all that it started (lifeline.py says how).
    A fork of this process has no part in it. Raises ModelError, WorkerCrashed, WorkerTimeout.
    """

    def __init__(self, session: Session, model: Path, *, timeout: float | None = None) -> None:
        self._gone = False
        self._log = Log()
        ours, theirs = socket.socketpair()
        line, self._lifeline = os.pipe()
        fds = (theirs.fileno(), line)
        try:
            self._child = session.popen(
                # -I: no modules of the working directory; -B: nothing is written beside the model's code
                [session.python, "-I", "-B", "-c", BOOT, CODE, *map(str, fds), model.absolute()],
                pass_fds=fds, stdin=subprocess.DEVNULL, stdout=self._log.writer, stderr=self._log.writer,
                start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            ours.close()
            os.close(self._lifeline)
            reason = (error.strerror or str(error)).lower()
            raise WorkerError(
                f"the environment's python cannot be started: {reason}", hint="run `envbuilder cache verify`"
            ) from error
        finally:
            theirs.close()
            os.close(line)
            self._log.started()
        self._channel = Channel(ours, self._child)
        _LIVING.add(self)
        try:
            self.ready = self._loaded(timeout)
        except BaseException:
            self.end(grace=0.0)
            raise

    def _loaded(self, timeout: float | None) -> Ready:
        answer, _ = self._ask(None, (), timeout)
        if not isinstance(answer, Ready):
            self._crashed("sent what is no answer")
        return answer

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    @property
    def log(self) -> str:
        """The end of what the child has written."""
        return self._log.tail()

    def predict(
        self, data: Any, params: Any = None, *, timeout: float | None = None, document: bool = False
    ) -> Any:
        """Return what the model predicts; for a ``document`` (envbuilder_child.documents) as JSON bytes.

        Raises ModelError, WorkerValueError; the others end the child.
        """
        try:
            tree, buffers = values.pack((data, params))
        except Unsupported as error:
            raise _not_carried(str(error), "to the model") from None
        answer, made = self._ask({"call": tree, "document": document}, buffers, timeout)
        if not isinstance(answer, Value):
            self._crashed("sent what is no answer")
        try:
            return values.unpack(answer.tree, made)
        except Unsupported as error:
            raise _not_carried(str(error), "back from the model") from None
        except ValueError as error:
            self.end(grace=0.0)  # none of ours sends that
            raise _not_carried(str(error), "back from the model") from None

    def _ask(self, head: Any, buffers: Any, timeout: float | None) -> tuple[Ready | Value, list[Any]]:
        """Send a frame, unless there is none to send, and return the answer to it."""
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            said, made = self._channel.ask(head, buffers, deadline)
            answer = read_answer(said)
        except TimeoutError:
            self._late(timeout)
        except (Closed, OSError):
            self._crashed()
        except ValueError as error:
            self._crashed(f"sent what is no answer: {excerpt(str(error))}")
        except BaseException:
            self.end(grace=0.0)  # half a frame is on the way: nothing that comes can be told from its rest
            raise
        if isinstance(answer, Raised):
            raise self._raised(answer)
        return answer, made

    def _late(self, timeout: float | None) -> NoReturn:
        log = self._log.tail()
        self.end(grace=0.0)
        raise WorkerTimeout(
            f"the model did not answer within {timeout:g} s" if timeout else "the model did not answer",
            detail=log,
            hint="give it more time (timeout=…); its process was ended, the next call starts a new one",
        )

    def _crashed(self, how: str = "") -> NoReturn:
        ended = not how and self._channel.ended(GRACE)
        self.end(grace=0.0)
        code = self._child.returncode if ended else None
        raise WorkerCrashed(
            f"the model's process {how or _end(code)}",
            detail=self._log.tail(GRACE),
            hint="the log's end is above; the next call starts a new process",
        )

    def _raised(self, answer: Raised) -> ModelError | WorkerValueError:
        message = excerpt(answer.message, 500)
        if answer.stage in {"receive", "return"}:
            return _not_carried(
                message, "to the model" if answer.stage == "receive" else "back from the model"
            )
        loading = answer.stage == "load"
        return ModelError(
            f"{'loading the model' if loading else 'the model'} raised {excerpt(answer.type_name)}: {message}",
            type_name=answer.type_name,
            detail=visible(answer.traceback, newlines=True),
            code="worker/load-failed" if loading else None,
            hint="`envbuilder predict MODEL` looks for the cause" if loading else "",
        )

    @property
    def alive(self) -> bool:
        """Whether the child can be asked again."""
        return not self._gone and not self._channel.ended()

    def hang_up(self) -> None:
        """Let the child end by itself; end() waits for that."""
        if not self._gone:
            self._channel.hang_up()

    def end(self, *, grace: float = GRACE) -> None:
        """End the child and what it started: politely for ``grace`` seconds, then for certain. Once."""
        if self._gone:
            return
        self._gone = True
        self._channel.hang_up()
        if grace:
            self._channel.ended(grace)
        # Before it is reaped: until then the number is its own.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
        self._child.wait()
        self._close()

    def _close(self) -> None:
        os.close(self._lifeline)
        self._channel.close()
        _LIVING.discard(self)

    def forget(self) -> None:
        """In a fork: close its copies. The child goes on, and is not the fork's."""
        if not self._gone:
            self._gone = True
            self._child.returncode = 0  # else it would be waited for
            self._log.close()
            self._close()


def _forget_all() -> None:
    for worker in list(_LIVING):
        worker.forget()


os.register_at_fork(after_in_child=_forget_all)


def _end(code: int | None) -> str:
    if code is None:
        return "closed its connection"
    if code < 0:
        return f"died of {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def _not_carried(what: str, direction: str) -> WorkerValueError:
    return WorkerValueError(
        f"{excerpt(what, 500)}; it does not go {direction}",
        hint="send numbers, texts, bytes, dates, lists, dicts, numpy arrays, or pandas frames of those",
    )
