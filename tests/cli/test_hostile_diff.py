"""Hostile inputs of the shared list as one side of a difference: refused with their code, or told harmlessly."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from envbuilder.cli.diff import FORMATS
from envbuilder.cli.main import run_command_line
from tests.conftest import MODELS, ROOT
from tests.hostile import CASES, write_case

READ = [case for case in CASES if case["group"] in "SUDYKP"]
SCHEMA = json.loads((ROOT / "docs" / "diff.schema.json").read_text("utf-8"))
CLEAN = str(MODELS / "pyfunc-2.22")

pytestmark = pytest.mark.skipif(not CASES, reason="the list of hostile inputs is not here")


@pytest.mark.parametrize("case", READ, ids=lambda case: case["id"])
def test_case(case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = tmp_path / "model"
    root.mkdir()
    write_case(case, root)
    files = {name: tmp_path / f"diff.{name}" for name in FORMATS}
    outputs = [f"--output={name}={file}" for name, file in files.items()]
    code = run_command_line(["diff", "--files", CLEAN, str(root), *outputs])
    err = capsys.readouterr().err
    verdict, _, expected = case["expect"].partition(":")
    if verdict == "reject":
        assert code == 2
        assert f"[{expected}] {root}/" in err
        assert not any(file.exists() for file in files.values())
        return
    assert code in (0, 1), err
    texts = {name: file.read_text("utf-8") for name, file in files.items()}
    found = json.loads(texts["json"])
    jsonschema.validate(found, SCHEMA)
    codes = {finding["code"] for finding in found["findings"]["new"]}
    assert verdict == "accept" or expected in codes
    for name, text in texts.items():
        odd = {c for c in text if c not in " \n" and unicodedata.category(c)[0] in "CZ"}
        assert not odd, name
    assert not [line for line in texts["text"].splitlines() if line.lstrip().startswith(("::", "##["))]
