"""A real model's environment, exported, brought elsewhere with no network, and asked what was recorded."""

from __future__ import annotations

import json
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fixtures.check import check
from tests.conftest import MODELS, Cli

NAME = "pyfunc-2.22"
MODEL = MODELS / NAME
NOWHERE = {"UV_DEFAULT_INDEX": "http://127.0.0.1:9/simple/", "UV_PYTHON_DOWNLOADS": "never"}
"""An index on a port where nobody listens (RFC 863)."""
SCHEMA = json.loads((Path(__file__).parents[1] / "schemas" / "build.json").read_text("utf-8"))


def told(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.index
def test_a_lock_goes_elsewhere_and_predicts_the_same(cli: Cli, warm_home: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.tar", tmp_path / "second"
    done = cli("export", MODEL, "-o", first, home=warm_home)
    assert (done.returncode, done.stdout) == (0, f"{first}\n"), done.stderr
    assert "48 packages, " in done.stderr
    assert "fidelity: exact" in done.stderr
    exported = told(cli("export", MODEL, "-o", second, "--offline", "--output", "json", home=warm_home))
    assert first.read_bytes() == second.read_bytes()
    assert exported["sha256"] in done.stderr
    assert exported["needs"]["platform"]

    home = tmp_path / "elsewhere"
    restored = told(cli("build", second, "--output", "json", home=home, cwd=tmp_path, **NOWHERE))
    jsonschema.validate(restored, SCHEMA)
    assert restored["lock_id"] == exported["lock_id"]
    assert restored["packages"] == 48
    assert restored["fidelity"] == "exact"
    original = told(cli("build", MODEL, "--output", "json", home=warm_home))
    assert (restored["env_id"], restored["hit"]) == (original["env_id"], False)
    assert restored["prefix"].startswith(str(home))
    assert check(NAME, Path(restored["python"])) == []

    code = "import mlflow, sys; print(mlflow.__version__, sys.prefix)"
    ran = cli("run", "second", "--", "python", "-c", code, home=home, cwd=tmp_path, **NOWHERE)
    assert ran.stdout == f"2.22.0 {restored['prefix']}\n", ran.stderr


@pytest.mark.index
def test_a_tree_with_its_python_predicts_the_same_where_it_is_unpacked(
    cli: Cli, warm_home: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "tree.tar"
    exported = told(
        cli("export", MODEL, "-o", archive, "--form", "tree", "--interpreter", "include", "--output", "json",
            home=warm_home)
    )  # fmt: skip
    assert exported["interpreter"] is True
    assert exported["needs"]["python"] is None
    tree = tmp_path / "unpacked"
    with tarfile.open(archive) as opened:
        # What Python 3.14 does unasked: no absolute link, nothing outside.
        opened.extractall(tree, filter="data")
    archive.unlink()
    assert check(NAME, tree / "bin" / "python") == []
    code = "import mlflow, os, sys; print(mlflow.__version__, sys.prefix, sys.base_prefix, os.__file__)"
    done = subprocess.run(
        [tree / "bin" / "python", "-c", code], capture_output=True, text=True, check=True, cwd="/"
    )
    library = next(tree.glob("lib/python*")) / "os.py"
    assert done.stdout == f"2.22.0 {tree} {tree} {library}\n"


def test_what_is_no_export_is_read_as_a_model(cli: Cli, tmp_path: Path) -> None:
    """A file that only looks like one by its name, and one that is cut off behind its first block."""
    other = tmp_path / "export.tar"
    with tarfile.open(other, "w") as archive:
        archive.addfile(tarfile.TarInfo("something"))
    assert "export/" not in cli("build", other).stderr
    with tarfile.open(other, "w") as archive:
        archive.addfile(tarfile.TarInfo("envbuilder-export.json"))
    done = cli("build", other)
    assert done.returncode == 2
    assert done.stderr.startswith("error[export/malformed]"), done.stderr


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("-o", "x.tar", "--interpreter", "include"), "a lock is exported without its interpreter"),
        (("-o", "x.whl", "--form", "tree"), "'x.whl' is no name of a tree"),
        ((), "missing option '-o'"),
    ],
)
def test_calls_without_a_meaning_are_refused_at_once(cli: Cli, options: tuple[str, ...], words: str) -> None:
    done = cli("export", MODEL, *options)
    assert done.returncode == 2
    assert "usage/invalid" in done.stderr
    assert words in done.stderr
