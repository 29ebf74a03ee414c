"""``envbuilder check`` as a process: exit codes, every format, and JSON as the schema has it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from envbuilder.cli.check import FORMATS
from tests.conftest import ROOT, Cli
from tests.inspection.conftest import FILES, PACKAGES, Known, fill, make, venv

SCHEMA = json.loads((ROOT / "tests" / "schemas" / "check.json").read_text("utf-8"))
VERSION = ".".join(map(str, sys.version_info[:3]))

__all__ = ["make"]  # a fixture of the tests of envbuilder.inspection


@pytest.fixture
def host(make: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Known, Path]:
    """A model that this host's Python is right for, and a real environment that has its packages."""
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    files = {**FILES, "python_env.yaml": FILES["python_env.yaml"].replace("3.8.8", VERSION)}
    known: Known = make(files=files, python=VERSION)
    prefix = venv(sys.executable, tmp_path / "env")
    (site,) = prefix.glob("lib/python*/site-packages")
    fill(site, PACKAGES)
    return known, site


def call(cli: Cli, known: Known, site: Path, *options: str) -> Any:
    prefix = site.parents[2]
    return cli("check", known.model, "--python", prefix, "--offline", *options, home=known.settings.home)


def object_of(done: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    return found


def test_all_right_is_exit_code_0_and_two_lines(cli: Cli, host: tuple[Known, Path]) -> None:
    known, site = host
    done = call(cli, known, site)
    python = site.parents[2] / "bin" / "python"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == (
        f"{python} (Python {VERSION}) for {known.model}\nall 6 packages are those of the model's lock\n"
    )
    found = object_of(call(cli, known, site, "--output", "json"))
    assert (found["matches"], found["mismatches"], found["packages"]) == (True, [], 6)
    assert found["python"] == {"path": str(python), "version": VERSION}


def test_what_differs_is_ranked_and_exit_code_1(cli: Cli, host: tuple[Known, Path]) -> None:
    known, site = host
    for name in ("numpy-1.20.1", "scikit_learn-0.24.1", "six-1.15.0"):
        (site / f"{name}.dist-info" / "METADATA").unlink()
    fill(site, {"numpy": "2.0", "six": "1.15.1"})
    done = call(cli, known, site)
    assert done.returncode == 1
    assert done.stdout.splitlines()[1:] == [
        "  error    scikit-learn  missing, wanted 0.24.1  requirements.txt:2:1",
        "  error    numpy         2.0, wanted 1.20.1      (the model is pickled with it)",
        "  warning  six           1.15.1, wanted 1.15.0   (others need it)",
        "3 of 6 packages differ: 2 errors, 1 warning",
        "hint: load it in its own environment: `envbuilder run MODEL -- python …`, or envbuilder.load_model",
    ]
    found = object_of(call(cli, known, site, "--output", "json"))
    assert [item["name"] for item in found["mismatches"]] == ["scikit-learn", "numpy", "six"]
    assert found["summary"] == {"errors": 2, "warnings": 1, "notes": 0}
    assert found["mismatches"][0] | {"message": ""} == {
        "name": "scikit-learn", "kind": "missing", "code": "check/missing", "level": "error", "role": "library",
        "weight": 90, "wanted": "0.24.1", "found": None, "message": "", "file": "requirements.txt", "line": 2,
        "column": 1, "hint": "pip install 'scikit-learn==0.24.1'",
    }  # fmt: skip
    assert call(cli, known, site, "--no-fail").returncode == 0


@pytest.mark.parametrize(
    ("there", "options", "code"),
    [
        ({"six": "1.0"}, [], 0),
        ({"six": "1.0"}, ["--fail-on", "warning"], 1),
        ({"pip": "24.0"}, ["--fail-on", "warning"], 0),
        ({"numpy": "1.20.2"}, [], 1),
        ({"mlflow": "1.14.2"}, [], 1),
    ],
)
def test_the_exit_code_is_by_level(
    cli: Cli, host: tuple[Known, Path], there: dict[str, str], options: list[str], code: int
) -> None:
    known, site = host
    for name in there:
        (site / f"{name}-{PACKAGES[name]}.dist-info" / "METADATA").unlink()
    fill(site, there)
    assert call(cli, known, site, *options).returncode == code


def test_what_cannot_be_done_is_exit_code_2(cli: Cli, host: tuple[Known, Path], tmp_path: Path) -> None:
    known, _ = host
    home = known.settings.home
    nowhere = cli("check", known.model, "--python", tmp_path / "nowhere", home=home)
    assert (nowhere.returncode, "python/not-found" in nowhere.stderr) == (2, True)
    usage = cli("check", known.model, "--output", "cyclonedx", home=home)
    assert (usage.returncode, "is no output" in usage.stderr) == (2, True)
    (known.model / "requirements.txt").write_text("-r ../x.txt\n")
    refused = cli("check", known.model, "--output", "json", home=home)
    assert (refused.returncode, json.loads(refused.stdout)["error"]["code"]) == (2, "input/path-escape")


def test_the_running_python_is_the_default(cli: Cli, host: tuple[Known, Path]) -> None:
    known, _ = host
    found = object_of(cli("check", known.model, "--output", "json", home=known.settings.home))
    assert found["python"] == {"path": sys.executable, "version": VERSION}


def test_every_format_names_what_differs(cli: Cli, host: tuple[Known, Path], tmp_path: Path) -> None:
    known, site = host
    (site / "numpy-1.20.1.dist-info" / "METADATA").unlink()
    outputs = [f"--output={name}={tmp_path / name}" for name in FORMATS]
    done = call(cli, known, site, *outputs)
    assert (done.returncode, done.stdout) == (1, "")
    assert "numpy missing for 1.20.1" in done.stderr
    for name in FORMATS:
        assert "numpy" in (tmp_path / name).read_text("utf-8"), name


def test_names_of_files_cannot_speak_to_the_terminal(cli: Cli, host: tuple[Known, Path]) -> None:
    known, site = host
    odd = known.model.with_name("mod\x1b[31mel")
    known.model.rename(odd)
    done = cli("check", odd, "--python", site.parents[2], home=known.settings.home)
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert "mod\\x1b[31mel" in done.stdout
