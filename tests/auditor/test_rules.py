"""Each rule: what it reports, at which line, and what it leaves alone."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.auditor.auditing import audit
from envbuilder.auditor.judging import Terms
from envbuilder.report.report import ModelReport

One = Callable[..., ModelReport]


def told(report: ModelReport, code: str) -> list[tuple[str, str]]:
    """Return place and subject of each finding with a code."""
    return [(str(f.origin), f.subject) for f in report.findings if f.code == code]


def test_requirements_that_name_no_one_version(one: One) -> None:
    text = "a\nb>=1\nc==1.*\nd==1.0\ne===1.0\nf~=1.0 ; python_version > '3'\ng=1.0\n"
    assert told(one({"requirements.txt": text}), "pin/unpinned") == [
        ("requirements.txt:1:1", "a"), ("requirements.txt:2:1", "b"), ("requirements.txt:3:1", "c"),
        ("requirements.txt:6:1", "f"),
    ]  # fmt: skip


def test_a_constraint_pins_too(one: One) -> None:
    files = {"requirements.txt": "a\nb\n-c constraints.txt\n", "constraints.txt": "a==1.0\nb>1\n"}
    assert told(one(files), "pin/unpinned") == [("requirements.txt:2:1", "b")]


def test_conda_packages_without_a_version(one: One) -> None:
    specs = [
        "python=3.12", "pip", "a", "b=1.19", "b2==1.19.2", "c>=1", "d=1.*=*_3", "e=1|2", "f[md5=" + "0" * 32 + "]",
    ]  # fmt: skip
    text = "channels: [conda-forge, nodefaults]\ndependencies:\n" + "".join(f"- {spec}\n" for spec in specs)
    assert [subject for _, subject in told(one({"conda.yaml": text}), "pin/unpinned")] == ["a", "c", "e"]


def test_versions_that_no_index_has_and_dummies_are_told_with_their_fix(one: One) -> None:
    report = one({"requirements.txt": "torch==1.9.0+cu102\nnumpy==1.21.0\nsklearn\n"})
    found = {f.code: f for f in report.findings if f.code.startswith("pin/") and f.fix}
    assert found.keys() == {"pin/local-version", "pin/dummy-package"}
    local, dummy = found["pin/local-version"].fix, found["pin/dummy-package"].fix
    assert local is not None
    assert (local.before, local.after) == ("torch==1.9.0+cu102\n", "torch==1.9.0\n")
    assert dummy is not None
    assert (dummy.before, dummy.after) == ("sklearn\n", "scikit-learn\n")


@pytest.mark.parametrize(
    ("python", "day", "words"),
    [
        ("3.8.8", datetime.date(2024, 10, 8), "since 2024-10-07"),
        ("3.8.8", datetime.date(2024, 10, 7), None),
        ("2.7.18", datetime.date(2026, 1, 1), "Python 2.7 has had no security fixes"),
        ("3.5", datetime.date(2026, 1, 1), "Python 3.5 has had no security fixes"),
        ("3.13", datetime.date(2026, 1, 1), None),
        ("3.99", datetime.date(2026, 1, 1), None),
    ],
)
def test_a_python_without_support(tmp_path: Path, python: str, day: datetime.date, words: str | None) -> None:
    (tmp_path / "python_env.yaml").write_text(f"python: {python}\n")
    report = audit([str(tmp_path)], terms=Terms(today=day))
    found = [f for f in report.models[0].findings if f.code == "pin/python-end-of-life"]
    assert [words in f.message for f in found if words] == ([True] if words else [])
    assert len(found) == (1 if words else 0)


def test_a_model_without_a_python_is_not_judged_by_it(one: One) -> None:
    assert told(one({"requirements.txt": "a==1\n"}), "pin/python-end-of-life") == []
