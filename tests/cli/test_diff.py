"""The difference from the command line: streams, files, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

import envbuilder
from envbuilder.cli.main import run_command_line
from tests.conftest import MODELS, ROOT, Cli

SCHEMA = json.loads((ROOT / "docs" / "diff.schema.json").read_text("utf-8"))
FILES = {
    "pinned": {"requirements.txt": "numpy==1.21.0\n"},
    "loose": {"requirements.txt": "numpy\n"},
    "licensed": {
        "conda.yaml": "channels:\n- defaults\ndependencies:\n- python=3.13.1\n- pip:\n  - numpy==1.21.0\n"
    },
    "refused": {"requirements.txt": "numpy ==\n"},
}

Call = Callable[..., int]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Run ``diff --files`` in this process, from a folder with the models of FILES."""
    for name, files in FILES.items():
        for file, text in files.items():
            (tmp_path / name).mkdir()
            (tmp_path / name / file).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ENVBUILDER_HOME", str(tmp_path / "store"))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)

    def run(*arguments: str) -> int:
        return run_command_line(["diff", "--files", *arguments])

    return run


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["pinned", "pinned"], 0),
        (["pinned", "loose"], 0),
        (["pinned", "loose", "--fail-on", "warning"], 1),
        (["pinned", "loose", "--fail-on", "warning", "--no-fail"], 0),
        (["loose", "pinned", "--fail-on", "warning"], 0),
        (["loose", "loose", "--fail-on", "warning"], 0),
        (["pinned", "licensed"], 1),
        (["pinned", "licensed", "-A", "channel/restricted"], 0),
        (["pinned", "loose", "-D", "pin/unpinned"], 1),
        (["loose", "loose", "-D", "pin/unpinned"], 0),
        (["licensed", "licensed"], 0),
        (["licensed", "pinned"], 0),
        (["pinned", "licensed", "--no-fail"], 0),
        (["pinned", "gone"], 2),
        (["refused", "pinned", "--no-fail"], 2),
    ],
)
def test_only_what_is_new_fails(call: Call, arguments: list[str], code: int) -> None:
    assert call(*arguments) == code


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["pinned"], "missing argument"),
        (["pinned", "loose", "--output", "sarif"], "formats: text, json, markdown"),
        (["pinned", "loose", "--output", "markdwon"], "did you mean markdown=FILE?"),
        (["pinned", "loose", "--licenses"], "leave one of them out"),
        (["pinned", "gone"], "gone"),
        (["pinned", "refused"], "error[input/malformed-requirement] refused/requirements.txt:1:"),
        (["pinned", "models:/churn/2"], "set MLFLOW_TRACKING_URI"),
    ],
)
def test_what_cannot_be_done_is_told(
    call: Call, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 2
    out, err = capsys.readouterr()
    assert words in err
    assert out == ""


def test_reports_go_where_they_are_told(
    call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call("pinned", "licensed", "--output", "json", "--output", "markdown=d.md") == 1
    out, err = capsys.readouterr()
    found = json.loads(out)
    jsonschema.validate(found, SCHEMA)
    assert [finding["code"] for finding in found["findings"]["new"]] == ["channel/restricted"]
    assert err == "wrote d.md\n"
    assert (tmp_path / "d.md").read_text().startswith("## envbuilder diff: failed\n")
    call("pinned", "loose", "--output", "json=d.json")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == (
        "wrote d.json\npackages: 1 changed (files only, nothing was locked); findings: 1 new (1 warning), 0 gone\n"
    )


def test_a_failure_is_told_to_machines_too(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("pinned", "refused", "--output", "json") == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["file"]) == ("input/malformed-requirement", "refused/requirements.txt")


def test_it_asks_no_network_and_writes_no_store(call: Call, tmp_path: Path) -> None:
    call("pinned", "loose")
    assert not (tmp_path / "store").exists()


def test_python_tells_the_same(call: Call) -> None:
    call("pinned", "licensed")
    found = envbuilder.diff("pinned", "licensed", files_only=True)
    assert isinstance(found, envbuilder.Difference)
    assert [delta.name for delta in found.channels] == ["defaults"]


@pytest.mark.index
def test_the_locks_of_a_fixture_and_its_next_version(cli: Cli, tmp_path: Path, warm_home: Path) -> None:
    before, after = MODELS / "pyfunc-2.22", tmp_path / "next"
    after.mkdir()
    for file in before.iterdir():
        if file.is_file():
            (after / file.name).write_bytes(
                file.read_bytes().replace(b"numpy==2.2.5", b"numpy==2.2.4").replace(b"pandas", b"PANDAS")
            )
    done = cli("diff", before, after, "--python", "host", "--output", "json", home=warm_home)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    assert found["locked"] is True
    assert [(d["name"], d["change"]) for d in found["packages"]] == [("numpy", "downgraded")]
    again = cli("diff", before, before, "--python", "host", "--offline", home=warm_home)
    assert again.stdout.endswith("\nno difference\n")
