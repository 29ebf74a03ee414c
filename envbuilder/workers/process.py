"""One child process with a model in it: started, spoken to, ended."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any, NoReturn

from envbuilder.redact import excerpt, masked, visible
from envbuilder.workers.answers import Raised, Ready, Value, read_answer
from envbuilder.workers.child import GRACE, start_child
from envbuilder.workers.envbuilder_child import arrow, values
from envbuilder.workers.envbuilder_child.faults import Closed, Unsupported
from envbuilder.workers.errors import ModelError, WorkerCrashed, WorkerTimeout, WorkerValueError

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.use.session import Session


class Worker:
    """A model loaded in a child process. Not for several threads at once.

    ``timeout`` is in seconds for loading, None for as long as it takes. The child holds the environment's
    lease, and ends when this process does, however that ends, with all that it started (lifeline.py says how).
    Raises ModelError, WorkerCrashed, WorkerTimeout; WorkerError if it cannot be started.
    """

    def __init__(self, session: Session, model: Path, *, timeout: float | None = None) -> None:
        self._child = start_child(session, model)
        try:
            self.ready = self._loaded(timeout)
        except BaseException:
            self._child.end(grace=0.0)
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
        return self._child.log.tail()

    def predict(
        self, data: Any, params: Any = None, *, timeout: float | None = None, document: bool = False
    ) -> Any:
        """Return what the model predicts; for a ``document`` (envbuilder_child.documents) as JSON bytes.

        Raises ModelError, WorkerValueError; the others end the child.
        """
        enough = arrow.ENOUGH if self.ready.arrow and arrow.library() else None
        try:
            tree, buffers = values.pack((data, params), enough)
        except Unsupported as error:
            raise _not_carried(str(error), "to the model") from None
        answer, made = self._ask({"call": tree, "document": document, "arrow": enough}, buffers, timeout)
        if not isinstance(answer, Value):
            self._crashed("sent what is no answer")
        try:
            return values.unpack(answer.tree, made)
        except Unsupported as error:
            raise _not_carried(str(error), "back from the model") from None
        except ValueError as error:
            self._child.end(grace=0.0)  # none of ours sends that
            raise _not_carried(str(error), "back from the model") from None

    def _ask(self, head: Any, buffers: Any, timeout: float | None) -> tuple[Ready | Value, list[Any]]:
        """Send a frame, unless there is none to send, and return the answer to it."""
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            said, made = self._child.channel.ask(head, buffers, deadline)
            answer = read_answer(said)
        except TimeoutError:
            self._late(timeout)
        except (Closed, OSError):
            self._crashed()
        except ValueError as error:
            self._crashed(f"sent what is no answer: {excerpt(str(error))}")
        except BaseException:
            # Half a frame is on the way: nothing that comes can be told from its rest.
            self._child.end(grace=0.0)
            raise
        if isinstance(answer, Raised):
            raise self._raised(answer)
        return answer, made

    def _late(self, timeout: float | None) -> NoReturn:
        log = self._child.log.tail()
        self._child.end(grace=0.0)
        raise WorkerTimeout(
            f"the model did not answer within {timeout:g} s" if timeout else "the model did not answer",
            detail=log,
            hint="give it more time (timeout=…); its process was ended, the next call starts a new one",
        )

    def _crashed(self, how: str = "") -> NoReturn:
        ended = not how and self._child.channel.ended(GRACE)
        self._child.end(grace=0.0)
        code = self._child.returncode if ended else None
        raise WorkerCrashed(
            f"the model's process {how or _end(code)}",
            detail=self._child.log.tail(GRACE),
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
            detail=visible(masked(answer.traceback), newlines=True),
            code="worker/load-failed" if loading else None,
            hint="`envbuilder predict MODEL` looks for the cause" if loading else "",
        )

    @property
    def alive(self) -> bool:
        """Whether the child runs."""
        return not self._child.gone and not self._child.channel.ended()

    @property
    def usable(self) -> bool:
        """Whether the child can be asked, by whoever has it for himself."""
        return self.alive and self._child.channel.whole

    def hang_up(self) -> None:
        """Let the child end by itself; end() waits for that."""
        if not self._child.gone:
            self._child.channel.hang_up()

    def end(self) -> None:
        """End the child and what it started. May be called again."""
        self._child.end()


def _end(code: int | None) -> str:
    if code is None:
        return "closed its connection"
    if code < 0:
        known = {number.value: number.name for number in signal.Signals}
        return f"died of {known.get(-code, f'signal {-code}')}"
    return f"ended with exit code {code}"


def _not_carried(what: str, direction: str) -> WorkerValueError:
    return WorkerValueError(
        f"{excerpt(what, 500)}; it does not go {direction}",
        hint="send numbers, texts, bytes, dates, lists, dicts, numpy arrays, or pandas frames of those",
    )
