"""A model of another year answers from its own process, exactly as it did when it was logged."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

import pandas
import pytest

import envbuilder
from envbuilder.settings import Settings
from envbuilder.workers.errors import ModelError, WorkerCrashed, WorkerError
from fixtures.make import HERE, read_recipes
from fixtures.replay import exact

pytestmark = pytest.mark.index


def recorded(name: str) -> tuple[pandas.DataFrame, Any]:
    found: dict[str, Any] = json.loads((HERE / "expected" / f"{name}.json").read_text("utf-8"))
    given = found["input"]
    return pandas.DataFrame(given["rows"], columns=given["columns"]), found["predict"]


@pytest.mark.parametrize("name", read_recipes())
def test_a_fixture_predicts_bit_for_bit_what_was_recorded(name: str, settings: Settings) -> None:
    rows, expected = recorded(name)
    with envbuilder.load_model(HERE / "models" / name, settings=settings, timeout=300) as model:
        assert exact(model.predict(rows)) == expected
        told = model.metadata
        assert told.created is not None
        assert told.created.date() == read_recipes()[name].logged.date()
        assert "python_function" in {flavor.name for flavor in told.flavors}


def test_a_model_answers_and_a_killed_one_comes_back(settings: Settings) -> None:
    name = "pyfunc-2.22"
    rows, expected = recorded(name)
    with envbuilder.load_model(HERE / "models" / name, settings=settings, timeout=120) as model:
        with pytest.raises(ModelError, match="kilometres") as caught:
            model.predict({"nothing": [1.0]})
        assert "Traceback" in caught.value.traceback
        (worker,) = model._pool.living()
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(WorkerCrashed, match="SIGKILL"):
            worker.predict(rows)
        assert exact(model.predict(rows)) == expected
    with pytest.raises(WorkerError, match="closed"):
        model.predict(rows)
    model.close()
