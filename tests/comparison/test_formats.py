"""Each format of a difference: as it was when somebody looked at it, valid, and harmless.

After a change that is meant, ``UPDATE_GOLDEN=1 pytest tests/comparison`` writes the files; look at the diff.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt

from envbuilder.comparison import text
from envbuilder.comparison.comparing import compare
from envbuilder.comparison.difference import Difference
from envbuilder.findings import Level
from envbuilder.report.markdown import LIMIT
from envbuilder.report.report import PackageReport, Skipped
from tests.comparison.conftest import Subjects
from tests.conftest import ROOT

GOLDEN = Path(__file__).parent / "golden"
FORMATS = {"text": "text", "json": "objects", "markdown": "markdown"}
SCHEMA = json.loads((ROOT / "docs" / "diff.schema.json").read_text("utf-8"))

BEFORE = {
    "MLmodel": "utc_time_created: '2021-03-01 10:30:00.000001'\nflavors: {}\n",
    "conda.yaml": (
        "channels:\n- conda-forge\n- bioconda\n- defaults\ndependencies:\n- python=3.8.8\n- libgcc\n- pip\n- pip:\n"
        "  - mlflow==1.14.1\n  - scikit-learn\n  - 'pandas==1.2.3'\n  - xgboost==1.3.0\n"
    ),
}
AFTER = {
    "MLmodel": "utc_time_created: '2022-05-01 10:30:00.000001'\nflavors: {}\n",
    "conda.yaml": (
        "channels:\n- bioconda\n- conda-forge\n- nodefaults\ndependencies:\n- python=3.9.1\n- pip\n- pip:\n"
        "  - -r requirements.txt\n"
    ),
    "requirements.txt": (
        "--extra-index-url https://u:s3cret@example.org/simple\n"
        "mlflow==1.20.0\nscikit-learn==0.24.0\npandas\nlightgbm==3.0.0\n"
    ),
}


@pytest.fixture
def difference(subject: Subjects) -> Difference:
    """Two versions of a model, with each kind of change, a licence that changes, and a secret."""
    before = subject(
        "churn/1", BEFORE,
        {"mlflow": "1.14.1", "scikit-learn": "0.23.2", "pandas": "1.2.3", "xgboost": "1.3.0", "click": "7.1",
         "alembic": "1.4.1!", "six": "1.15"},
    )  # fmt: skip
    after = subject(
        "churn/|::error file=x::`<b>", AFTER,
        {"mlflow": "1.20.0", "scikit-learn": "0.24.0", "pandas": "1.2.3", "lightgbm": "3.0.0", "click": "8.0",
         "alembic": "1.4.1", "sqlparse": "0.2"},
        python="3.9.1",
    )  # fmt: skip
    old = PackageReport(name="click", version="7.1", expression="BSD-3-Clause", chain=("mlflow", "click"))
    new = PackageReport(name="click", version="8.0", expression="MIT", chain=("mlflow", "click"))
    return compare(
        replace(before, report=replace(before.report, packages=(old,))),
        replace(after, report=replace(after.report, packages=(new,))),
    )


def written(name: str, difference: Difference, fail_on: Level = Level.ERROR) -> str:
    module = import_module(f"envbuilder.comparison.{FORMATS[name]}")
    return "".join(module.write(difference, fail_on=fail_on))


@pytest.mark.parametrize("name", FORMATS)
def test_the_format_is_as_it_was_looked_at(name: str, difference: Difference) -> None:
    shown = written(name, difference)
    file = GOLDEN / f"diff.{name}"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(shown, "utf-8")
    assert shown == file.read_text("utf-8")


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_tells_a_secret(name: str, difference: Difference) -> None:
    shown = written(name, difference)
    assert "example.org" in shown
    assert "s3cret" not in shown


def test_json_is_what_its_schema_says(difference: Difference) -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    found: Any = json.loads(written("json", difference))
    validator.validate(found)
    assert found["summary"]["packages"] == {
        "added": 2, "removed": 3, "upgraded": 3, "downgraded": 0, "changed": 1, "replaced": 1,
    }  # fmt: skip
    assert found["summary"]["licenses"] == {"changed": 1, "unknown": 8}
    assert found["summary"]["new"]["warnings"] == len(
        [finding for finding in found["findings"]["new"] if finding["level"] == "warning"]
    )
    assert json.loads(written("json", difference)) == found
    for broken in ({**found, "schema": 2}, {**found, "more": 1}):
        assert not validator.is_valid(broken)


def test_licences_that_could_not_be_read_are_told(difference: Difference) -> None:
    partial = replace(difference, skipped=(Skipped(path="click 8.0", reason="network"),))
    assert "licences not read\n  click 8.0: network\n" in written("text", partial)
    assert "envbuilder diff: not complete" in written("markdown", partial)
    found = json.loads(written("json", partial))
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    assert found["complete"] is False


def test_no_difference_is_said(subject: Subjects) -> None:
    one = subject("1", {"requirements.txt": "a==1\n"}, {"a": "1"})
    same = compare(one, one)
    assert written("text", same).endswith("\n\nno difference\n")
    assert "No difference." in written("markdown", same)
    found = json.loads(written("json", same))
    jsonschema.Draft202012Validator(SCHEMA).validate(found)
    assert found["empty"] is True


def test_text_is_readable_at_80_columns(difference: Difference) -> None:
    lines = written("text", difference).splitlines()
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.strip().startswith(("::", "##["))]
    styled = "".join(text.write(difference, fail_on=Level.ERROR, style=lambda word, _: f"\x01{word}\x02"))
    assert styled.translate({1: None, 2: None}) == written("text", difference)
    assert "\x01new findings\x02" in styled


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("numpy>=1\n", "numpy<2\n", "changed    numpy>=1 -> numpy<2 (requirements.txt:1:1)"),
        ("numpy==1.0\n", "numpy\n", "changed    numpy 1.0 -> numpy (requirements.txt:1:1)"),
        ("a==1\n", "a==1\nnumpy\n", "added      numpy (requirements.txt:2:1)"),
        (
            "a==1\n", "a @ https://example.org/a.whl\n",
            "changed    a 1 -> https://example.org/a.whl (requirements.txt:1:1)",
        ),
        (
            "a @ https://example.org/a.whl\n", "a @ https://example.org/b.whl\n",
            "changed    a https://example.org/a.whl -> https://example.org/b.whl",
        ),
    ],
)  # fmt: skip
def test_a_line_says_each_name_once(subject: Subjects, before: str, after: str, line: str) -> None:
    found = compare(subject("1", {"requirements.txt": before}), subject("2", {"requirements.txt": after}))
    assert f"  {line}" in written("text", found).splitlines()


def test_markdown_is_inert_and_says_whether_it_fails(difference: Difference) -> None:
    shown = MarkdownIt("commonmark").enable("table").render(written("markdown", difference))
    tags = set(re.findall(r"<(\w+)", shown))
    assert tags <= {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "ul", "li"}
    assert "envbuilder diff: failed" in shown
    assert "envbuilder diff: passed" in written("markdown", replace(difference, new=()))


def test_markdown_fits_a_comment(difference: Difference) -> None:
    many = replace(difference, packages=difference.packages * 1000)
    shown = written("markdown", many)
    assert LIMIT < len(shown) + 200 < 65_536
    assert shown.endswith("\n… and more, which does not fit here.\n")
