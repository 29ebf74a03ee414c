"""Known findings: what is new is reported, moved lines are not new, other models are."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.auditor.baseline import baseline_text, read_baseline
from envbuilder.errors import UsageError
from envbuilder.report.report import Report

Write = Callable[[str, dict[str, str]], Path]
OLD = "channels:\n- defaults\ndependencies:\n- python=3.12\n"


def codes(report: Report) -> list[list[str]]:
    return [[finding.code for finding in model.findings] for model in report.models]


def test_only_what_is_new_is_reported(write: Write, run: Callable[..., Report], tmp_path: Path) -> None:
    root = write("tree", {"m/conda.yaml": OLD})
    file = tmp_path / "baseline.json"
    first = run(root)
    file.write_text("".join(baseline_text(first)))
    baseline = read_baseline(file)
    again = run(root, baseline=baseline)
    assert codes(again) == [[]]
    assert again.hidden == len(first.models[0].findings) > 0
    # Lines move, the cause stays; another channel, and the same one in another model, are new.
    write("tree", {"m/conda.yaml": f"# a comment\n{OLD}", "n/conda.yaml": OLD})
    assert codes(run(root, baseline=baseline)) == [[], ["channel/restricted"]]
    write("tree", {"m/conda.yaml": OLD.replace("- defaults\n", "- defaults\n- anaconda\n")})
    assert codes(run(root, baseline=baseline))[0] == ["channel/restricted"]


def test_a_baseline_is_one_line_per_model_and_sorted(write: Write, run: Callable[..., Report]) -> None:
    root = write("tree", {"b/conda.yaml": OLD, "a/conda.yaml": OLD, "clean/requirements.txt": "a==1\n"})
    text = "".join(baseline_text(run(root)))
    assert [line.partition(": ")[0] for line in text.splitlines()[1:-1]] == [
        json.dumps(f"{root}/a"), json.dumps(f"{root}/b"),
    ]  # fmt: skip
    assert text == "".join(baseline_text(run(root)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no JSON of ours"), ("[]", "no JSON of ours"), ('{"schema": 2, "findings": {}}', "its schema is 2"),
        ('{"schema": 1, "findings": []}', "no JSON of ours"), ('{"schema": 1, "findings": {"m": 1}}', "no JSON of ours"),
    ],
)  # fmt: skip
def test_what_is_no_baseline_is_an_error(text: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "b.json"
    file.write_text(text)
    with pytest.raises(UsageError, match=words) as caught:
        read_baseline(file)
    assert caught.value.code == "usage/baseline"


def test_a_missing_baseline_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_baseline(tmp_path / "b.json")


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    file = tmp_path_factory.mktemp("baseline") / "b.json"
    file.write_bytes(content)
    with pytest.raises(UsageError):
        read_baseline(file)
