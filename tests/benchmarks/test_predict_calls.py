"""The benchmark of calls at toy size: all three sides answer, and the table has a row for each size."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.predict_calls import HEAD, Row, main, size_of


@pytest.mark.index
def test_a_toy_run(
    warm_home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ENVBUILDER_HOME", str(warm_home))
    assert main(["--sizes", "20x3", "--rounds", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == HEAD.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:]] == ["20 x 3"]


def test_ratios_are_of_one_round() -> None:
    row = Row(
        size=size_of("1000000x4"), ours=[1.0, 2.0, 4.0], pipe=[1.0, 1.0, 1.0], server=[10.0, 10.0, 10.0]
    )
    assert str(row).split("|")[1:] == [
        " 1,000,000 x 4 ", " 2e+03 ", " 1e+03 ", " 1e+04 ", " 2.00 (1.00 to 4.00) ", " 5.00 (2.50 to 10.00) ", "",
    ]  # fmt: skip


def test_small_frames_are_sent_often_and_large_ones_once() -> None:
    assert [size_of(text).calls for text in ("1x50", "1000x50", "1000000x4")] == [200, 4, 1]
