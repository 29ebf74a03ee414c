"""Every kind of value goes to a model and comes back with its dtype, whatever pandas and numpy it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from envbuilder.settings import Settings
from envbuilder.use.restoration import restore
from envbuilder.workers.envbuilder_child import arrow
from envbuilder.workers.errors import WorkerValueError
from envbuilder.workers.loading import LoadedModel, load
from fixtures.make import HERE
from tests.workers.conftest import NEWEST, OLD, OLDEST, model_of
from tests.workers.table import CASES, REFUSED, SAME, described

ENVIRONMENTS = {"new": NEWEST, "old": OLD, "oldest": OLDEST}

WAYS = [("new", "plain"), ("new", "arrow"), ("old", "plain"), ("oldest", "plain")]
"""The old environments have no pyarrow."""


@pytest.fixture(scope="module")
def echoes(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Iterator[dict[str, LoadedModel]]:
    """Identity models; all are started before the first one is asked."""
    model = model_of(tmp_path_factory.mktemp("echo") / "echo", "def predict(data):\n    return data\n")
    with ExitStack() as stack:
        yield {
            side: stack.enter_context(
                load(restore(HERE / "models" / name, settings=settings), model, timeout=300)
            )
            for side, name in ENVIRONMENTS.items()
        }


@pytest.mark.index
@pytest.mark.parametrize(("side", "form"), WAYS)
@pytest.mark.parametrize("name", CASES)
def test_a_value_comes_back_as_it_went(
    name: str, side: str, form: str, echoes: dict[str, LoadedModel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrow, "ENOUGH", 1 if form == "arrow" else None)
    case = CASES[name]
    expected = getattr(case, side)
    if expected is REFUSED:
        with pytest.raises(WorkerValueError, match="to the model"):
            echoes[side].predict(case.value)
        return
    assert described(echoes[side].predict(case.value)) == described(
        case.value if expected is SAME else expected
    )


@pytest.mark.index
def test_the_environments_are_as_old_as_the_table_says(
    tmp_path: Path, settings: Settings, echoes: dict[str, LoadedModel]
) -> None:
    versions = {
        side: model.session.run(
            ["python", "-c", "import pandas, numpy; print(pandas.__version__, numpy.__version__)"],
            capture_output=True, text=True, check=True,
        ).stdout.split()
        for side, model in echoes.items()
    }  # fmt: skip
    assert {side: [v.rpartition(".")[0] for v in found] for side, found in versions.items()} == {
        "new": ["2.3", "2.3"],
        "old": ["1.2", "1.20"],
        "oldest": ["0.25", "1.17"],
    }
    with_arrow = {side: model._pool.living()[0].ready.arrow for side, model in echoes.items()}
    assert with_arrow == {"new": True, "old": False, "oldest": False}
