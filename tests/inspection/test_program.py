"""How a process was started is read as Python reads it: asked of real Pythons, and of every form by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.inspection.program import read_program

ARGV = "import json, sys; print(json.dumps([sys.orig_argv, sys.argv]))"


@pytest.mark.parametrize(
    ("arguments", "kind", "target", "flags"),
    [
        (["app.py"], "script", "app.py", ""),
        (["app.py", "-m", "x"], "script", "app.py", ""),
        (["-u", "-B", "app.py"], "script", "app.py", "uB"),
        (["-uB", "app.py"], "script", "app.py", "uB"),
        (["-W", "error", "app.py"], "script", "app.py", "W"),
        (["-Werror", "app.py"], "script", "app.py", "W"),
        (["-X", "dev", "-X", "utf8", "app.py"], "script", "app.py", "X"),
        (["-Xdev", "app.py"], "script", "app.py", "X"),
        (["-uW", "error", "app.py"], "script", "app.py", "uW"),
        (["--check-hash-based-pycs", "always", "app.py"], "script", "app.py", "--check-hash-based-pycs"),
        (["--check-hash-based-pycs=always", "app.py"], "script", "app.py", "--check-hash-based-pycs"),
        (["-m", "pkg.mod", "-c"], "module", "pkg.mod", "m"),
        (["-mpkg.mod"], "module", "pkg.mod", "m"),
        (["-Im", "pkg"], "module", "pkg", "Im"),
        (["-c", "pass", "x"], "code", "pass", "c"),
        (["-cpass"], "code", "pass", "c"),
        (["-"], "stdin", "-", ""),
        (["-", "x"], "stdin", "-", ""),
        (["-i", "app.py"], "script", "app.py", "i"),
        ([], "stdin", "", ""),
        (["-u"], "stdin", "", "u"),
        (["-m"], "module", "", "m"),
    ],
)
def test_a_command_line(arguments: list[str], kind: str, target: str, flags: str) -> None:
    program = read_program(["python", *arguments])
    assert (program.kind, program.target) == (kind, target)
    wanted = {flags} if flags.startswith("--") else set(flags)
    assert program.flags == wanted
    assert program.argv == tuple(arguments)


def test_a_script_gets_another_path_and_nothing_else_changes() -> None:
    program = read_program(["python", "-u", "-W", "error", "/venv/bin/serve", "--app", "/venv/bin/serve"])
    assert program.with_target("/env/bin/serve") == (
        "-u",
        "-W",
        "error",
        "/env/bin/serve",
        "--app",
        "/venv/bin/serve",
    )


@pytest.mark.parametrize("form", ["script", "module", "code"])
def test_what_a_real_python_says_of_itself_is_understood(tmp_path: Path, form: str) -> None:
    (tmp_path / "prog.py").write_text(ARGV)
    target = {"script": ["prog.py"], "module": ["-m", "prog"], "code": ["-c", ARGV]}[form]
    argv = [sys.executable, "-u", "-Wdefault", *target, "one", "-m"]
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, check=True)
    orig, seen = json.loads(done.stdout)
    program = read_program(orig)
    assert program.kind == form
    assert list(program.argv[-2:]) == seen[1:] == ["one", "-m"]


@given(st.lists(st.text(max_size=8), max_size=6))
def test_no_command_line_is_too_odd(arguments: list[str]) -> None:
    program = read_program(["python", *arguments])
    assert program.argv == tuple(arguments)
    assert 0 <= program.at <= len(arguments) + 1
