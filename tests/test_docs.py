"""What docs/audit.md and docs/ci.md show is what the program says, and what CI services take.

After a change that is meant, ``UPDATE_GOLDEN=1 pytest tests/test_docs.py`` writes the outputs and the codes.
"""

from __future__ import annotations

import ast
import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from envbuilder.cli.main import commands
from envbuilder.codes import catalogue
from envbuilder.report.formats import FORMATS
from tests.conftest import MODELS, ROOT
from tests.documents import blocks, output_of, shown

AUDIT, CI = ROOT / "docs" / "audit.md", ROOT / "docs" / "ci.md"
TEXT = {path: path.read_text("utf-8") for path in (AUDIT, CI)}
AREAS = ("channel", "source", "pin", "license", "policy", "input")
"""What the audit and the licence check report; the others are errors of other stages."""
JUDGES = ("reader", "auditor", "licensing", "policyfile")
"""The packages whose codes they are. An area such as ``pin`` has changes of the resolver's too."""

SHOWN = shown(TEXT[AUDIT])


def replaced(path: Path, before: str, after: str) -> None:
    """Write what is right now into a document, if that is wanted."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(path.read_text("utf-8").replace(before, after, 1), "utf-8")


def test_the_audit_page_shows_commands() -> None:
    assert len(SHOWN) == 3


@pytest.mark.parametrize(("command", "output"), SHOWN, ids=[command for command, _ in SHOWN])
def test_a_shown_output_is_real(command: str, output: str, tmp_path: Path) -> None:
    real = output_of(command, tmp_path)
    replaced(AUDIT, f"$ {command}\n{output}```", f"$ {command}\n{real}```")
    assert real == output


def reported() -> set[str]:
    """The codes that the judging packages write or import."""
    texts: set[str] = set()
    for path in (path for package in JUDGES for path in (ROOT / "envbuilder" / package).glob("*.py")):
        module = importlib.import_module(f"envbuilder.{path.parent.name}.{path.stem}")
        texts |= {value for value in vars(module).values() if isinstance(value, str)}
        tree = ast.parse(path.read_text("utf-8"))
        texts |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
    return texts & catalogue().keys()


def codes_page() -> str:
    codes = reported()
    lines = []
    for area in AREAS:
        lines += [f"\n### `{area}/…`\n", "| code | it means that |", "|---|---|"]
        for code, entry in catalogue().items():
            if code.startswith(f"{area}/") and code in codes:
                lines.append(f"| `{code}` | {entry.meaning.replace('|', chr(92) + '|')} |")
    return "\n".join(lines) + "\n\n"


def test_the_codes_are_those_of_the_catalogue() -> None:
    found = re.search(r"(?s)<!-- codes -->\n(.*)<!-- end of codes -->", TEXT[AUDIT])
    assert found is not None
    page = codes_page()
    replaced(AUDIT, found[0], f"<!-- codes -->\n{page}<!-- end of codes -->")
    assert found[1] == page


def test_what_the_fixtures_show_is_among_the_codes() -> None:
    import envbuilder

    found = {code for code, _ in envbuilder.audit(MODELS).summary.by_code}
    assert len(found) >= 4
    assert found <= reported()


def test_every_format_is_named() -> None:
    formats = TEXT[AUDIT].partition("## Formats")[2].partition("\n## ")[0]
    assert sorted(set(FORMATS) - set(re.findall(r"`(\w+)`", formats))) == []


@pytest.mark.parametrize("path", TEXT, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT[path]):
        file, _, anchor = target.partition("#")
        place = path.parent / file if file else path
        assert place.exists(), target
        if anchor:
            headings = re.findall(r"(?m)^#+ (.+)$", place.read_text("utf-8"))
            assert anchor in {re.sub(r"[^\w -]", "", text).lower().replace(" ", "-") for text in headings}


def lines_of(document: str) -> list[str]:
    """Every call of envbuilder in a document's blocks, whatever language they are in."""
    fenced = "".join(re.findall(r"(?ms)^```\w*\n(.*?)^```$", document))
    return [line.rstrip("' }") for line in re.findall(r"\benvbuilder (?:\w+) [^\n]+", fenced)]


def test_the_documents_call_the_program() -> None:
    assert len(lines_of(TEXT[CI])) >= 6


@pytest.mark.parametrize("line", [line for text in TEXT.values() for line in lines_of(text)])
def test_a_shown_call_is_one_that_the_program_takes(line: str) -> None:
    _, name, *arguments = shlex.split(line)
    command = commands.get_command(click.Context(commands), name)
    assert command is not None, name
    command.make_context(name, arguments)


def schema_accepts(schema: str, file: Path, *options: str) -> None:
    argv = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *options, str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def only_block(marker: str, tmp_path: Path, name: str) -> Path:
    (block,) = blocks(TEXT[CI], marker)
    file = tmp_path / name
    file.write_text(block, "utf-8")
    return file


def test_the_gitlab_snippet_is_valid(tmp_path: Path) -> None:
    file = only_block("gitlab", tmp_path, ".gitlab-ci.yml")
    schema_accepts("vendor.gitlab-ci", file, "--data-transform", "gitlab-ci")
    found: Any = yaml.safe_load(file.read_text("utf-8"))
    report = found["audit"]["artifacts"]["reports"]["junit"]
    assert any(f"--output junit={report}" in line for line in found["audit"]["script"])


def test_the_github_workflow_is_valid_and_uses_inputs_that_exist(tmp_path: Path) -> None:
    file = only_block("github", tmp_path, "models.yml")
    schema_accepts("vendor.github-workflows", file)
    found: Any = yaml.safe_load(file.read_text("utf-8"))
    action: Any = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    uses = [step for step in found["jobs"]["audit"]["steps"] if "envbuilder@" in step.get("uses", "")]
    assert len(uses) == 2
    for step in uses:
        assert step["with"].keys() <= action["inputs"].keys()
    assert (
        set(re.findall(r"steps\.audit\.outputs\.([\w-]+)", file.read_text("utf-8")))
        <= action["outputs"].keys()
    )


def test_the_pre_commit_snippet_is_valid_and_names_the_hook(tmp_path: Path) -> None:
    file = only_block("pre-commit", tmp_path, ".pre-commit-config.yaml")
    argv = [sys.executable, "-m", "pre_commit", "validate-config", str(file)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, env={**os.environ, "PRE_COMMIT_HOME": str(tmp_path)})  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    hooks: Any = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    used: Any = yaml.safe_load(file.read_text("utf-8"))["repos"][0]["hooks"]
    assert {hook["id"] for hook in used} == {hook["id"] for hook in hooks}
