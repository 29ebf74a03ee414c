"""The HTML page as a parser sees it: one file, whole, inert."""

from __future__ import annotations

import base64
import datetime
import hashlib
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from typing import Any

import pytest

from envbuilder.findings import Finding, Level, Origin
from envbuilder.report.html import write
from envbuilder.report.page import models as page_models
from envbuilder.report.report import ModelReport, Report, Skipped

VOID = {"meta", "link", "input", "br", "img"}
HOSTILE = (
    "</script><script>window.pwned = 1</script>",
    "<!--<script>window.pwned = 1//",
    "<img src=https://evil.example/x onerror=window.pwned=1>",
    '"><svg onload=window.pwned=1>',
    "' onmouseover='window.pwned=1",
    "</title></style></textarea><iframe src=javascript:window.pwned=1>",
    "javascript:window.pwned=1//\\u003c/script>",
    "{{data}} {{script}} ${window.pwned=1} ]]> &lt;script&gt;",
    "\u202egnp.exe \u2028\x1b[31m\x00\ud800 \u200b",
    "__proto__",
)
"""Texts that act where one escape is forgotten."""


class Page(HTMLParser):
    """What a page is made of: its tags with their attributes, the text of its script and style elements."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[dict[str, str | None], str]] = []
        self.open: list[str] = []
        self.shown = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in {"script", "style"}:
            self.raw.append((self.tags[-1][1] | {"tag": self.open[-1]}, data))
        else:
            self.shown += data

    @property
    def data(self) -> list[dict[str, Any]]:
        return [json.loads(text) for tag, text in self.raw if tag.get("type") == "application/json"]


def page_of(report: Report, fail_on: Level = Level.ERROR) -> Page:
    page = Page("".join(write(report, fail_on=fail_on)))
    assert page.open == []
    return page


def hostile_report() -> Report:
    models = []
    for number, text in enumerate(HOSTILE):
        finding = Finding(
            code="source/direct-url", level=Level.ERROR, message=text, subject=text, hint=text,
            origin=Origin(file=text, line=1),
        )  # fmt: skip
        models.append(
            ModelReport(
                model=f"{number}{text}", folder=text, mlflow_version=text, python=text, channels=(text,),
                findings=(finding,),
            )
        )  # fmt: skip
    skipped = tuple(Skipped(path=text, reason=text) for text in HOSTILE)
    return Report(models=tuple(models), skipped=skipped, today=datetime.date(2026, 1, 1))


def test_the_page_is_one_file_and_allows_only_itself(report: Report) -> None:
    page = page_of(report)
    (policy,) = (str(a["content"]) for _, a in page.tags if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for tag, kind in (("style", "style-src"), ("script", "script-src")):
        (text,) = (text for found, text in page.raw if found["tag"] == tag and "type" not in found)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy
    for tag, attributes in page.tags:
        assert tag not in {"link", "img", "iframe", "object", "base"}
        assert not {"src", "style", "srcdoc"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        assert str(attributes.get("href", "#")).startswith("#")


def test_hostile_texts_stay_texts() -> None:
    harmless = page_of(
        replace(hostile_report(), models=tuple(replace(m, findings=()) for m in hostile_report().models))
    )
    page = page_of(hostile_report())
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in harmless.tags} | {"ul", "li", "b", "th", "td", "tr"} | {
        "table", "thead", "tbody", "a",
    }  # fmt: skip
    names = [row[0] for chunk in page.data for row in chunk.get("models", ())]
    assert len(names) == len(HOSTILE)
    assert f"0{HOSTILE[0]}" in names


def test_the_numbers_stand_in_the_page_without_its_script(report: Report) -> None:
    shown = page_of(report).shown
    assert "Not complete" in shown
    assert re.search(r"models\s*5\s", shown)
    assert "2 of 5 models" in shown
    assert "2026-01-01" in shown
    assert "gone" in shown
    assert "there is nothing of that name" in shown


@pytest.mark.parametrize(("fail_on", "word"), [(Level.ERROR, "Passed"), (Level.WARNING, "Failed")])
def test_the_outcome_goes_by_what_fails_the_run(fail_on: Level, word: str) -> None:
    finding = Finding(code="pin/unpinned", level=Level.WARNING, message="m", subject="s")
    model = ModelReport(model="m", folder="m", findings=(finding,))
    report = Report(models=(model,), today=datetime.date(2026, 1, 1), policy="a" * 64, hidden=3)
    shown = page_of(report, fail_on).shown
    assert word in shown
    assert "a" * 64 in shown
    assert "3 findings known from the baseline" in shown


def test_mistakes_of_the_policy_fail_it_too() -> None:
    finding = Finding(
        code="policy/expired-entry", level=Level.ERROR, message="the entry <b> ended on 2025-06-30", hint="decide anew",
        origin=Origin(file="envbuilder.toml", line=7, column=1),
    )  # fmt: skip
    model = ModelReport(model="m", folder="m")
    shown = page_of(
        Report(models=(model,), policy_findings=(finding,), today=datetime.date(2026, 1, 1))
    ).shown
    assert "the policy has mistakes" in shown
    assert "envbuilder.toml:7:1" in shown
    assert "the entry <b> ended on 2025-06-30" in shown


def test_a_clean_run_and_no_run_are_pages_too() -> None:
    day = datetime.date(2026, 1, 1)
    assert "Nothing was found." in page_of(Report(today=day)).shown
    assert "Passed" in page_of(Report(models=(ModelReport(model="m", folder="m"),), today=day)).shown


def test_licences_are_told_with_their_packages(locks: Report) -> None:
    page = page_of(locks)
    assert "Licences of model environments" in page.shown
    for text in ("LGPL-3.0-or-later", "denied", "psycopg2-binary 2.8.6", "no licence found"):
        assert text in page.shown
    assert "Apache <b>Software</b> License" in page.shown
    assert sum(len(chunk.get("packages", ())) for chunk in page.data) == 6


def many(count: int) -> Report:
    findings = tuple(
        Finding(
            code="pin/unpinned",
            level=Level.WARNING,
            message=f"package {n} names no one version",
            subject=f"p{n}",
        )
        for n in range(50)
    )
    models = tuple(
        ModelReport(
            model=f"registry/{n % 20}/{n:032x}/artifacts/model", folder="f", mlflow_version="2.9.2",
            channels=("conda-forge", "defaults")[: n % 3], findings=findings[n % 40 : n % 40 + n % 5],
        )
        for n in range(count)
    )  # fmt: skip
    return Report(models=models, today=datetime.date(2026, 1, 1))


def test_each_text_is_told_once_and_pieces_stay_small() -> None:
    pieces = list(write(many(10_000), fail_on=Level.ERROR))
    assert max(map(len, pieces)) < 200_000
    text = "".join(pieces)
    assert len(text) < 1_500_000
    assert text.count("package 7 names no one version") == 1
    assert sum(len(chunk.get("models", ())) for chunk in Page(text).data) == 10_000


def test_models_that_do_not_fit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_models, "LIMIT", 100_000)
    chunks = page_of(many(5000)).data
    told = sum(len(chunk.get("models", ())) for chunk in chunks)
    assert 0 < told < 5000
    assert [chunk["left"] for chunk in chunks if "left" in chunk] == [5000 - told]


def test_a_fix_and_the_cure_are_in_the_data(report: Report) -> None:
    chunks = page_of(report).data
    texts = [text for chunk in chunks for text in chunk.get("texts", ())]
    assert "- conda-forge\n- nodefaults\n" in texts
    (codes,) = (chunk["codes"] for chunk in chunks if "codes" in chunk)
    assert "channel/restricted" in codes
