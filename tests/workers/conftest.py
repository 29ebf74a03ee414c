"""Models that tests make themselves, in the environments of fixtures."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from envbuilder.settings import Settings
from envbuilder.use.restoration import restore
from envbuilder.workers.loading import LoadedModel, load
from fixtures.make import HERE

MLMODEL = """\
flavors:
  python_function:
    code: code
    data: data
    env: conda.yaml
    loader_module: {module}
run_id: 0123456789abcdef0123456789abcdef
utc_time_created: '2021-01-01 00:00:00.000000'
"""

NEWEST, OLD, OLDEST = "sklearn-3.1", "seed-sklearn", "sklearn-0.9"
"""Fixtures whose environments have pandas 2.3 and numpy 2.3; 1.2 and 1.20; 0.25 and 1.17."""


@pytest.fixture(scope="session")
def settings(warm_home: Path) -> Settings:
    return dataclasses.replace(Settings.from_environ(), home=warm_home)


def model_of(folder: Path, code: str, *, extra: str = "") -> Path:
    """Make a model whose ``predict(data)`` is the function of that name in ``code``."""
    module = f"model_{folder.name.replace('-', '_')}"
    (folder / "code").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "MLmodel").write_text(MLMODEL.format(module=module) + extra)
    loader = (
        "class Model:\n    def predict(self, *data, **params):\n        return predict(*data, **params)\n\n\n"
    )
    (folder / "code" / f"{module}.py").write_text(
        f"{code}\n\n{loader}def _load_pyfunc(path):\n    return Model()\n"
    )
    return folder


Make = Callable[..., LoadedModel]


@pytest.fixture
def make(tmp_path: Path, settings: Settings) -> Iterator[Make]:
    """Load a model made of ``code`` in the environment of a fixture."""
    made: list[LoadedModel] = []

    def call(
        code: str,
        *,
        fixture: str = OLD,
        name: str = "made",
        extra: str = "",
        workers: int = 1,
        timeout: float | None = 120,
    ) -> LoadedModel:
        restored = restore(HERE / "models" / fixture, settings=settings)
        model = model_of(tmp_path / name, code, extra=extra)
        made.append(load(restored, model, workers=workers, timeout=timeout))
        return made[-1]

    yield call
    for model in made:
        model.close()
