from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.pairs import Runs, Sample, Side, SideError, take_turns


def side(name: str, *codes: str, **more: object) -> Side:
    commands = tuple((sys.executable, "-S", "-c", code) for code in codes)
    return Side(name=name, commands=commands, environ={}, **more)  # type: ignore[arg-type]


def test_sides_take_turns_and_slow_ones_end_early(tmp_path: Path) -> None:
    log = tmp_path / "log"

    def noting(name: str) -> str:
        return f"open({str(log)!r}, 'a').write({name!r})"

    both, slow = take_turns(
        [side("both", noting("a"), noting("b")), side("slow", noting("c"), rounds=1)], rounds=2, warm_up=1
    )
    assert log.read_text() == "abcabcab"
    assert (len(both.samples), len(slow.samples)) == (2, 1)
    assert all(sample.seconds > 0 and sample.cpu > 0 and sample.memory > 0 for sample in both.samples)


def test_a_side_that_fails_says_why_and_is_left_out(tmp_path: Path) -> None:
    (runs,) = take_turns([side("broken", "import sys; sys.exit('no such thing')")], rounds=3)
    assert runs.samples == []
    assert "no such thing" in runs.failed
    with pytest.raises(SideError):
        side("broken", "raise SystemExit(3)").run()


def test_a_side_may_bring_its_own_clock() -> None:
    assert side("own", "print('noise', 0.25)", own_clock=True).run().seconds == 0.25


def test_what_stands_on_the_disk_is_counted_once(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "file").write_bytes(b"x" * 50_000)
    (tmp_path / "two").hardlink_to(tmp_path / "one" / "file")
    single = side("one", "", places=(tmp_path / "one",)).bytes_on_disk()
    assert side("two", "", places=(tmp_path / "one", tmp_path / "two")).bytes_on_disk() == single >= 50_000


def test_ratios_are_of_one_round() -> None:
    mine, theirs = (
        Runs(name="side", samples=[Sample(seconds=s, cpu=0, memory=0) for s in seconds])
        for seconds in ([1.0, 8.0, 3.0], [1.0, 2.0])
    )
    assert mine.over(theirs) == (2.5, 1.0, 4.0)
