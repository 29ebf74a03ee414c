from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from envbuilder.auditor.auditing import audit
from envbuilder.auditor.judging import Terms
from envbuilder.report.report import Report

TREE = {
    "registry/churn/1/MLmodel": (
        "flavors:\n  python_function:\n    env: conda.yaml\n    loader_module: mlflow.sklearn\n"
        "    python_version: 3.8.8\nmlflow_version: 1.14.1\nutc_time_created: '2021-03-01 10:30:00.000001'\n"
    ),
    "registry/churn/1/conda.yaml": (
        "channels:\n- defaults\ndependencies:\n- python=3.8.8\n- pip\n- pip:\n  - mlflow==1.14.1\n"
        "  - scikit-learn\n"
    ),
    "registry/churn/2/requirements.txt": "--extra-index-url https://u:s3cret@h.example/simple\nnumpy==1.21.0\n",
    "registry/clean/requirements.txt": "numpy==1.21.0\n",
    "registry/refused/requirements.txt": "numpy ==\n",
    "registry/|::error file=x::pwned`<b>/conda.yaml": "channels: [conda-forge]\ndependencies: ['r::r-base=4.1']\n",
}


@pytest.fixture
def report(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """A small registry as it is audited from the folder above it: each level, a fix, a refusal, odd names."""
    for name, text in TREE.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, "utf-8")
    monkeypatch.chdir(tmp_path)
    return audit(["registry", "gone"], terms=Terms(today=datetime.date(2026, 1, 1)))
