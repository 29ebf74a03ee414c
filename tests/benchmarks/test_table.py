"""Every count stands on its own base: what was asked for, what fits below the cap, what was left out."""

from __future__ import annotations

import json

from benchmarks.outcome import Outcome, Seconds, Side, Stage
from benchmarks.table import causes, details, document, summary, tallies

CAP = 1_000_000_000


def ours(model: str, stage: Stage, **facts: object) -> Outcome:
    return Outcome(model=model, side=Side.ENVBUILDER, stage=stage, **facts)  # type: ignore[arg-type]


def theirs(model: str, stage: Stage, **facts: object) -> Outcome:
    return Outcome(model=model, side=Side.MLFLOW, stage=stage, **facts)  # type: ignore[arg-type]


OUTCOMES = (
    ours(
        "good", Stage.IMPORTS, requirements=2, fidelity="exact", seconds=Seconds(resolve=1, build=3),
        environment_bytes=5_000_000,
    ),
    ours("hit", Stage.IMPORTS, requirements=2, fidelity="degraded", hit=True, seconds=Seconds(build=90)),
    ours("huge", Stage.LOCKED, requirements=1, over_cap=True, fidelity="adapted"),
    ours("broken", Stage.BUILT, requirements=1, code="build/import-failed", line="no x"),
    ours("unsolved", Stage.PARSED, requirements=1, code="resolve/no-solution"),
    ours("empty", Stage.IMPORTS),
    ours("refused", Stage.REFUSED, code="input/too-deep"),
    theirs("good", Stage.BUILT, requirements=1, code="mlflow/import-failed"),
    theirs("huge", Stage.LOCKED, requirements=1, over_cap=True),
    theirs("empty", Stage.IMPORTS),
    theirs("unsolved", Stage.PARSED, requirements=1, left_out=True, code="harness/left-out"),
)  # fmt: skip


def cells() -> dict[str, list[str]]:
    lines = summary(tallies(OUTCOMES), CAP).splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in rows}


def test_the_shares() -> None:
    table = cells()
    assert table[""] == ["envbuilder", "MLflow, `--env-manager uv`"]
    assert table["models"] == ["7", "4"]
    assert table["files not read"] == ["1", "0"]
    assert table["without any Python requirement"] == ["1", "1"]
    assert table["**locked**, of those with a requirement"] == ["4 of 6 (66.7 %)", "2 of 2 (100.0 %)"]
    assert table["not built: lock above 1000 MB"] == ["1", "1"]
    assert table["built, of those locked within the cap"] == ["3 of 3 (100.0 %)", "1 of 1 (100.0 %)"]
    assert table["**imports its flavor**, of the same"] == ["2 of 3 (66.7 %)", "0 of 1 (0.0 %)"]
    assert table["imports, of all with a requirement but those above the cap"][0] == "2 of 5 (40.0 %)"


def test_fidelity_and_medians_are_of_what_imports_and_a_hit_is_no_build_time() -> None:
    table = cells()
    assert table["exact / adapted / degraded, of those that import"] == ["1 / 0 / 1", "-"]
    assert table["median to install and prove"] == ["3.0 s", "-"]
    assert table["median size of an environment"] == ["5.0 MB", "-"]


def test_every_failure_has_a_cause() -> None:
    text = causes(tallies(OUTCOMES))
    assert "| envbuilder | built | build/import-failed | 1: broken |" in text
    assert "| envbuilder | refused | input/too-deep | 1: refused |" in text
    assert "| mlflow | parsed | harness/left-out | 1: unsolved |" in text
    assert "huge" not in text
    assert "broken built build/import-failed: no x" in details(tallies(OUTCOMES)[0])


def test_the_document_holds_counts_and_every_outcome() -> None:
    found = json.loads(document(tallies(OUTCOMES), CAP))
    assert found["summary"]["envbuilder"]["imports"] == 2
    assert found["summary"]["envbuilder"]["fidelity"] == {"exact": 1, "degraded": 1}
    assert found["summary"]["mlflow"]["left_out"] == 1
    assert len(found["outcomes"]) == len(OUTCOMES)


def test_one_side_alone_has_one_column() -> None:
    assert summary(tallies(OUTCOMES[:2]), CAP).splitlines()[0] == "|  | envbuilder |"
