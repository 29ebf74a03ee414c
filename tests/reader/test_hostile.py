"""Hostile inputs of the shared list, read through the one public function of this stage."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from envbuilder.errors import InputRefused
from envbuilder.findings import Finding
from envbuilder.reader.model import read_model
from tests.hostile import CASES, write_case

READ = [case for case in CASES if case["group"] in "SUDYKP"]
pytestmark = pytest.mark.skipif(not CASES, reason="the list of hostile inputs is not here")


def read(root: Path) -> tuple[tuple[Finding, ...], bool]:
    try:
        return read_model(root).findings, False
    except InputRefused as refused:
        return refused.findings, True


@pytest.mark.parametrize("case", READ, ids=lambda case: case["id"])
def test_case(case: dict[str, Any], tmp_path: Path) -> None:
    write_case(case, tmp_path)
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
