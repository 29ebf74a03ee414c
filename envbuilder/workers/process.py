"""One child process with a model in it: started, spoken to, ended."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NoReturn

from envbuilder.redact import excerpt, visible
from envbuilder.workers.envbuilder_child import values, wire
from envbuilder.workers.errors import ModelError, WorkerCrashed, WorkerTimeout, WorkerValueError

if TYPE_CHECKING:
    from envbuilder.use.session import Session

CODE: Final = Path(__file__).parent
"""The folder of ``envbuilder_child``; it is on the child's path for one import only."""

BOOT: Final = (
    "import sys; sys.path.insert(0, sys.argv[1]); from envbuilder_child import serving; del sys.path[0]; "
    "sys.argv, given = sys.argv[:1], sys.argv[2:]; serving.serve(int(given[0]), int(given[1]), given[2])"
)

LOG_BYTES: Final = 4096
"""How much of the end of a child's log an error shows."""

GRACE: Final = 2.0
"""Seconds that a child has to end by itself once its socket is closed."""


class Worker:
    """A model loaded in a child process. Not for several threads at once.

    ``timeout`` is in seconds for loading, None for as long as it takes. The child holds the environment's
    lease, and ends when this process does, however that ends. Raises ModelError, WorkerCrashed,
    WorkerTimeout.
    """

    def __init__(self, session: Session, model: Path, *, timeout: float | None = None) -> None:
        self._log = tempfile.TemporaryFile(prefix="envbuilder-worker-")  # noqa: SIM115 - until close()
        ours, theirs = socket.socketpair()
        lifeline, self._lifeline = os.pipe()
        fds = (theirs.fileno(), lifeline)
        try:
            self._child = session.popen(
                ["python", "-I", "-c", BOOT, CODE, *map(str, fds), model.absolute()],
                pass_fds=fds, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            )  # fmt: skip
        finally:
            theirs.close()
            os.close(lifeline)
        self._socket = ours
        self._stream: Any = ours.makefile("rwb", buffering=0)
        try:
            self.metadata: dict[str, Any] = self._ask(None, (), timeout)[0]["metadata"]
        except BaseException:
            self.end()
            raise

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._child.pid

    def predict(self, data: Any, params: Any = None, *, timeout: float | None = None) -> Any:
        """Return what the model predicts. Raises ModelError, WorkerValueError; the others end the child."""
        try:
            tree, buffers = values.pack((data, params))
        except values.Unsupported as error:
            raise _not_carried(str(error), "to the model") from None
        head, made = self._ask({"call": tree}, buffers, timeout)
        try:
            return values.unpack(head["value"], made)
        except values.Unsupported as error:
            raise _not_carried(str(error), "back from the model") from None

    def _ask(
        self, head: dict[str, Any] | None, buffers: Any, timeout: float | None
    ) -> tuple[dict[str, Any], list[bytearray]]:
        """Send a frame, unless there is none to send, and return the answer to it."""
        deadline = None if timeout is None else time.monotonic() + timeout
        self._socket.settimeout(timeout)
        try:
            if head is not None:
                wire.send(self._stream, head, buffers)
            if deadline is not None:
                self._socket.settimeout(max(0.001, deadline - time.monotonic()))
            answer, made = wire.receive(self._stream)
        except TimeoutError:
            self._late(timeout)
        except (wire.Closed, OSError, ValueError):
            self._crashed()
        except BaseException:
            self.end()  # half a frame is on the way: nothing that comes can be told from the rest of it
            raise
        if answer["kind"] == "raised":
            raise self._raised(answer)
        return answer, made

    def _late(self, timeout: float | None) -> NoReturn:
        log = self._tail()
        self.end()
        raise WorkerTimeout(
            f"the model did not answer within {timeout:g} s" if timeout else "the model did not answer",
            detail=log,
            hint="give it more time (timeout=…); its process was ended, the next call starts a new one",
        )

    def _crashed(self) -> NoReturn:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(GRACE)
        code = self._child.poll()
        log = self._tail()
        self.end()
        raise WorkerCrashed(
            f"the model's process {_end(code)}",
            detail=log,
            hint="the log's end is above; the next call starts a new process",
        )

    def _raised(self, answer: dict[str, Any]) -> ModelError | WorkerValueError:
        message = excerpt(answer["message"], 500)
        if answer["unsupported"]:
            return _not_carried(message, "to or from the model")
        loading = answer["stage"] == "load"
        if loading:
            self.end()
        return ModelError(
            f"{'loading the model' if loading else 'the model'} raised {answer['type']}: {message}",
            type_name=answer["type"],
            detail=visible(answer["traceback"], newlines=True),
            code="worker/load-failed" if loading else None,
            hint="`envbuilder predict MODEL` looks for the cause" if loading else "",
        )

    def _tail(self) -> str:
        size = os.fstat(self._log.fileno()).st_size
        content = os.pread(self._log.fileno(), LOG_BYTES, max(0, size - LOG_BYTES))
        return visible(content.decode("utf-8", "replace"), newlines=True).strip()

    @property
    def alive(self) -> bool:
        """Whether the child can be asked again."""
        return not self._log.closed and self._child.poll() is None

    def end(self) -> None:
        """End the child: politely, then for certain. May be called again."""
        if self._log.closed:
            return
        os.close(self._lifeline)
        self._stream.close()
        self._socket.close()
        try:
            self._child.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()
        self._log.close()


def _end(code: int | None) -> str:
    if code is None:
        return "closed its connection"
    if code < 0:
        return f"died of {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def _not_carried(what: str, direction: str) -> WorkerValueError:
    return WorkerValueError(
        f"{excerpt(what, 500)} {direction}",
        hint="send numbers, texts, bytes, dates, lists, dicts, numpy arrays, or pandas frames of those",
    )
