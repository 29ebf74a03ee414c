"""Outcomes survive a line of JSON, errors become causes, and a cut line costs nothing but itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.outcome import Attempt, Outcome, Seconds, Side, Stage, append_line, read_lines
from envbuilder.errors import BuildError, ResolveError
from envbuilder.findings import Origin

TEXT = st.text(max_size=20)
OUTCOMES = st.builds(
    Outcome,
    model=TEXT,
    side=st.sampled_from(Side),
    stage=st.sampled_from(Stage),
    codes=st.lists(TEXT, max_size=3).map(tuple),
    line=TEXT,
    imports=st.lists(TEXT, max_size=3).map(tuple),
    seconds=st.builds(Seconds, build=st.floats(min_value=0, allow_nan=False, allow_infinity=False)),
)


@given(OUTCOMES)
def test_an_outcome_is_what_its_line_says(outcome: Outcome) -> None:
    line = outcome.to_json()
    assert "\n" not in line
    assert Outcome.from_json(line) == outcome


def outcome(model: str = "m", **facts: object) -> Outcome:
    return Outcome(model=model, side=Side.ENVBUILDER, **facts)  # type: ignore[arg-type]


def test_a_cut_last_line_is_done_again_and_does_not_spoil_the_next(tmp_path: Path) -> None:
    lines = tmp_path / "run.jsonl"
    append_line(lines, outcome("a"))
    with lines.open("a", encoding="ascii") as stream:
        stream.write(outcome("b").to_json()[:40])
    append_line(lines, outcome("c"))
    assert [model for model, _ in read_lines(lines)] == ["a", "c"]


def test_a_later_line_wins_and_a_failing_network_or_a_full_disk_is_tried_again(tmp_path: Path) -> None:
    lines = tmp_path / "run.jsonl"
    append_line(lines, outcome("a", code="resolve/network"))
    append_line(lines, outcome("b", code="build/disk-full"))
    append_line(lines, outcome("a"))
    assert read_lines(lines) == {("a", Side.ENVBUILDER): outcome("a")}


def test_no_file_means_nothing_done(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "none.jsonl") == {}


def test_an_error_ends_the_steps_and_keeps_what_was_reached() -> None:
    attempt = Attempt(outcome())

    def steps() -> None:
        attempt.note(stage=Stage.LOCKED)
        raise BuildError("sklearn does not import", detail="Traceback\nNo module named 'x'\n")

    found = attempt.run(steps)
    assert (found.stage, found.code) == (Stage.LOCKED, "build/failed")
    assert found.line == "sklearn does not import: No module named 'x'"


@pytest.mark.parametrize(
    "detail", ["Traceback\nNo module named 'x'", "no wheel\n\nhint: ask elsewhere\n", ""]
)
def test_the_line_repeats_nothing_and_ends_with_no_hint(detail: str) -> None:
    def steps() -> None:
        raise BuildError("y: No module named 'x'", detail=detail)

    line = Attempt(outcome()).run(steps).line
    assert line == "y: No module named 'x'" + (": no wheel" if "wheel" in detail else "")


def test_the_line_names_the_spot_and_hides_secrets() -> None:
    def steps() -> None:
        raise ResolveError(
            "no answer of https://joe:pw@example.org/", origin=Origin(file="conda.yaml", line=3)
        )

    line = Attempt(outcome()).run(steps).line
    assert line.startswith("conda.yaml:3: ")
    assert "pw" not in line


def test_a_bug_is_a_crash_with_its_place() -> None:
    def steps() -> None:
        raise KeyError("lost")

    found = Attempt(outcome()).run(steps)
    assert found.code == "crash/KeyError"
    assert found.line.startswith("test_outcome.py:")


def test_seconds_add_up_even_when_the_stage_fails() -> None:
    attempt = Attempt(outcome(seconds=Seconds(build=2.0)))
    with pytest.raises(BuildError), attempt.timed("build"):
        raise BuildError("no")
    assert attempt.outcome.seconds.build >= 2.0
    assert attempt.outcome.seconds.resolve == 0.0
