"""Releases that break others without a word of their metadata are held back, unless the model names them."""

from __future__ import annotations

import pytest

from envbuilder.findings import Effect
from envbuilder.lock import Lock
from envbuilder.request import Request
from envbuilder.resolver.resolution import resolve
from tests.resolver.toy import Release, ToyEngine, ToyInterpreters, index, release, rewritten, wheel

TAG = "cp38-cp38-manylinux1_x86_64"


def compiled(name: str, version: str, uploaded: str, requires: tuple[str, ...] = ()) -> dict[str, Release]:
    return {version: Release(files=(wheel(name, version, TAG, uploaded),), requires=requires)}


def engine(sklearn_uploaded: str = "2023-03-08") -> ToyEngine:
    return ToyEngine(
        index(
            **{
                "scikit-learn": compiled("scikit-learn", "1.2.2", sklearn_uploaded, ("numpy",)),
                "numpy": compiled("numpy", "1.26.4", "2024-02-05") | compiled("numpy", "2.1.0", "2024-08-18"),
                "mlflow": release("mlflow", "2.9.2") | release("mlflow", "3.1.0"),
                "setuptools": release("setuptools", "81.0.0") | release("setuptools", "82.0.0"),
            }
        ).releases
    )


def locked(*lines: str, toy: ToyEngine | None = None) -> Lock:
    return resolve(
        rewritten(*lines, created="2026-06-01"),
        request=Request(),
        engine=toy or engine(),
        interpreters=ToyInterpreters(),
    )


def versions(lock: Lock) -> dict[str, str]:
    return {artifact.name: artifact.version for artifact in lock.artifacts}


def test_numpy_2_does_not_meet_what_was_built_for_numpy_1() -> None:
    lock = locked("scikit-learn==1.2.2")
    assert versions(lock)["numpy"] == "1.26.4"
    (change,) = [change for change in lock.changes if change.code == "resolve/known-break"]
    assert change.effect is Effect.NONE
    assert "scikit-learn 1.2.2" in change.message


def test_what_was_built_for_both_keeps_the_newest() -> None:
    lock = locked("scikit-learn==1.2.2", toy=engine(sklearn_uploaded="2024-05-21"))
    assert versions(lock)["numpy"] == "2.1.0"
    assert "resolve/known-break" not in {change.code for change in lock.changes}


def test_what_the_model_names_is_kept() -> None:
    lock = locked("scikit-learn==1.2.2", "numpy==2.1.0")
    assert versions(lock)["numpy"] == "2.1.0"


@pytest.mark.parametrize(("mlflow", "setuptools"), [("2.9.2", "81.0.0"), ("3.1.0", "82.0.0")])
def test_old_mlflow_keeps_pkg_resources(mlflow: str, setuptools: str) -> None:
    assert versions(locked(f"mlflow=={mlflow}"))["setuptools"] == setuptools


def test_a_bound_that_cannot_be_kept_is_not_taken() -> None:
    toy = ToyEngine(
        index(
            **{
                "scikit-learn": compiled("scikit-learn", "1.2.2", "2023-03-08", ("numpy>=2",)),
                "numpy": compiled("numpy", "2.1.0", "2024-08-18"),
            }
        ).releases
    )
    assert versions(locked("scikit-learn==1.2.2", toy=toy))["numpy"] == "2.1.0"
