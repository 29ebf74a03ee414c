"""Requirement lines, repaired as text."""

from __future__ import annotations

import pytest

from envbuilder.findings import Change, Effect
from envbuilder.rewriter.piptext import Repaired, Unsafe, repaired, repairs_among


def change(code: str, before: str, after: str) -> Change:
    return Change(code=code, message="", effect=Effect.ADAPTED, before=before, after=after)


REPAIRS = repairs_among(
    (
        change("rewrite/single-equals", "werkzeug=3.0.3", "werkzeug==3.0.3"),
        change("rewrite/single-equals", "torch=1.9.0+cu102", "torch==1.9.0+cu102"),
        change("pin/local-version", "torch==1.9.0+cu102", "torch==1.9.0"),
        change("pin/local-version", "torch[x]==1.9.0+cu102 ; python_version<'3.9'", "torch[x]==1.9.0"),
        change("pin/dummy-package", "sklearn", "scikit-learn==0.24.1"),
        change("pin/dummy-package", "sklearn==0.0", "scikit-learn"),
        change("pin/dummy-package", "sklearn==0.1", ""),
        change("rewrite/duplicate", "numpy", "numpy"),
    )
)


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("werkzeug=3.0.3", "werkzeug==3.0.3"),
        ("Werkzeug = 3.0.3  # why", "Werkzeug == 3.0.3  # why"),
        ("torch=1.9.0+cu102", "torch==1.9.0"),
        ("torch == 1.9.0+cu102", "torch == 1.9.0"),
        ("torch[x]==1.9.0+cu102 ; python_version<'3.9' # x", "torch[x]==1.9.0 ; python_version<'3.9' # x"),
        ("sklearn", "scikit-learn==0.24.1"),
        ("sklearn  # dummy", "scikit-learn==0.24.1  # dummy"),
        ("sklearn == 0.0", "scikit-learn"),
        ("sklearn==0.0 # dummy", "scikit-learn # dummy"),
    ],
)
def test_a_line_is_repaired_and_the_rest_of_it_stays(line: str, after: str) -> None:
    found = repaired(line, REPAIRS)
    assert isinstance(found, Repaired)
    assert found.text == after


@pytest.mark.parametrize(
    "line",
    [
        "numpy",
        "# sklearn",
        "-r sklearn",
        "--index-url https://example.org",
        "",
        "sklearn @ file:x",
        "torch==1.9.0",
        "ä",
    ],
)
def test_other_lines_stay(line: str) -> None:
    assert repaired(line, REPAIRS) is None


def test_a_line_may_go() -> None:
    found = repaired("sklearn==0.1", REPAIRS)
    assert isinstance(found, Repaired)
    assert found.text is None


def test_hashes_name_files_of_the_old_release() -> None:
    found = repaired("torch==1.9.0+cu102 --hash=sha256:00", REPAIRS)
    assert isinstance(found, Unsafe)
    assert [c.code for c in found.changes] == ["pin/local-version"]
