"""The measurement of a check finds what it made, on a toy size."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.check_cost import main, measure


@pytest.mark.parametrize("differ", [0, 3])
def test_a_small_lock_is_measured(tmp_path: Path, differ: int) -> None:
    found = measure(tmp_path, 12, differ=differ, rounds=1)
    assert (found.packages, found.differ) == (12, differ)
    assert min(found.imports, found.parsed, found.first, found.later, found.yardstick) > 0


def test_the_table_has_a_row_for_each_size(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--sizes", "3", "5", "--differ", "1", "--rounds", "1"]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert [row.split("|")[1].strip() for row in rows] == ["packages", "---:", "3", "5"]
