"""A model as a loader sees it: loaded in its own environment, asked from this one."""

from __future__ import annotations

import weakref
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from envbuilder.workers.errors import WorkerError
from envbuilder.workers.metadata import Metadata, read_metadata, require_mlmodel
from envbuilder.workers.pool import Pool
from envbuilder.workers.process import Worker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from envbuilder.store.lease import Lease
    from envbuilder.use.restoration import Restored
    from envbuilder.use.session import Session


class LoadedModel:
    """A model in one or several child processes. Safe in threads; use as a context manager, or close().

    A child that crashed or hung is replaced at the next call. All children die with this process. A fork of
    this process starts children of its own when it asks.
    """

    def __init__(
        self, restored: Restored, model: Path, *, workers: int = 1, timeout: float | None = None
    ) -> None:
        from envbuilder.use.session import Session

        session = Session(restored=restored)
        self._session = session
        self._timeout = timeout
        self._pool = Pool(workers, lambda: Worker(session, model, timeout=timeout))
        self._finalizer = weakref.finalize(self, _end, self._pool, restored.lease)
        try:
            with self._pool.borrow(timeout) as worker:
                self._takes_params = worker.ready.takes_params
                self._metadata = read_metadata(model, worker.ready)
        except BaseException:
            self.close()
            raise

    @property
    def metadata(self) -> Metadata:
        """What the model's own file says of it, and which Python and MLflow it runs in."""
        return self._metadata

    @property
    def session(self) -> Session:
        """The environment that the model lives in."""
        return self._session

    @property
    def log(self) -> str:
        """The end of what the living children have written to their standard output and error."""
        return "\n".join(worker.log for worker in self._pool.living())

    def predict(self, data: Any, params: Any = None, *, timeout: float | None = None) -> Any:
        """Return the model's predictions; waits for a free child.

        ``timeout`` (seconds) overrides the one given at loading. Raises ModelError with the child's traceback
        for an exception of the model, WorkerCrashed, WorkerTimeout, WorkerValueError; WorkerError if the model
        was closed, or takes no ``params``.
        """
        if params is not None:
            self._require_params()
        patience = self._timeout if timeout is None else timeout
        with self._pool.borrow(patience) as worker:
            return worker.predict(data, params, timeout=patience)

    def predict_document(
        self, content: bytes, form: str, example: Mapping[str, str], *, timeout: float | None = None
    ) -> bytes:
        """Return the predictions for a file (envbuilder_child.documents) as JSON; this host needs no pandas.

        Raises as predict().
        """
        patience = self._timeout if timeout is None else timeout
        with self._pool.borrow(patience) as worker:
            answer: bytes = worker.predict(content, (form, dict(example)), timeout=patience, document=True)
        return answer

    def _require_params(self) -> None:
        """MLflow before 2.6 knows no params, and later ones drop, with a line in a log, what is not declared."""
        signature = self._metadata.signature
        if not self._takes_params:
            why = f"MLflow {self._metadata.mlflow} takes none"
        elif signature is None or not signature.params:
            why = "its signature names none"
        else:
            return
        raise WorkerError(
            f"the model takes no params: {why}",
            code="worker/params",
            hint="call predict(data) without them, or log the model with a signature that has params",
        )

    def close(self) -> None:
        """End all children, busy ones too, and give the environment back. May be called again."""
        self._finalizer()

    def __enter__(self) -> LoadedModel:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _end(pool: Pool, lease: Lease) -> None:
    pool.end()
    lease.close()


def _require(model: Path, workers: int) -> None:
    require_mlmodel(model)
    if workers < 1:
        raise WorkerError(f"{workers} workers cannot answer", hint="give 1 or more")


def load(restored: Restored, model: Path, *, workers: int = 1, timeout: float | None = None) -> LoadedModel:
    """Load a model in its restored environment, whose lease the result takes over.

    ``timeout`` is in seconds, for loading and for each call; None waits for ever. Raises WorkerError.
    """
    try:
        _require(model, workers)
        return LoadedModel(restored, model, workers=workers, timeout=timeout)
    except BaseException:
        restored.lease.close()
        raise
