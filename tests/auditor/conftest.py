from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.auditor.auditing import audit
from envbuilder.auditor.judging import Terms
from envbuilder.policy import Policy
from envbuilder.report.report import ModelReport, Report

TODAY = datetime.date(2026, 1, 1)

Write = Callable[[str, dict[str, str]], Path]
Audit = Callable[..., Report]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a model's files below the test's folder: its path, then name and text of each."""

    def call(path: str, files: dict[str, str]) -> Path:
        folder = tmp_path / path
        for name, text in files.items():
            place = folder / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
        return folder

    return call


@pytest.fixture
def run() -> Audit:
    """Audit paths on a fixed day."""

    def call(*paths: Path, policy: Policy = Policy(), jobs: int = 1, **more: object) -> Report:  # noqa: B008
        terms = Terms(policy=policy, today=TODAY)
        return audit([str(path) for path in paths], terms=terms, jobs=jobs, **more)  # type: ignore[arg-type]

    return call


@pytest.fixture
def one(write: Write, run: Audit) -> Callable[..., ModelReport]:
    """Write one model and audit it."""

    def call(files: dict[str, str], policy: Policy = Policy()) -> ModelReport:  # noqa: B008
        report = run(write("model", files), policy=policy)
        (found,) = report.models
        return found

    return call
