"""One trial of a model: loaded in its environment, asked once, and what was wrong."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Finding, Level
from envbuilder.predictions.diagnosis import diagnose
from envbuilder.predictions.evidence import gather
from envbuilder.predictions.failure import Failure
from envbuilder.predictions.given import Given, own_example
from envbuilder.predictions.versions import disagreements
from envbuilder.workers.errors import ModelError, WorkerError
from envbuilder.workers.loading import load

if TYPE_CHECKING:
    from envbuilder.use.restoration import Restored

Stage: TypeAlias = Literal["load", "predict"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Predicted:
    """What a model answered, in the form of MLflow's scoring server."""

    text: str = field(repr=False)
    """The predictions as JSON."""
    rows: int | None
    """How many rows were asked about, None where the input has none."""

    @property
    def values(self) -> Any:
        """The predictions as lists, dicts, numbers and texts."""
        return json.loads(self.text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """How it went. ``predicted`` is None where it failed, and ``failure`` where it did not."""

    model: str
    env_id: str
    prefix: Path
    python_version: str
    mlflow_version: str
    """Of the environment; empty where there is none in it."""
    given: Given
    predicted: Predicted | None
    failure: Failure | None
    findings: tuple[Finding, ...]
    """What is wrong, the likeliest cause first; warnings of a trial that went well too."""
    load_seconds: float
    predict_seconds: float

    @property
    def ok(self) -> bool:
        """Whether the model answered."""
        return self.predicted is not None


def input_for(model: Path, given: Given | None = None) -> Given:
    """Return what to ask a model. Raises EnvbuilderError ``predict/no-input`` if there is nothing."""
    found = given or own_example(model)
    if found is None:
        raise EnvbuilderError(
            "the model was logged without an input example",
            code="predict/no-input",
            hint="give values with -i FILE: CSV, JSON or Parquet",
        )
    return found


def try_model(
    restored: Restored,
    path: Path,
    input: Given | None = None,  # noqa: A002 - what callers name it
    *,
    timeout: float | None = None,
) -> Trial:
    """Load a model in its restored environment, whose lease it takes over, and ask it once.

    ``input`` is the model's own example unless given; ``timeout`` is in seconds, for loading and for the
    answer. What the model does wrong is in the result. Raises EnvbuilderError for what is no fault of it: no
    input, a model that cannot be read.
    """
    try:
        given = input_for(path, input)
        evidence = gather(path, restored.environment)
    except BaseException:
        restored.lease.close()
        raise
    began = time.monotonic()
    failure, predicted, loaded_at = _ask(restored, path, given, timeout)
    ended = time.monotonic()
    found = diagnose(failure, evidence, given) if failure else ()
    return Trial(
        model=restored.model,
        env_id=restored.environment.env_id,
        prefix=restored.environment.prefix,
        python_version=restored.environment.python_version,
        mlflow_version=evidence.mlflow_version,
        given=given,
        predicted=predicted,
        failure=failure,
        findings=found or tuple(disagreements(evidence, level=Level.WARNING)),
        load_seconds=(loaded_at or ended) - began,
        predict_seconds=ended - loaded_at if loaded_at else 0.0,
    )


def _ask(
    restored: Restored, path: Path, given: Given, timeout: float | None
) -> tuple[Failure | None, Predicted | None, float | None]:
    """Return the failure or the answer, and when the model was loaded (monotonic seconds)."""
    loaded_at = None
    try:
        with load(restored, path, timeout=timeout) as model:
            loaded_at = time.monotonic()
            answer = model.predict_document(given.content, given.form, dict(given.example))
    except WorkerError as error:
        return _failure(error, "predict" if loaded_at else "load"), None, loaded_at
    predicted = _predicted(answer)
    return (None if predicted else _no_answer()), predicted, loaded_at


def _failure(error: WorkerError, stage: Stage) -> Failure:
    return Failure(
        stage=stage,
        code=error.code,
        type_name=error.type_name if isinstance(error, ModelError) else "",
        message=error.message,
        log=error.detail,
    )


def _no_answer() -> Failure:
    message = "the model's process sent what is no prediction"
    return Failure(stage="predict", code="worker/failed", type_name="", message=message, log="")


def _predicted(answer: bytes) -> Predicted | None:
    """Read what a child sent, which runs the model's code: None for what is no prediction."""
    try:
        found = json.loads(answer)
        rows = found["rows"]
        return Predicted(text=json.dumps(found["predictions"]), rows=rows if isinstance(rows, int) else None)
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
