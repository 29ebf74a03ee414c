"""A model as a loader sees it: loaded in its own environment, asked from this one."""

from __future__ import annotations

import queue
import weakref
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from envbuilder.workers.errors import WorkerError
from envbuilder.workers.process import Worker

if TYPE_CHECKING:
    from envbuilder.use.restoration import Restored


class LoadedModel:
    """A model in one or several child processes. Safe in threads; use as a context manager, or close().

    A child that crashed or hung is replaced at the next call. All children die with this process.
    """

    def __init__(
        self, restored: Restored, model: Path, *, workers: int = 1, timeout: float | None = None
    ) -> None:
        from envbuilder.use.session import Session

        self._session = Session(restored=restored)
        self._model = model
        self._timeout = timeout
        self._free: queue.LifoQueue[Worker | None] = queue.LifoQueue()
        self._closed = False
        first = self._start()
        self._metadata = first.metadata
        for _ in range(workers - 1):
            self._free.put(None)  # started when there is something for it to do
        self._free.put(first)
        self._workers = workers
        self._finalizer = weakref.finalize(self, _end_all, self._free, restored.lease)

    def _start(self) -> Worker:
        return Worker(self._session, self._model, timeout=self._timeout)

    @property
    def metadata(self) -> dict[str, Any]:
        """What MLflow says of the model: run id, versions, flavors, signature."""
        return self._metadata

    @property
    def session(self) -> Any:
        """The environment that the model lives in."""
        return self._session

    def predict(self, data: Any, params: Any = None, *, timeout: float | None = None) -> Any:
        """Return the model's predictions; waits for a free child.

        ``timeout`` (seconds) overrides the one given at loading. Raises ModelError with the child's traceback
        for an exception of the model, WorkerCrashed, WorkerTimeout, WorkerValueError.
        """
        if self._closed:
            raise WorkerError("the model was closed", hint="load it again")
        worker = self._free.get()
        try:
            if worker is None or not worker.alive:
                worker = None
                worker = self._start()
            return worker.predict(data, params, timeout=self._timeout if timeout is None else timeout)
        finally:
            self._free.put(worker if worker is not None and worker.alive else None)

    def close(self) -> None:
        """End all children and give the environment back. May be called again."""
        self._closed = True
        self._finalizer()

    def __enter__(self) -> LoadedModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _end_all(free: queue.LifoQueue[Worker | None], lease: Any) -> None:
    while True:
        try:
            worker = free.get_nowait()
        except queue.Empty:
            break
        if worker is not None:
            worker.end()
    lease.close()


def load(restored: Restored, model: Path, *, workers: int = 1, timeout: float | None = None) -> LoadedModel:
    """Load a model in its restored environment, whose lease the result takes over.

    ``timeout`` is in seconds, for loading and for each call; None waits for ever. Raises WorkerError.
    """
    try:
        return LoadedModel(restored, model, workers=workers, timeout=timeout)
    except BaseException:
        restored.lease.close()
        raise
