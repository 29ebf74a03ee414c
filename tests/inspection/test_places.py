"""Other Pythons than the running one: real interpreters, real virtual environments, nothing of them run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from envbuilder.errors import InterpreterError
from envbuilder.inspection.installed import installed
from envbuilder.inspection.places import python_at, running_python
from tests.conftest import ROOT
from tests.inspection.conftest import fill, venv

OTHERS = sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin/python"))
VERSION = ".".join(map(str, sys.version_info[:3]))
MINOR = f"python{sys.version_info[0]}.{sys.version_info[1]}"

TRAP = "import pathlib; pathlib.Path({!r}).touch()\n"


def site_of(prefix: Path) -> Path:
    (site,) = prefix.glob("lib/python*/site-packages")
    return site


def test_the_running_one_is_as_it_says() -> None:
    python = running_python()
    assert (python.executable, python.version) == (sys.executable, VERSION)
    assert "pytest" in installed(python.folders, {"pytest"})


@pytest.mark.parametrize("kind", ["prefix", "bin/python", "bin/python3"])
def test_a_virtual_environment_by_its_prefix_or_executable(tmp_path: Path, kind: str) -> None:
    prefix = venv(sys.executable, tmp_path / "an env")
    fill(site_of(prefix), {"thing": "1.0"})
    python = python_at(prefix if kind == "prefix" else prefix / kind, user_home=tmp_path)
    assert (python.version, python.implementation) == (VERSION, "cpython")
    assert installed(python.folders, {"thing", "pytest", "pip"}) == {"thing": ("1.0",)}


@pytest.mark.parametrize("executable", OTHERS, ids=lambda path: path.parent.parent.name)
def test_every_python_of_this_host(tmp_path: Path, executable: Path) -> None:
    version = executable.parent.parent.name
    home = tmp_path / "home"
    minor = "python" + version.rpartition(".")[0]
    fill(home / ".local" / "lib" / minor / "site-packages", {"users": "2.0"})
    bare = python_at(executable, user_home=home)
    assert bare.version == version
    assert installed(bare.folders, {"users"}) == {"users": ("2.0",)}
    assert str(site_of(executable.parent.parent)) in bare.folders
    prefix = venv(executable, tmp_path / "env")
    fill(site_of(prefix), {"thing": "1.0"})
    python = python_at(prefix, user_home=home)
    assert python.version == version
    assert installed(python.folders, {"thing", "users"}) == {"thing": ("1.0",)}


def test_with_system_packages_both_are_there_and_the_nearer_one_wins(tmp_path: Path) -> None:
    users = tmp_path / ".local" / "lib" / MINOR / "site-packages"
    fill(users, {"thing": "1.0", "users": "2.0"})
    prefix = venv(sys.executable, tmp_path / "env", "--system-site-packages")
    fill(site_of(prefix), {"thing": "3.0"})
    python = python_at(prefix, user_home=tmp_path)
    assert installed(python.folders, {"thing", "users"}) == {"thing": ("3.0",), "users": ("2.0",)}


def test_nothing_of_it_runs_but_what_its_pth_files_name_is_seen(tmp_path: Path) -> None:
    prefix = venv(sys.executable, tmp_path / "env")
    site, trap = site_of(prefix), tmp_path / "sprung"
    fill(tmp_path / "elsewhere", {"linked": "1.0"})
    (site / "evil.pth").write_text(
        TRAP.format(str(trap)) + f"{tmp_path / 'elsewhere'}\n# note\n\nno-such-folder\n"
    )
    for name in ("sitecustomize.py", "usercustomize.py", "json.py", "site.py"):
        (site / name).write_text(TRAP.format(str(trap)))
    python = python_at(prefix, user_home=tmp_path)
    assert installed(python.folders, {"linked"}) == {"linked": ("1.0",)}
    assert not trap.exists()


def test_a_file_that_is_a_folder_or_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(InterpreterError, match="no Python below"):
        python_at(tmp_path, user_home=tmp_path)
    with pytest.raises(InterpreterError, match="no Python that can be asked"):
        python_at(tmp_path / "python", user_home=tmp_path)


@pytest.mark.parametrize("answer", ["echo hello", "exit 3", "echo '[]'", "echo '{\"folders\": 1}'"])
def test_what_does_not_answer_like_a_python_is_told(tmp_path: Path, answer: str) -> None:
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)
    with pytest.raises(InterpreterError) as caught:
        python_at(program, user_home=tmp_path)
    assert caught.value.hint.startswith("give the path of a Python 3")


def test_the_stand_in_is_no_part_of_the_packages_modules() -> None:
    # pkgutil finds packages only where each folder is one: nobody imports it by the real package's name.
    assert not (ROOT / "envbuilder" / "inspection" / "restarted" / "__init__.py").exists()
