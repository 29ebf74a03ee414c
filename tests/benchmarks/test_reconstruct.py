"""The benchmark on a corpus of toys: every model has a line, a run goes on, the tables come out."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.outcome import Side, Stage, read_lines
from benchmarks.reconstruct import arguments, lines_beside, models_below, reconstruct
from envbuilder.errors import UsageError
from envbuilder.settings import Settings

ROOT = Path(__file__).resolve().parents[2]

FLAVORLESS = "flavors:\n  python_function:\n    env: {conda: conda.yaml, virtualenv: python_env.yaml}\n"


def corpus(folder: Path, **models: dict[str, str]) -> Path:
    """Write models; a model is its files' texts by name."""
    for model, files in models.items():
        (folder / model).mkdir(parents=True)
        for name, text in files.items():
            (folder / model / name).write_text(text)
    return folder


BAD = {"MLmodel": "a: &x [*x]\nb: !!python/name:os.system\n"}


def run(*words: str) -> None:
    reconstruct(arguments().parse_args(words), Settings.from_environ())


def test_every_model_below_the_folder_is_found_by_its_relative_path(tmp_path: Path) -> None:
    path = corpus(tmp_path, b=BAD, **{"a/data/inner": BAD, "no-model": {"x": ""}})
    assert list(models_below(path)) == ["a/data/inner", "b"]
    assert list(models_below(path, ["b"])) == ["b"]


def test_a_folder_without_models_and_an_unknown_name_are_usage_errors(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no model below"):
        models_below(tmp_path)
    with pytest.raises(UsageError, match="no such model: c"):
        models_below(corpus(tmp_path, a=BAD), ["c"])


def test_an_older_run_is_never_mixed_or_overwritten_unasked(tmp_path: Path) -> None:
    output = tmp_path / "run.json"
    assert lines_beside(output, resume=False) == tmp_path / "run.jsonl"
    (tmp_path / "run.jsonl").touch()
    assert lines_beside(output, resume=True) == tmp_path / "run.jsonl"
    with pytest.raises(UsageError, match="exists"):
        lines_beside(output, resume=False)
    with pytest.raises(UsageError, match="--resume without"):
        lines_beside(None, resume=True)


def test_a_refused_model_is_one_line_a_side_and_is_not_done_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = corpus(tmp_path / "corpus", bad=BAD)
    output = tmp_path / "run.json"
    words = [str(path), "--peer", "mlflow", "--home", str(tmp_path / "home"), "--output", str(output)]
    run(*words)
    printed = capsys.readouterr().out
    assert "| models | 1 | 1 |" in printed
    done = read_lines(tmp_path / "run.jsonl")
    assert {side: outcome.stage for (_, side), outcome in done.items()} == dict.fromkeys(Side, Stage.REFUSED)
    assert done["bad", Side.ENVBUILDER].codes == ("input/alias-expansion",)
    assert json.loads(output.read_text())["summary"]["envbuilder"]["refused"] == 1
    before = (tmp_path / "run.jsonl").read_bytes()
    run(*words, "--resume")
    assert (tmp_path / "run.jsonl").read_bytes() == before
    assert capsys.readouterr().out == printed


def test_the_script_runs_from_anywhere_and_ends_with_2_where_it_cannot(tmp_path: Path) -> None:
    script = ROOT / "benchmarks" / "reconstruct.py"
    done = subprocess.run(
        [sys.executable, str(script), "."], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.startswith("usage/invalid: no model below .")


@pytest.mark.index
def test_a_small_model_comes_back_and_a_large_one_stops_at_the_cap(tmp_path: Path) -> None:
    version = ".".join(str(part) for part in sys.version_info[:2])
    model = {
        "MLmodel": FLAVORLESS + "utc_time_created: '2024-03-01 00:00:00.0'\n",
        "python_env.yaml": f"python: '{version}'\ndependencies: [-r requirements.txt]\n",
        "requirements.txt": "six==1.16.0\n",
    }
    path = corpus(tmp_path / "corpus", small=model)
    words = [str(path), "--peer", "mlflow", "--home", str(tmp_path / "home"), "--output"]
    run(*words, str(tmp_path / "zero.json"), "--size-cap", "0")
    capped = read_lines(tmp_path / "zero.jsonl")
    assert all(outcome.over_cap and outcome.stage is Stage.LOCKED for outcome in capped.values())
    run(*words, str(tmp_path / "run.json"), "--workers", "2")
    done = read_lines(tmp_path / "run.jsonl")
    for side in Side:
        outcome = done["small", side]
        # mlflow itself is what such a model forgets to name: it installs, and does not load.
        assert (outcome.stage, outcome.imports) == (Stage.BUILT, ("mlflow.pyfunc",))
        assert outcome.code.endswith("/import-failed")
