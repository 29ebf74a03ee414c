"""The benchmark of the audit, at toy size: what it makes, and that the audit of it holds its promises."""

from __future__ import annotations

from pathlib import Path

import pytest

import envbuilder
from benchmarks.audit_tree import Measured, gains, grow, measure, yardstick


def contents(root: Path, name: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(root.rglob(name))]


@pytest.mark.parametrize("distinct", [False, True])
def test_every_model_is_logged_anew(tmp_path: Path, distinct: bool) -> None:
    grow(tmp_path, 30, distinct=distinct)
    mlmodels, conda = contents(tmp_path, "MLmodel"), contents(tmp_path, "conda.yaml")
    assert len(mlmodels) == len(set(mlmodels)) == 30
    assert len(set(conda)) == (len(conda) if distinct else 10)
    report = envbuilder.audit(tmp_path)
    assert report.complete
    assert len(report.models) == 30
    assert all(
        model.created and model.created.year == 2024 for model in report.models if model.mlflow_version
    )


def test_the_tree_is_the_same_each_time(tmp_path: Path) -> None:
    for name in "ab":
        grow(tmp_path / name, 12, distinct=False)
    assert contents(tmp_path / "a", "MLmodel") == contents(tmp_path / "b", "MLmodel")


def test_a_measurement(tmp_path: Path) -> None:
    found = measure(40, jobs=1, distinct=False)
    assert found.models == 40
    assert 0 < found.memory < 300_000_000
    assert found.ratio > 0
    assert found.findings > 100
    grow(tmp_path, 3, distinct=False)
    assert yardstick(tmp_path) > 0


def test_gains_are_over_the_first_number_of_jobs() -> None:
    def took(models: int, jobs: int, seconds: float) -> Measured:
        return Measured(
            models=models, jobs=jobs, distinct=True, audit=seconds, yardstick=1.0, memory=1, findings=1
        )

    results = [took(100, 1, 2.0), took(1000, 1, 20.0), took(100, 2, 2.5), took(1000, 2, 12.5)]
    assert gains(results) == [(100, 2, 0.8), (1000, 2, 1.6)]
    assert gains(results[:2]) == []
