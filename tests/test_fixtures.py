"""The fixtures are complete, small, dated, and free of what the machine that made them is called."""

from __future__ import annotations

import venv
from pathlib import Path

import pytest

from fixtures.check import check, compare
from fixtures.make import HERE, LARGEST, PRIVATE, read_recipes, set_date

RECIPES = read_recipes()


def test_every_recipe_was_logged_and_nothing_else() -> None:
    assert {path.name for path in (HERE / "models").iterdir()} == RECIPES.keys()
    assert {path.stem for path in (HERE / "expected").iterdir()} == RECIPES.keys()


@pytest.mark.parametrize("name", RECIPES)
def test_a_fixture_is_small_and_names_no_machine(name: str) -> None:
    contents = [path.read_bytes() for path in (HERE / "models" / name).rglob("*") if path.is_file()]
    assert sum(map(len, contents)) <= LARGEST
    assert not [found for content in contents if (found := PRIVATE.search(content))]


@pytest.mark.parametrize("name", RECIPES)
def test_a_fixture_has_the_date_of_its_recipe(name: str, tmp_path: Path) -> None:
    mlmodel = tmp_path / "MLmodel"
    written = (HERE / "models" / name / "MLmodel").read_bytes()
    mlmodel.write_bytes(written)
    set_date(mlmodel, RECIPES[name].logged)
    assert mlmodel.read_bytes() == written


def test_a_single_bit_is_a_difference() -> None:
    old = {"predict": {"dtype": "float64", "values": [(0.1).hex(), (0.2).hex()]}}
    new = {"predict": {"dtype": "float64", "values": [(0.1).hex(), (0.20000000000000004).hex()]}}
    assert compare("m", old, old) == []
    assert compare("m", old, new) == [
        "m: predict row 1: expected ['0x1.999999999999ap-3'], got ['0x1.999999999999bp-3']"
    ]


def test_a_missing_row_another_type_and_lost_probabilities_are_differences() -> None:
    old = {"predict": {"dtype": "int64", "values": ["1", "2"]}, "predict_proba": {"dtype": "f", "values": []}}
    assert len(compare("m", old, {"predict": {"dtype": "int64", "values": ["1"]}})) == 2
    assert len(compare("m", old, {**old, "predict": {"dtype": "int32", "values": ["1", "2"]}})) == 1


def test_an_interpreter_without_mlflow_is_one_difference(tmp_path: Path) -> None:
    venv.create(tmp_path, symlinks=True)
    assert check("seed-sklearn", tmp_path / "bin" / "python") == [
        "seed-sklearn: does not load: ModuleNotFoundError: No module named 'mlflow'"
    ]
