"""What a finished environment does unasked, as ``build`` and ``explain`` tell it; no index is needed."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from envbuilder.cli.build import build_object, substitution_lines
from envbuilder.cli.explain import explanation_lines, explanation_object
from envbuilder.findings import Finding, Level
from envbuilder.store.manifest import FOLDER
from envbuilder.store.remarks import NAME, findings_text
from envbuilder.store.store import Store
from envbuilder.use.engine_choice import EngineChoice
from envbuilder.use.explaining import Explanation
from envbuilder.use.restoration import Restored, Seconds
from tests.store import fakes

SCHEMA = json.loads((Path(__file__).parents[1] / "schemas" / "build.json").read_text("utf-8"))
HEX = "0" * 64


def note(number: int) -> Finding:
    return Finding(
        code="build/pth-file",
        level=Level.NOTE,
        message=f"{number}.pth is read\x1b[2J",
        hint="look",
        subject=str(number),
    )


@pytest.fixture
def restored(tmp_path: Path) -> Restored:
    store = Store.open(tmp_path / "store")
    environment = fakes.make(store, fakes.ENV_ID)
    return Restored(
        model="m", environment=environment, lease=store.lease(fakes.ENV_ID), hit=True, spec_id=HEX, lock_id=HEX,
        engine="uv", python_requested=None, as_of=None, changes=(), files=(), absent=(), seconds=Seconds(total=0.1),
    )  # fmt: skip


def keep(restored: Restored, count: int) -> None:
    notes = [note(number) for number in range(count)]
    (restored.environment.prefix / FOLDER / NAME).write_bytes(findings_text(notes))


def test_an_environment_with_nothing_to_tell_is_silent(restored: Restored) -> None:
    assert substitution_lines(restored) == ["fidelity: exact"]
    (restored.environment.prefix / FOLDER / NAME).unlink()
    assert substitution_lines(restored) == ["fidelity: exact"]


def test_notes_are_told_before_the_verdict(restored: Restored) -> None:
    keep(restored, 7)
    lines = substitution_lines(restored)
    assert lines[0] == "note[build/pth-file]: 0.pth is read\\x1b[2J"
    assert lines[5:] == ["and 2 more: `envbuilder explain` lists them", "fidelity: exact"]


def test_json_has_them_all_and_keeps_its_promise(restored: Restored) -> None:
    keep(restored, 7)
    found = {"schema": 1, **build_object("m", restored)}
    assert [finding["message"][0] for finding in found["findings"]] == list("0123456")
    jsonschema.validate(found, SCHEMA)


def test_explain_lists_them_with_their_cure(restored: Restored) -> None:
    told = Explanation(
        model="m",
        wishes=(),
        changes=(),
        findings=(),
        choice=EngineChoice(engine="uv", reason="--engine uv was given"),
        keys=(),
        environment=restored.environment,
        remarks=(note(1),),
    )
    lines = list(explanation_lines("m", told))
    at = lines.index("\nwhat its packages do unasked")
    assert lines[at + 1 :] == ["  note[build/pth-file]: 1.pth is read\\x1b[2J", "    hint: look"]
    assert explanation_object("m", told)["environment_findings"][0]["code"] == "build/pth-file"
