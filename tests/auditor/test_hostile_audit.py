"""Hostile inputs of the shared list, through the command line as a machine reads it, and in every format."""

from __future__ import annotations

import json
import socket
import time
import unicodedata
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from envbuilder.cli.audit import audit_command
from envbuilder.report.formats import FORMATS
from tests.hostile import CASES, write_case

READ = [case for case in CASES if case["group"] in "SUDYKP"]
SCHEMA = json.loads((Path(__file__).parents[1] / "schemas" / "audit.json").read_text("utf-8"))

pytestmark = pytest.mark.skipif(not CASES, reason="the list of hostile inputs is not here")


@pytest.fixture(autouse=True)
def no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the audit asked the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def audit(root: Path, tmp_path: Path) -> tuple[Result, dict[str, str]]:
    """Return the run and what it wrote, by format."""
    files = {name: tmp_path / f"report.{name}" for name in FORMATS if name != "json"}
    outputs = [f"--output={name}={file}" for name, file in files.items()]
    done = CliRunner().invoke(
        audit_command, [str(root), "--output=json", *outputs, "-j1"], standalone_mode=False
    )
    if done.exception:
        raise done.exception
    return done, {name: file.read_text("utf-8") for name, file in files.items()} | {"json": done.stdout}


@pytest.mark.parametrize("case", READ, ids=lambda case: case["id"])
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    root = tmp_path / "model"
    root.mkdir()
    write_case(case, root)
    started = time.monotonic()
    done, texts = audit(root, tmp_path)
    assert time.monotonic() - started < 4
    report = json.loads(texts["json"])
    jsonschema.validate(report, SCHEMA)
    (model,) = report["models"]
    verdict, _, code = case["expect"].partition(":")
    if verdict == "reject":
        first = next(finding for finding in model["findings"] if finding["level"] == "error")
        assert first["code"] == code
        assert first["file"] == case["file"]
        assert report["complete"] is False
        assert done.return_value == 2
    else:
        assert report["complete"] is True
        assert done.return_value in (0, 1)
        assert verdict == "accept" or code in {finding["code"] for finding in model["findings"]}
    for name, text in texts.items():
        odd = {c for c in text if c not in " \n" and unicodedata.category(c)[0] in "CZ"}
        assert not odd, name


def test_markup_of_a_model_does_not_act(tmp_path: Path) -> None:
    root = tmp_path / "model"
    root.mkdir()
    name = "[link=https://evil.example]x[/link]<img src=x>%0A::warning::"
    (root / "conda.yaml").write_text(
        json.dumps({"channels": [f"defaults/{name}"], "dependencies": [f"a={name}"]})
    )
    _, texts = audit(root, tmp_path)
    assert "\n::warning::" not in texts["github"]
    assert "%0A::" not in texts["github"]
    assert "<img" not in texts["junit"]
