"""The audit from the command line: exit codes, streams, files, fixes, baselines."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner

from envbuilder.cli.main import run_command_line
from tests.conftest import MODELS, ROOT, Cli

SCHEMA = json.loads((Path(__file__).parents[1] / "schemas" / "audit.json").read_text("utf-8"))
LICENSED = "channels:\n- defaults\ndependencies:\n- python=3.13.1\n"
LOOSE = "numpy\n"
CLEAN = "numpy==2.1.0\n"

Call = Callable[..., int]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Run the command line in this process, from a folder with the models ``licensed``, ``loose``, ``clean``."""
    for name, files in {
        "licensed": {"conda.yaml": LICENSED}, "loose": {"requirements.txt": LOOSE}, "clean": {"requirements.txt": CLEAN},
    }.items():  # fmt: skip
        for file, text in files.items():
            (tmp_path / "tree" / name).mkdir(parents=True)
            (tmp_path / "tree" / name / file).write_text(text)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str) -> int:
        return run_command_line(["audit", *arguments])

    return run


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["tree/clean"], 0),
        (["tree/loose"], 0),
        (["tree/loose", "--fail-on", "warning"], 1),
        (["tree/loose", "--fail-on", "warning", "--no-fail"], 0),
        (["tree"], 1),
        (["tree", "--no-fail"], 0),
        (["tree", "gone"], 2),
        (["tree/clean", "gone", "--no-fail"], 2),
        (["tree", "--exclude", "tree/lic*"], 0),
        (["tree", "-j", "2"], 1),
    ],
)
def test_exit_codes(call: Call, arguments: list[str], code: int) -> None:
    assert call(*arguments) == code


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["tree", "--output", "jsom"], "did you mean json=FILE?"),
        (["tree", "--output", "json="], "is no output"),
        (["tree", "--output", "json", "--output", "text"], "only one report can go to stdout"),
        (["tree", "--output", "json=gone/r.json"], "cannot be written: there is no folder gone"),
        (["tree", "--write-baseline", "gone/b.json"], "cannot be written: there is no folder gone"),
        (["tree", "--in-place"], "add --fix"),
        (["tree", "--fix", "--in-place", "--fix-dir", "x"], "exclude each other"),
        (["tree", "--baseline", "a", "--write-baseline", "b"], "exclude each other"),
        (["tree", "--baseline", "gone.json"], "error[usage/baseline] gone.json"),
        (["tree", "--policy", "gone.toml"], "cannot be read"),
        (["tree", "-j", "0"], "0 is not in the range"),
        ([], "missing argument"),
    ],
)
def test_bad_usage_is_told(
    call: Call, arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(*arguments) == 2
    assert words in capsys.readouterr().err


def test_reports_go_where_they_are_told(
    call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call("tree", "--output", "json", "--output", "sarif=r.sarif", "--output=markdown=r.md") == 1
    out, err = capsys.readouterr()
    jsonschema.validate(json.loads(out), SCHEMA)
    assert err == "wrote r.sarif\nwrote r.md\n"
    assert json.loads((tmp_path / "r.sarif").read_text())["version"] == "2.1.0"
    assert (tmp_path / "r.md").read_text().startswith("## envbuilder audit: failed\n")
    call("tree", "--output", "json=r.json")
    out, err = capsys.readouterr()
    assert out == ""
    assert err == "wrote r.json\n3 models, 1 error, 1 warning, 0 notes\n"


def test_json_is_the_same_as_text_by_default_says(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    call("tree")
    text = capsys.readouterr().out
    call("tree", "--output", "json")
    found = json.loads(capsys.readouterr().out)
    assert "channel/restricted: `defaults` in 1 of 3 models, 1 fixable by rewrite" in text
    assert [model["model"] for model in found["models"]] == ["tree/clean", "tree/licensed", "tree/loose"]
    assert found["summary"]["by_code"] == {"channel/restricted": 1, "pin/unpinned": 1}


def test_the_policy_of_the_folder_decides(
    call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "envbuilder.toml").write_text(
        '[levels]\n"channel/restricted" = "allow"\n"pin/unpinned" = "error"\n'
    )
    # Never of a model.
    (tmp_path / "tree" / "loose" / "envbuilder.toml").write_text('[levels]\n"pin/unpinned" = "allow"\n')
    assert call("tree", "--output", "json") == 1
    found = json.loads(capsys.readouterr().out)
    jsonschema.validate(found, SCHEMA)
    assert found["summary"]["by_code"] == {"pin/unpinned": 1}
    assert found["policy"]


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_fixes_are_written_beside_the_tree(
    call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    before = snapshot(tmp_path / "tree")
    assert call("tree", "--fix") == 1
    assert snapshot(tmp_path / "tree") == before
    assert snapshot(tmp_path / "tree.rewritten") == {
        "licensed/conda.yaml": LICENSED.replace("- defaults\n", "- conda-forge\n- nodefaults\n").encode()
    }
    assert capsys.readouterr().err == "rewrote 1 model below tree.rewritten\n"
    assert call("tree.rewritten") == 0


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        (["tree/licensed"], "tree/licensed.rewritten/conda.yaml"),
        (["tree/licensed/conda.yaml"], "tree/licensed.rewritten/conda.yaml"),
        (["tree", "--fix-dir", "out"], "out/licensed/conda.yaml"),
        (["tree/clean", "tree", "--fix-dir", "out"], "out/tree/licensed/conda.yaml"),
        (["tree", "--in-place"], "tree/licensed/conda.yaml"),
    ],
)
def test_where_a_fix_goes(call: Call, arguments: list[str], place: str, tmp_path: Path) -> None:
    before = snapshot(tmp_path)
    call(*arguments, "--fix")
    changed = {name for name, content in snapshot(tmp_path).items() if before.get(name) != content}
    assert changed == {place}
    assert b"nodefaults" in (tmp_path / place).read_bytes()


def test_fixes_of_folders_with_one_name_do_not_replace_each_other(call: Call, tmp_path: Path) -> None:
    for folder, python in (("a", "3.7"), ("b", "3.9")):
        (tmp_path / folder / "m").mkdir(parents=True)
        (tmp_path / folder / "m" / "conda.yaml").write_text(LICENSED.replace("3.13.1", python))
    call("a/m", "b/m", "--fix", "--fix-dir", "out")
    written = snapshot(tmp_path / "out")
    assert written.keys() == {"m/conda.yaml", "m-2/conda.yaml"}
    assert b"python=3.7\n" in written["m/conda.yaml"]
    assert b"python=3.9\n" in written["m-2/conda.yaml"]


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems have no such names")
@pytest.mark.parametrize("where", [(), ("--in-place",)])
def test_a_model_whose_name_is_no_text_is_mended_too(
    call: Call, tmp_path: Path, where: tuple[str, ...]
) -> None:
    folder = tmp_path / "odd" / os.fsdecode(b"\xff\xfe")
    folder.mkdir(parents=True)
    (folder / "conda.yaml").write_text(LICENSED)
    assert call("odd", "--fix", *where) == 1
    mended = folder if where else tmp_path / "odd.rewritten" / folder.name
    assert "nodefaults" in (mended / "conda.yaml").read_text()


@pytest.mark.parametrize(
    ("outputs", "words"),
    [
        (["html=none/x.html"], "there is no folder none"),
        (["json=tree"], "tree cannot be written: it is a folder"),
        (["json=x", "sarif=./x"], "two reports go to x"),
        (["json=-", "text"], "only one report can go to stdout"),
    ],
)
def test_what_cannot_be_written_is_told_before_anything_is_read(
    call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path, outputs: list[str], words: str
) -> None:
    before = snapshot(tmp_path)
    assert call("tree", *(f"--output={output}" for output in outputs)) == 2
    told = capsys.readouterr()
    assert words in told.err
    assert "3 models" not in told.out + told.err
    assert snapshot(tmp_path) == before


def test_a_dash_is_stdout(call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert call("tree", "--output", "json=-") == 1
    assert json.loads(capsys.readouterr().out)["summary"]["models"] == 3
    assert not (tmp_path / "-").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has a disk that is always full")
def test_a_full_disk_behind_stdout_is_no_finding() -> None:
    argv = [sys.executable, "-m", "envbuilder", "audit", str(MODELS / "seed-sklearn")]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            argv, env=environ, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=60
        )
    assert done.returncode == 2
    assert done.stderr == (
        "error[usage/invalid]: stdout cannot be written: no space left on device\n"
        "  hint: write into a file elsewhere\n"
    )


def test_a_fix_from_inside_the_folder_goes_beside_it(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "tree")
    call(".", "--fix")
    assert snapshot(tmp_path / "tree.rewritten").keys() == {"licensed/conda.yaml"}


def test_a_fix_never_writes_through_a_link(
    call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    folder = tmp_path / "tree" / "licensed"
    (folder / "real.yaml").write_text(LICENSED)
    (folder / "conda.yaml").unlink()
    (folder / "conda.yaml").symlink_to("real.yaml")
    assert call("tree", "--fix", "--in-place") == 2
    assert "is a link" in capsys.readouterr().err
    assert (folder / "real.yaml").read_text() == LICENSED


def test_a_baseline_lets_only_new_findings_fail(
    call: Call, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert call("tree", "--write-baseline", "known.json") == 0
    assert call("tree", "--baseline", "known.json", "--fail-on", "warning") == 0
    assert capsys.readouterr().out.endswith(
        "3 models, 0 errors, 0 warnings, 0 notes, 2 known from the baseline\n"
    )
    (tmp_path / "tree" / "clean" / "conda.yaml").write_text(LICENSED)
    assert call("tree", "--baseline", "known.json") == 1
    assert "`defaults` in 1 of 3 models" in capsys.readouterr().out


def test_no_model_is_no_success(call: Call, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert call("empty") == 2
    assert "no model is at or below it" in capsys.readouterr().out


def test_the_fixtures_as_a_process_of_their_own(cli: Cli, tmp_path: Path) -> None:
    shutil.copytree(MODELS, tmp_path / "models")
    done = cli("audit", "models", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr == ""
    assert done.stdout.startswith(
        "errors\n  channel/restricted: `defaults` in 3 of 10 models, 3 fixable by rewrite\n"
    )
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert "\x1b" not in done.stdout


def test_ctrl_c_ends_with_130_and_leaves_no_process(tmp_path: Path) -> None:
    for number in range(3000):
        folder = tmp_path / "tree" / f"m{number}"
        folder.mkdir(parents=True)
        (folder / "requirements.txt").write_text(
            f"numpy=={number}\n" + "".join(f"a{n}\n" for n in range(100))
        )
    argv = [sys.executable, "-m", "envbuilder", "audit", str(tmp_path / "tree"), "-j", "2"]
    child = subprocess.Popen(
        argv, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    deadline = time.monotonic() + 60
    while len(processes_of(child.pid)) < 3:
        assert time.monotonic() < deadline, "no process was started"
        time.sleep(0.02)
    os.killpg(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=60)
    assert child.returncode == 130, err
    assert "Traceback" not in err
    while processes_of(child.pid):
        assert time.monotonic() < deadline, "a process is left"
        time.sleep(0.02)


def processes_of(group: int) -> list[str]:
    """Return the processes of a group that have not ended."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [state for number, state in rows if number == str(group) and not state.startswith("Z")]


def test_colour_only_where_it_is_wanted(
    call: Call, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    call("tree")
    plain = capsys.readouterr().out
    monkeypatch.setenv("FORCE_COLOR", "1")
    call("tree")
    coloured = capsys.readouterr().out
    assert "\x1b[31merror\x1b[0m[channel/restricted]" in coloured
    assert re.sub(r"\x1b\[[0-9]+m", "", coloured) == plain
    call("tree", "--output", "json")
    assert "\x1b" not in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    call("tree")
    assert capsys.readouterr().out == plain


def test_help_fits_the_terminal() -> None:
    from envbuilder.cli.audit import audit_command

    shown: Any = CliRunner().invoke(audit_command, ["--help"])
    assert shown.exit_code == 0
    assert "--write-baseline" in shown.output
