from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import growth


def test_every_cost_is_measured_at_every_size(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "HITS_EACH", 2)
    monkeypatch.setattr(growth, "MODULES", 2)
    output = tmp_path / "growth.json"
    words = ["--packages", "2", "--environments", "3", "--models", "4", "--rounds", "1"]
    assert growth.main([*words, "--output", str(output)]) == 0
    points = json.loads(output.read_text())["points"]
    assert [(point["what"].partition(",")[0], point["size"]) for point in points] == [
        ("check", 2), ("build", 2), ("first acquire of a process", 3),
        ("audit", 4), ("4 hits", 2), ("two builds", 2), ("audit of 10 models", 2),
    ]  # fmt: skip
    assert all(point["seconds"] > 0 for point in points)
    assert len(capsys.readouterr().out.splitlines()) == 2 + len(points)


def test_a_command_that_fails_ends_the_measurement() -> None:
    with pytest.raises(SystemExit, match="ended with 1"):
        growth.together([("false",)], {"PATH": "/bin:/usr/bin"})
