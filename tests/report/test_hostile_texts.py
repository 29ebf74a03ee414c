"""Every text of the shared list of hostile inputs, unread, in every place of a report: no format lets one act."""

from __future__ import annotations

import datetime
import json
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from markdown_it import MarkdownIt
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By

from envbuilder.findings import Finding, Fix, Level, Origin
from envbuilder.report.formats import FORMATS, writer
from envbuilder.report.report import LicenseState, ModelReport, PackageFile, PackageReport, Report, Skipped
from tests.hostile import CASES, texts_of
from tests.report.test_browser import ROWS, Shown
from tests.report.test_html import Page

GROUPS = sorted({case["group"] for case in CASES})

pytestmark = pytest.mark.skipif(not CASES, reason="the list of hostile inputs is not here")


def report_of(group: str) -> Report:
    texts = [text for case in CASES if case["group"] == group for text in texts_of(case)]
    models = tuple(model_of(text, number) for number, text in enumerate(texts))
    skipped = tuple(Skipped(path=text[:1000], reason=text[:1000]) for text in texts)
    return Report(models=models, skipped=skipped, today=datetime.date(2026, 1, 1), policy="a" * 64)


def model_of(text: str, number: int) -> ModelReport:
    """Return a model all of whose texts are the given one; the longest are cut as messages are."""
    short = text[:2000]
    finding = Finding(
        code="source/direct-url", level=Level.ERROR, message=short, origin=Origin(file=short, line=1), hint=short,
        subject=short, fix=Fix(description=short, before=text[:5000], after=text[:5000]),
    )  # fmt: skip
    package = PackageReport(
        name=short or "x", version=short or "1", evidence=f"text: {text}", state=LicenseState.DENIED,
        files=(PackageFile(filename=short, sha256="a" * 64),), chain=(short, short),
    )  # fmt: skip
    return ModelReport(
        model=f"{number} {short}", folder=short, mlflow_version=short, python=short, channels=(short,),
        findings=(finding,), packages=(package,),
    )  # fmt: skip


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("group", GROUPS)
def test_no_character_that_acts_is_written(group: str, name: str) -> None:
    text = "".join(writer(name)(report_of(group), fail_on=Level.ERROR))
    assert {c for c in text if c not in " \n" and unicodedata.category(c)[0] in "CZ"} == set()
    assert "s3cret" not in text
    match name:
        case "html":
            page = Page(text)
            assert page.open == []
            assert sum(len(chunk.get("models", ())) for chunk in page.data) == len(report_of(group).models)
        case "cyclonedx":
            assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
        case "json" | "sarif":
            json.loads(text)
        case "junit":
            ET.fromstring(text)
        case "markdown":
            assert "<script" not in MarkdownIt("commonmark").enable("table").render(text)


@pytest.mark.parametrize("group", GROUPS)
def test_no_text_acts_in_a_browser(browser: Chrome, tmp_path: Path, group: str) -> None:
    page = Shown(browser, tmp_path, report_of(group))
    page.emulate(width=360)
    browser.execute_script(f"for (const row of document.querySelectorAll('{ROWS} button')) row.click()")
    assert browser.find_elements(By.CSS_SELECTOR, "tr.details")
    assert page.evaluated("document.querySelectorAll('img, iframe, object, embed, script').length") == 1
    assert page.evaluated("document.documentElement.scrollWidth") <= 360
    page.assert_quiet()
