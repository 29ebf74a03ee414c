"""Several processes give what one gives, in the same order."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.auditor import workers
from envbuilder.auditor.discovery import Found
from envbuilder.auditor.judging import Terms
from envbuilder.errors import ToolError
from envbuilder.report.report import Report

Write = Callable[[str, dict[str, str]], Path]


@pytest.fixture
def tree(write: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(workers, "ALONE", 0.0)
    monkeypatch.setattr(workers, "_CHUNK", 2)
    for number in range(17):
        write(f"tree/m{number:02}", {"requirements.txt": f"numpy=={number % 4}.0\npandas\n"})
    (write("tree/m05", {}) / "requirements.txt").write_text("numpy ==\n")
    return write("tree", {})


def test_order_and_outcome_are_those_of_one_process(tree: Path, run: Callable[..., Report]) -> None:
    alone, together = run(tree), run(tree, jobs=2)
    assert together == alone
    assert [Path(model.model).name for model in together.models] == [f"m{n:02}" for n in range(17)]
    # What is equal is one object, however many processes told it.
    assert len({id(model.findings) for model in together.models}) <= 6


def test_a_process_that_dies_is_an_error_and_no_hang(
    tree: Path, run: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "_work", _die)
    with pytest.raises(ToolError, match="died"):
        run(tree, jobs=2)


def _die(_: list[Found]) -> None:
    os._exit(9)


def test_few_models_start_no_process(
    write: Write, run: Callable[..., Report], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a process was started")

    monkeypatch.setattr(workers, "ProcessPoolExecutor", refuse)
    write("tree/m", {"requirements.txt": "numpy==1.0\n"})
    assert len(run(write("tree", {}), jobs=8).models) == 1


def test_terms_and_findings_can_be_sent(tree: Path, run: Callable[..., Report]) -> None:
    import datetime
    import pickle

    from envbuilder.policy import Policy, Sources
    from envbuilder.redact import SafeUrl

    policy = Policy(sources=Sources(indexes=(SafeUrl("https://u:p@index.example.org/simple"),)))
    terms = Terms(policy=policy, today=datetime.date(2026, 1, 1))
    assert pickle.loads(pickle.dumps(terms)) == terms
    report = run(tree)
    assert pickle.loads(pickle.dumps(report.models)) == report.models
