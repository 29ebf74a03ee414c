"""Real models, whole and broken, tried in real environments."""

from __future__ import annotations

import dataclasses
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from envbuilder.codes import catalogue
from envbuilder.predictions.given import Given, read_input
from envbuilder.predictions.trial import Trial, try_model
from envbuilder.settings import Settings
from envbuilder.use.restoration import restore
from fixtures.make import HERE
from tests.conftest import MODELS, ROOT, Cli
from tests.documents import shown

SCHEMA = json.loads((Path(__file__).parents[1] / "schemas" / "predict.json").read_text("utf-8"))
FARE = MODELS / "pyfunc-2.22"

pytestmark = pytest.mark.index


def expected(name: str) -> tuple[Given, list[Any]]:
    found = json.loads((HERE / "expected" / f"{name}.json").read_text("utf-8"))
    rows = {"columns": found["input"]["columns"], "data": found["input"]["rows"]}
    content = json.dumps({"dataframe_split": rows}).encode()
    return Given(name="rows.json", form="json", content=content), found["predict"]["values"]


def tried(model: Path, warm_home: Path, given: Given | None = None, *, within: str = "") -> Trial:
    settings = dataclasses.replace(Settings.from_environ(), home=warm_home)
    return try_model(
        restore(MODELS / within if within else model, settings=settings), model, given, timeout=120
    )


def copied(name: str, folder: Path) -> Path:
    return Path(shutil.copytree(MODELS / name, folder / "model"))


def test_the_recorded_predictions_come_back_from_json(warm_home: Path) -> None:
    given, values = expected("pyfunc-2.22")
    trial = tried(FARE, warm_home, given)
    assert trial.ok, trial.failure
    assert trial.predicted
    assert [float(row["0"]).hex() for row in trial.predicted.values] == values
    assert (trial.predicted.rows, trial.findings, trial.mlflow_version) == (4, (), "2.22.0")


def test_the_command_predicts_the_models_own_example_and_files(
    cli: Cli, warm_home: Path, tmp_path: Path
) -> None:
    done = cli("predict", FARE, "--output", "json", home=warm_home)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    assert found["input"] == {"name": "input_example.json", "form": "example", "own": True}
    rows, out = tmp_path / "rows.csv", tmp_path / "out.csv"
    rows.write_text("kilometres,minutes\n1.2,7\n10,25.5\n", "utf-8")
    done = cli("predict", FARE, "-i", rows, "-o", out, home=warm_home)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert [line.split(",")[0] for line in out.read_text("utf-8").splitlines()] == [
        "0",
        "6.1899999999999995",
        "23.805",
    ]


def test_the_page_shows_what_the_command_says(cli: Cli, warm_home: Path) -> None:
    page = (ROOT / "docs" / "predict.md").read_text("utf-8")
    ((command, output),) = shown(page)
    done = cli(*shlex.split(command)[1:], home=warm_home)
    assert done.stdout == output
    assert [code for code in catalogue() if code.startswith("predict/") and f"`{code}`" not in page] == [
        "predict/no-input"
    ]


def test_wrong_columns_are_findings_with_exit_code_1(cli: Cli, warm_home: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("kilometres,minute\n1.2,7\n", "utf-8")
    done = cli("predict", FARE, "-i", rows, "--output", "json", home=warm_home)
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    assert done.returncode == 1
    assert (found["ok"], found["predictions"], found["failure"]["stage"]) == (False, None, "predict")
    assert [finding["code"] for finding in found["findings"]] == ["predict/schema"]
    assert (
        "there is no column 'minutes'; the model knows no column 'minute'" in found["findings"][0]["message"]
    )


def test_the_host_needs_neither_pandas_nor_numpy(warm_home: Path) -> None:
    code = (
        "import sys; sys.modules.update(dict.fromkeys(['pandas', 'numpy', 'mlflow']))\n"
        "from envbuilder.cli.main import run_command_line as run; sys.exit(run(sys.argv[1:]))"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "ENVBUILDER_HOME": str(warm_home)}
    argv = [sys.executable, "-c", code, "predict", str(FARE)]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["predictions"][1]) == (0, {"0": 23.805}), done.stderr


def test_what_cannot_be_tried_is_exit_code_2(cli: Cli, tmp_path: Path) -> None:
    for arguments in (
        ["-i", tmp_path / "no.csv"],
        ["-i", tmp_path / "rows.txt"],
        ["-o", tmp_path / "out.txt"],
    ):
        assert cli("predict", FARE, *arguments).returncode == 2
    done = cli("predict", MODELS / "sklearn-2.9", "--output", "json")
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "predict/no-input"
    assert not (tmp_path / "store" / "envs" / "v1").exists() or not list(
        (tmp_path / "store/envs/v1").iterdir()
    )


def test_a_missing_module_names_its_package(warm_home: Path) -> None:
    given, _ = expected("sklearn-2.9")
    trial = tried(MODELS / "sklearn-2.9", warm_home, given, within="pyfunc-2.22")
    assert trial.failure
    assert trial.failure.stage == "load"
    assert trial.findings[0].code == "predict/missing-module"
    assert "no module sklearn: scikit-learn provides it" in trial.findings[0].message


def test_own_code_that_was_left_out_is_told(warm_home: Path, tmp_path: Path) -> None:
    model = copied("pyfunc-2.22", tmp_path)
    code = (model / "code" / "fare.py").read_text("utf-8")
    (model / "code" / "fare.py").write_text(f"import tariffs_of_ours\n{code}", "utf-8")
    shutil.rmtree(model / "code" / "__pycache__", ignore_errors=True)
    trial = tried(model, warm_home)
    assert trial.findings[0].code == "predict/missing-module"
    assert "no module tariffs_of_ours, and no package is known" in trial.findings[0].message


def test_another_scikit_learn_is_the_cause_when_a_tree_cannot_be_unpickled(warm_home: Path) -> None:
    given, _ = expected("sklearn-1.20")
    trial = tried(MODELS / "sklearn-1.20", warm_home, given, within="sklearn-3.1")
    first = trial.findings[0]
    assert (first.code, str(first.origin)) == ("predict/version-mismatch", "requirements.txt:3:1")
    assert first.message.startswith("the model was made with scikit-learn 0.24.2 (MLmodel:7:3)")
    assert trial.findings[1].code == "predict/python-mismatch"


def test_an_attribute_that_another_release_lacks_is_no_riddle(warm_home: Path) -> None:
    given, _ = expected("sklearn-2.9")
    trial = tried(MODELS / "sklearn-2.9", warm_home, given, within="sklearn-3.1")
    assert trial.failure
    assert "monotonic_cst" in trial.failure.message
    assert trial.findings[0].code == "predict/version-mismatch"
    assert trial.findings[0].fix
    assert trial.findings[0].fix.after == "scikit-learn==1.3.0"


def test_a_file_that_is_no_csv_is_told(warm_home: Path, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_bytes(b"")
    trial = tried(FARE, warm_home, read_input(rows))
    assert [finding.code for finding in trial.findings] == ["predict/input"]
