"""What the pages about loaders show is what Python prints, and what the program says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from envbuilder.cli.main import commands
from envbuilder.codes import catalogue
from tests.conftest import ROOT
from tests.documents import shown

DOCS = ROOT / "docs"
INDEX = DOCS / "loaders.md"
PAGES = {path.stem: path.read_text("utf-8") for path in sorted((DOCS / "loaders").glob("*.md"))}
BLOCK = re.compile(r"(?ms)^<!-- ([\w-]+) -->\n```python\n(.*?)^```\n\n```text\n(.*?)^```$")
SHOWN: list[tuple[str, str, str]] = [
    found for page in (INDEX.read_text("utf-8"), *PAGES.values()) for found in BLOCK.findall(page)
]


def stable(text: str) -> str:
    """Without what differs between hosts: patch releases of Pythons."""
    return re.sub(r"\b(3\.\d+)\.\d+\b", r"\1.N", text)


def test_each_way_to_load_has_its_page() -> None:
    links = re.findall(r"\]\(loaders/([\w-]+)\.md\)", INDEX.read_text("utf-8"))
    assert sorted(links) == list(PAGES)
    assert {"python", "notebook", "mlflow-serve", "mlserver", "spark"} <= set(PAGES)


@pytest.mark.parametrize(
    "path", [INDEX, *sorted((DOCS / "loaders").glob("*.md"))], ids=lambda path: path.stem
)
def test_links_lead_somewhere(path: Path) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
        assert (path.parent / link).is_file(), link


def test_the_pages_show_programs() -> None:
    assert {"hook", "acquire", "plain", "metadata", "error", "notebook", "check"} <= {n for n, _, _ in SHOWN}
    markers = [
        re.findall("^<!-- ", page, re.MULTILINE) for page in (INDEX.read_text("utf-8"), *PAGES.values())
    ]
    assert sum(map(len, markers)) == len(SHOWN)


COMMANDS = [
    command
    for page in (INDEX.read_text("utf-8"), *PAGES.values())
    for command in re.findall(r"(?m)(?:^\$? ?|`)envbuilder ([a-z].*?)(?: *#.*)?(?:`|$)", page)
]


@pytest.mark.parametrize("command", COMMANDS)
def test_options_of_shown_commands_are_those_of_the_program(command: str) -> None:
    name, *words = shlex.split(command.partition(" -- ")[0])
    known = commands.get_command(click.Context(commands), name)
    if isinstance(known, click.Group):
        known = known.get_command(click.Context(known), words.pop(0))
    assert known is not None
    options = {
        option for parameter in known.params for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert {word for word in words if word.startswith("-")} <= options


@pytest.mark.index
@pytest.mark.parametrize(("name", "code", "output"), SHOWN, ids=[name for name, _, _ in SHOWN])
def test_a_shown_program_prints_what_is_shown(name: str, code: str, output: str, warm_home: Path) -> None:
    environ = {**os.environ, "ENVBUILDER_HOME": str(warm_home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert (stable(done.stdout), done.stderr) == (stable(output), "")


@pytest.mark.index
def test_a_handover_is_told_as_shown(warm_home: Path, tmp_path: Path) -> None:
    (tmp_path / "pyenv").write_text("#!/bin/sh\n")
    (tmp_path / "virtualenv").write_text("#!/bin/sh\n")
    environ = {
        **os.environ,
        "ENVBUILDER_HOME": str(warm_home),
        "MLFLOW_ENV_ROOT": str(tmp_path / "envs"),
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
    }
    commands = shown(PAGES["mlflow-serve"])
    assert len(commands) >= 2
    for command, output in commands:
        argv = [sys.executable, "-m", *shlex.split(command)]
        done = subprocess.run(
            argv,
            cwd=ROOT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=True,
        )
        assert done.stdout.replace(str(tmp_path / "envs"), "/home/me/.mlflow/envs") == output


def test_the_errors_of_the_page_are_those_of_the_library() -> None:
    import envbuilder

    for name in re.findall(
        r"(?m)^\| `(\w+)` \|", PAGES["python"].partition("## When something")[2].partition("\n## ")[0]
    ):
        assert issubclass(getattr(envbuilder, name), envbuilder.WorkerError)
    assert [code for code in catalogue() if code.startswith("worker/")]
