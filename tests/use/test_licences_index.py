"""The licences of fixtures, judged as their packages stand in a real index; nothing is installed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import MODELS, Cli

pytestmark = pytest.mark.index


@pytest.mark.parametrize(
    ("name", "evidence"),
    [
        ("seed-sklearn", "44 packages by evidence: 19 field, 3 classifier, 19 ambiguous, 3 unknown"),
        (
            "sklearn-3.1",
            "74 packages by evidence: 13 expression, 29 field, 7 classifier, 24 ambiguous, 1 unknown",
        ),
    ],
)
def test_the_evidence_of_an_old_and_of_a_young_model(
    cli: Cli, warm_home: Path, tmp_path: Path, name: str, evidence: str
) -> None:
    text, machine = tmp_path / "out.txt", tmp_path / "out.json"
    arguments = ["licenses", MODELS / name, "--output", f"text={text}", "--output", f"json={machine}"]
    done = cli(*arguments, home=warm_home)
    assert done.returncode == 0, done.stderr
    assert evidence in " ".join(text.read_text().split())
    found = json.loads(machine.read_text())
    assert all(finding["line"] for finding in found["models"][0]["findings"])

    again = cli(*arguments, "--offline", home=warm_home)
    assert again.returncode == 0, again.stderr
    assert json.loads(machine.read_text()) == found
