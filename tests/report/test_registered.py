"""What a registry says of a version, in the reports that people and machines read."""

from __future__ import annotations

import datetime
import json

import jsonschema
import pytest

from envbuilder.findings import Finding, Level
from envbuilder.report import objects, text
from envbuilder.report.report import ModelReport, Registered, Report
from tests.conftest import ROOT

SCHEMA = json.loads((ROOT / "tests" / "schemas" / "audit.json").read_text("utf-8"))


def _report(registered: Registered | None) -> Report:
    finding = Finding(code="pin/unpinned", level=Level.WARNING, message="numpy names no one version")
    model = ModelReport(
        model="models:/churn/3", folder="models:/churn/3", findings=(finding,), registered=registered
    )
    return Report(models=(model,), today=datetime.date(2026, 1, 1))


@pytest.mark.parametrize(
    ("registered", "line"),
    [
        (Registered(name="churn", version="3"), "  version 3 of churn: no alias, no run\n"),
        (
            Registered(name="churn", version="3", run_id="ab12", aliases=("a", "b"), stage="Staging"),
            "  version 3 of churn: @a, @b, stage Staging, run ab12\n",
        ),
        (
            Registered(name="churn\x1b[2J", version="3", run_id="ab12", stage="None"),
            "  version 3 of churn\\x1b[2J: run ab12\n",
        ),
    ],
)
def test_people_read_it_below_the_model(registered: Registered, line: str) -> None:
    lines = list(text.write(_report(registered), fail_on=Level.ERROR))
    assert lines[lines.index("models:/churn/3\n") + 1] == line


def test_machines_read_all_of_it_and_nothing_where_nobody_asked() -> None:
    def model(registered: Registered | None) -> dict[str, object]:
        found = json.loads("".join(objects.write(_report(registered), fail_on=Level.ERROR)))
        jsonschema.validate(found, SCHEMA)
        return dict(found["models"][0])

    known = Registered(name="churn", version="3", aliases=("a",), source="s3://bucket/churn")
    assert model(known)["registered"] == {
        "name": "churn", "version": "3", "run_id": None, "aliases": ["a"], "stage": None,
        "source": "s3://bucket/churn",
    }  # fmt: skip
    assert "registered" not in model(None)
