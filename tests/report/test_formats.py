"""Each format: as it was when somebody looked at it, valid, and harmless.

After a change that is meant, ``UPDATE_GOLDEN=1 pytest tests/report`` writes the files; look at the diff.
"""

from __future__ import annotations

import json
import os
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from markdown_it import MarkdownIt

from envbuilder.findings import Finding, Level, Origin
from envbuilder.report import markdown
from envbuilder.report.formats import FORMATS, writer
from envbuilder.report.report import ModelReport, Report

GOLDEN = Path(__file__).parent / "golden"
SCHEMAS = Path(__file__).parents[1] / "schemas"
OURS = ("text", "json", "markdown", "sarif", "junit", "github", "html")


def written(name: str, report: Report, fail_on: Level = Level.ERROR) -> str:
    return "".join(writer(name)(report, fail_on=fail_on))


def checked(name: str, text: str) -> Any:
    found = json.loads(text)
    schema = json.loads((SCHEMAS / name).read_text("utf-8"))
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(found)
    return found


def steady(text: str) -> str:
    """Return a report without what changes with every release, and the page's own style and script."""
    text = re.sub(r"(<(style|script)>).*?(</\2>)", r"\1…\3", text, flags=re.DOTALL)
    return re.sub(r"'sha256-[^']+'", "'sha256-…'", text).replace(version("envbuilder"), "VERSION")


@pytest.mark.parametrize("name", OURS)
def test_the_format_is_as_it_was_looked_at(name: str, report: Report) -> None:
    text = steady(written(name, report))
    file = GOLDEN / f"audit.{name}"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("empty", [True, False])
def test_no_format_tells_a_secret_or_lacks_a_clean_run(name: str, report: Report, empty: bool) -> None:
    text = written(name, Report(today=report.today) if empty else report)
    assert text
    assert "s3cret" not in text
    assert "\x1b" not in text


def test_json_is_the_interfaces_object(report: Report) -> None:
    found = checked("audit.json", written("json", report))
    checked("audit.json", written("json", Report(today=report.today)))
    assert found["complete"] is False
    assert found["policy"] is None
    assert [item["path"] for item in found["skipped"]] == ["registry/refused/requirements.txt", "gone"]
    churn = found["models"][0]
    assert churn["model"] == "registry/churn/1"
    assert churn["created"] == "2021-03-01T10:30:00.000001Z"
    assert (churn["mlflow_version"], churn["python"], churn["channels"]) == ("1.14.1", "3.8.8", ["defaults"])
    total = sum(found["summary"]["by_code"].values())
    assert total == sum(len(model["findings"]) for model in found["models"])
    assert total == sum(found["summary"][level] for level in ("errors", "warnings", "notes"))


def test_sarif_has_what_services_need(report: Report) -> None:
    found = checked("sarif.json", written("sarif", report))
    checked("sarif.json", written("sarif", Report(today=report.today)))
    (run,) = found["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    prints = [result["partialFingerprints"]["envbuilder/v1"] for result in run["results"]]
    assert len(set(prints)) == len(prints)
    assert run["invocations"][0]["executionSuccessful"] is False


def test_sarif_tells_relative_and_absolute_places(report: Report) -> None:
    one = report.models[0]
    for folder, uri in {
        "/a b": "file:///a%20b/conda.yaml",
        "a:b": "a%3Ab/conda.yaml",
        ".": "conda.yaml",
    }.items():
        moved = replace(report, models=(replace(one, folder=folder),))
        result = json.loads(written("sarif", moved))["runs"][0]["results"][0]
        place = result["locations"][0]["physicalLocation"]["artifactLocation"]
        assert place["uri"] == uri
        assert ("uriBaseId" in place) is not uri.startswith("file:")


@pytest.mark.parametrize("fail_on", [Level.ERROR, Level.WARNING])
def test_junit_counts_what_it_holds(report: Report, fail_on: Level) -> None:
    (suite,) = ET.fromstring(written("junit", report, fail_on))
    assert suite.get("tests") == str(len(suite.findall("testcase")))
    assert suite.get("failures") == str(len(suite.findall("testcase/failure")))
    assert suite.get("errors") == str(len(suite.findall("testcase/error"))) == "2"
    assert {case.get("classname") for case in suite} >= {model.model for model in report.models}
    failing = [f for m in report.models for f in m.findings if fail_on is Level.WARNING or f.level is fail_on]
    assert len(suite.findall("testcase/failure")) == len([f for f in failing if f.level is not Level.NOTE])


def test_markdown_is_inert(report: Report) -> None:
    shown = MarkdownIt("commonmark").enable("table").render(written("markdown", report))
    tags = set(re.findall(r"<(\w+)", shown))
    assert tags <= {"h2", "h3", "p", "table", "thead", "tbody", "tr", "th", "td", "code", "ul", "li"}


def test_markdown_fits_a_comment_and_counts_what_it_leaves_out(report: Report) -> None:
    many = tuple(replace(report.models[0], model=f"registry/{n}" * 5) for n in range(3000))
    text = written("markdown", replace(report, models=many, skipped=report.skipped * 500))
    assert len(text) < 65_536
    left = re.search(r"and ([\d,]+) more models", text)
    assert left is not None
    assert int(left[1].replace(",", "")) + text.count("\n### `registry") == 3000


def test_markdown_cuts_an_endless_value() -> None:
    import datetime

    finding = Finding(
        code="source/direct-url", level=Level.ERROR, message="x" * 100_000, origin=Origin(file="f")
    )
    model = ModelReport(model="m", folder="m", findings=(finding,))
    text = written("markdown", Report(models=(model,), today=datetime.date(2026, 1, 1)))
    assert len(text) < 2 * markdown.LIMIT // 10


def test_github_writes_one_command_per_line(report: Report) -> None:
    *commands, last = written("github", report).splitlines()
    assert all(re.match(r"::(error|warning|notice) file=", line) for line in commands)
    assert len(commands) == sum(len(model.findings) for model in report.models) + len(report.skipped)
    assert not last.startswith("::")
    assert "::error file=registry/churn/1/conda.yaml,title=channel/restricted,line=2,col=3::" in "\n".join(
        commands
    )


def test_text_is_readable_at_80_columns(report: Report) -> None:
    lines = written("text", report).splitlines()
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.strip().startswith("::")]
    assert "channel/restricted:" in lines[1]


def test_text_groups_by_cause_before_it_tells_of_models(report: Report) -> None:
    many = replace(
        report, models=tuple(replace(report.models[0], model=f"m{n}") for n in range(1903)), skipped=()
    )
    text = written("text", many)
    assert "channel/restricted: `defaults` in 1,903 of 1,903 models, 1,903 fixable by" in text
    assert text.index("1,903 of 1,903") < text.index("\nm0\n")
