"""Hostile inputs of the shared list, read through the one public function of this stage."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest

from envbuilder.errors import InputRefused
from envbuilder.findings import Finding
from envbuilder.reader.model import read_model

SHARED = Path(__file__).parents[3] / "shared" / "hostile" / "cases.json"
CASES = json.loads(SHARED.read_text("utf-8")) if SHARED.is_file() else []
READ = [case for case in CASES if case["group"] in "SUDYKP"]
ENVIRONMENT_FILES = {"requirements.txt", "conda.yaml", "python_env.yaml"}

pytestmark = pytest.mark.skipif(not CASES, reason="the list of hostile inputs is not here")


def big(case: dict[str, Any]) -> str:
    repeated = "".join(case["repeat"].replace("{n}", str(n)) for n in range(case["times"]))
    text = str(case.get("prefix", "")) + repeated + str(case.get("suffix", ""))
    return text + (big(case["then"]) if "then" in case else "")


def content(case: dict[str, Any]) -> bytes:
    if "b64" in case:
        return base64.b64decode(case["b64"])
    return (big(case) if "repeat" in case else str(case["content"])).encode()


def write(case: dict[str, Any], root: Path) -> None:
    target = root / case["file"]
    target.parent.mkdir(parents=True, exist_ok=True)
    if "setup" not in case:
        target.write_bytes(content(case))
    elif "symbolic link to" in case["setup"]:
        target.symlink_to(case["setup"].rpartition(" to ")[2])
    else:
        assert case["setup"] == "MLmodel is a directory, with an empty file in it"
        target.mkdir()
        (target / "empty").touch()
    for name, text in case.get("beside", {}).items():
        (root / name).write_text(text, "utf-8")
    if not ENVIRONMENT_FILES & {case["file"], *case.get("beside", {})}:
        (root / "requirements.txt").write_text("numpy==1.21.0\n")


def read(root: Path) -> tuple[tuple[Finding, ...], bool]:
    try:
        return read_model(root).findings, False
    except InputRefused as refused:
        return refused.findings, True


@pytest.mark.parametrize("case", READ, ids=lambda case: case["id"])
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    write(case, tmp_path)
    started = time.monotonic()
    findings, refused = read(tmp_path)
    assert time.monotonic() - started < 2
    verdict, _, code = case["expect"].partition(":")
    if verdict == "reject":
        assert refused
        assert findings[0].code == code
        assert findings[0].origin is not None
        assert findings[0].origin.file == case["file"]
    else:
        assert not refused
        assert verdict == "accept" or code in {finding.code for finding in findings}
    shown = "".join(f.message + f.hint + f.subject + str(f.origin) for f in findings)
    assert shown.isprintable()
