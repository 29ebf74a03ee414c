"""What is wrong with the policy itself stands in every format, with its place, and fails a run as others do."""

from __future__ import annotations

import datetime

import pytest

from envbuilder.findings import Finding, Level, Origin
from envbuilder.report.formats import FORMATS, writer
from envbuilder.report.report import ModelReport, Report

EXPIRED = Finding(
    code="policy/expired-entry",
    level=Level.ERROR,
    message="the exception for psycopg2<3 ended on 2026-01-01",
    origin=Origin(file="conf/envbuilder.toml", line=27, column=1),
    hint="decide again",
    subject="the exception for psycopg2<3",
)


@pytest.fixture
def report() -> Report:
    return Report(
        models=(ModelReport(model="registry/clean", folder="registry/clean"),),
        today=datetime.date(2026, 2, 1),
        policy="0" * 64,
        policy_file="conf/envbuilder.toml",
        policy_findings=(EXPIRED,),
    )


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_tells_it(name: str, report: Report) -> None:
    text = "".join(writer(name)(report, fail_on=Level.ERROR))
    assert "policy/expired-entry" in text
    assert "conf/envbuilder.toml" in text
    assert "27" in text
    assert "ended on 2026-01-01" in text or name == "text"  # which wraps its lines
    without = "".join(writer(name)(Report(models=report.models, today=report.today), fail_on=Level.ERROR))
    assert "policy/expired-entry" not in without


def test_it_counts_and_fails_the_run(report: Report) -> None:
    assert report.fails(Level.ERROR)
    assert (report.summary.models, report.summary.errors) == (1, 1)
    assert report.summary.by_code == (("policy/expired-entry", 1),)
