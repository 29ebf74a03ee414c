"""A model of another year answers from its own process, exactly as it did when it was logged."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pandas
import pytest

import envbuilder
from envbuilder.settings import Settings
from envbuilder.workers.errors import ModelError, WorkerCrashed, WorkerError
from fixtures.make import HERE

pytestmark = pytest.mark.index


def recorded(name: str) -> tuple[pandas.DataFrame, list[str]]:
    found: dict[str, Any] = json.loads((HERE / "expected" / f"{name}.json").read_text("utf-8"))
    given = found["input"]
    return pandas.DataFrame(given["rows"], columns=given["columns"]), found["predict"]["values"]


@pytest.fixture
def settings(warm_home: Path) -> Settings:
    import dataclasses

    return dataclasses.replace(Settings.from_environ(), home=warm_home)


def test_a_model_answers_and_a_killed_one_comes_back(settings: Settings) -> None:
    name = "pyfunc-2.22"
    rows, _ = recorded(name)
    with envbuilder.load_model(HERE / "models" / name, settings=settings, timeout=120) as model:
        first = model.predict(rows)
        with pytest.raises(ModelError, match="kilometres") as caught:
            model.predict({"nothing": [1.0]})
        assert "Traceback" in caught.value.detail
        worker = model._free.queue[-1]
        assert worker
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(WorkerCrashed, match="SIGKILL"):
            worker.predict(rows)
        again = model.predict(rows)
        assert [value.hex() for value in map(float, again)] == [value.hex() for value in map(float, first)]
    with pytest.raises(WorkerError, match="closed"):
        model.predict(rows)
