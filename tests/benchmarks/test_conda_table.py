"""The table of ways: what is asked, which way it goes, and what a conda environment comes to by given records."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.conda_table import main


def model(corpus: Path, name: str, text: str) -> None:
    (corpus / name).mkdir(parents=True)
    (corpus / name / "conda.yaml").write_text(text, "utf-8")


def test_a_row_for_each_model_that_asks_something_of_conda(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = tmp_path / "corpus"
    model(corpus, "a", "channels: [conda-forge]\ndependencies: [python=3.8, 'numpy 1.18|1.19', pip]\n")
    model(corpus, "b", "channels: [defaults]\ndependencies: [python=3.8, pytorch=1.9.0, openssl]\n")
    model(corpus, "c", "channels: [defaults]\ndependencies: [python=3.8, pip, {pip: [mlflow]}]\n")
    model(corpus, "d", "dependencies: ['numpy=1=2=3']\n")
    main([str(corpus)])
    head, rule, *rows, _, count = capsys.readouterr().out.splitlines()
    assert head.count("|") == rule.count("|") == 7
    assert rows == [
        (
            "| a | numpy 1.18\\|1.19 | conda environment | not to be had from the package index: numpy (of the"
            " alternatives ==1.18\\|==1.19 a requirement can name only one) |  |  |"
        ),
        (
            "| b | pytorch=1.9.0, openssl | virtual environment | the package index has all that is asked of conda,"
            " but for what a virtual environment can do without: openssl |  |  |"
        ),
        (
            "| d |  | refused | input/malformed-requirement: conda.yaml:1:16: 'numpy=1=2=3' is no conda dependency:"
            " '2=3' stands where a build would |  |  |"
        ),
    ]
    assert count == "3 in all: 1 conda environment, 1 refused, 1 virtual environment"
