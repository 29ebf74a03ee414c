"""The GitHub Action and the pre-commit hook: valid, safe, and run as the services would run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import MODELS, ROOT
from tests.test_docs import schema_accepts

ACTION: Any = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
(HOOK,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
STEPS = {step["name"]: step for step in ACTION["runs"]["steps"]}


def test_the_action_is_valid() -> None:
    schema_accepts("vendor.github-actions", ROOT / "action.yml")


def test_inputs_reach_scripts_as_variables_only() -> None:
    for step in STEPS.values():
        assert "${{" not in step["run"]
        assert all(re.fullmatch(r"\$\{\{ inputs\.[a-z-]+ \}\}", value) for value in step["env"].values())
    used = {
        re.sub(r".*inputs\.([a-z-]+).*", r"\1", v) for step in STEPS.values() for v in step["env"].values()
    }
    assert used == ACTION["inputs"].keys()


def test_every_output_is_one_that_the_script_writes() -> None:
    named = {re.sub(r".*outputs\.([a-z-]+).*", r"\1", out["value"]) for out in ACTION["outputs"].values()}
    assert named == ACTION["outputs"].keys() == {"exit-code", "sarif", "json", "markdown"}


@dataclass(frozen=True, kw_only=True)
class Step:
    """How a step ended, and what it left for the service."""

    code: int
    log: str
    summary: str
    outputs: dict[str, str]


Run = Callable[..., Step]


@pytest.fixture
def report(tmp_path: Path) -> Run:
    """Run the reporting step as a runner does, in a workspace with two models; inputs by their names."""
    workspace, temp = tmp_path / "work space", tmp_path / "temp"
    for name in ("seed-sklearn", "pyfunc-2.22"):
        shutil.copytree(MODELS / name, workspace / "models" / name)
    program = temp / "envbuilder" / "bin" / "envbuilder"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m envbuilder "$@"\n')
    program.chmod(0o755)
    step = STEPS["Report"]

    def run(**inputs: str) -> Step:
        given = {name: value["default"] for name, value in ACTION["inputs"].items()}
        given |= {name.replace("_", "-"): value for name, value in inputs.items()}
        names = {key: re.sub(r".*inputs\.([a-z-]+).*", r"\1", value) for key, value in step["env"].items()}
        files = {key: tmp_path / key for key in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.write_text("")
        environ = {
            "PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT),
            "ENVBUILDER_HOME": str(tmp_path / "store"), "RUNNER_TEMP": str(temp),
            **{key: str(file) for key, file in files.items()}, **{key: given[name] for key, name in names.items()},
        }  # fmt: skip
        script = tmp_path / "step.sh"
        script.write_text(step["run"])
        # As the runner starts ``shell: bash``.
        argv = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        done = subprocess.run(argv, cwd=workspace, env=environ, capture_output=True, text=True, check=False)
        outputs = dict(line.split("=", 1) for line in files["GITHUB_OUTPUT"].read_text().splitlines())
        summary = files["GITHUB_STEP_SUMMARY"].read_text()
        return Step(code=done.returncode, log=done.stdout + done.stderr, summary=summary, outputs=outputs)

    return run


def test_findings_are_annotated_summed_up_and_fail(report: Run) -> None:
    done = report(paths="models")
    assert done.code == 1, done.log
    assert "::error file=models/seed-sklearn/conda.yaml,title=channel/restricted,line=2,col=3::" in done.log
    assert done.summary.startswith("## envbuilder audit: failed\n")
    assert done.outputs["exit-code"] == "1"
    assert json.loads(Path(done.outputs["sarif"]).read_text())["version"] == "2.1.0"
    assert json.loads(Path(done.outputs["json"]).read_text())["summary"]["models"] == 2
    assert Path(done.outputs["markdown"]).read_text() == done.summary


@pytest.mark.parametrize(
    ("inputs", "code", "words"),
    [
        ({"paths": "models/pyfunc-2.22"}, 0, "audit: passed"),
        ({"paths": "models/pyfunc-2.22", "fail_on": "warning"}, 1, "audit: failed"),
        ({"paths": "models", "exclude": "*/seed-*\n\n"}, 0, "audit: passed"),
        ({"paths": "\nmodels/pyfunc-2.22\n\ngone\n"}, 2, "audit: not complete"),
        ({"paths": "models", "baseline": "gone.json"}, 2, ""),
        ({"paths": "models", "policy": "gone.toml"}, 2, ""),
        ({"paths": "models", "fail_on": "sometimes"}, 2, ""),
        ({"command": "build"}, 2, ""),
        ({"paths": ""}, 2, ""),
    ],
)
def test_the_exit_code_and_the_summary(report: Run, inputs: dict[str, str], code: int, words: str) -> None:
    done = report(**inputs)
    assert done.code == code, done.log
    assert words in done.summary
    assert bool(words) is bool(done.summary)


@pytest.mark.parametrize("name", ["paths", "policy", "baseline", "exclude", "fail_on", "command"])
@pytest.mark.parametrize(
    "text", ['"; touch pwned; #', "$(touch pwned)", "`touch pwned`", "--output=json=pwned", "'\ntouch pwned"]
)
def test_no_input_becomes_a_command_or_an_option(report: Run, tmp_path: Path, name: str, text: str) -> None:
    done = report(**{"paths": "models", name: text})
    assert not list(tmp_path.rglob("pwned"))
    assert done.code in (1, 2)


def test_a_baseline_lets_only_new_findings_fail(report: Run, tmp_path: Path) -> None:
    known = {"schema": 1, "findings": {}}
    (tmp_path / "work space" / "known.json").write_text(json.dumps(known))
    assert report(paths="models", baseline="known.json").code == 1
    argv = [sys.executable, "-m", "envbuilder", "audit", "models", "--write-baseline", "known.json"]
    subprocess.run(argv, cwd=tmp_path / "work space", env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
    assert report(paths="models", baseline="known.json").code == 0


def test_the_hook_is_valid() -> None:
    argv = [sys.executable, "-m", "pre_commit", "validate-manifest", str(ROOT / ".pre-commit-hooks.yaml")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("file", "code"),
    [("models/seed-sklearn/conda.yaml", 1), ("models/pyfunc-2.22/MLmodel", 0), ("README.md", 0)],
)
def test_pre_commit_runs_the_hook_on_the_whole_of_its_arguments(tmp_path: Path, file: str, code: int) -> None:
    """By pre-commit itself, but for the installation: the program is the one under test."""
    name = "seed-sklearn" if code else "pyfunc-2.22"
    shutil.copytree(MODELS / name, tmp_path / "models" / name)
    (tmp_path / "README.md").write_text("hello\n")
    hook = {**HOOK, "language": "system", "entry": f"{sys.executable} -m {HOOK['entry']}", "args": ["models"]}
    config = tmp_path / ".pre-commit-config.yaml"
    config.write_text(yaml.safe_dump({"repos": [{"repo": "local", "hooks": [hook]}]}))
    environ = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    for argv in (
        ["git", "init", "-q"],
        ["git", "add", file, config.name],
    ):
        subprocess.run(argv, cwd=tmp_path, check=True)
    argv = [sys.executable, "-m", "pre_commit", "run", "envbuilder-audit", "--color", "never"]
    done = subprocess.run(argv, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("no files to check" in done.stdout) is (file == "README.md")
    assert ("channel/restricted" in done.stdout) is bool(code)
