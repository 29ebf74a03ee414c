"""The bill of materials: valid by the schema of the standard, the same for the same report."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from envbuilder.findings import Level
from envbuilder.report.cyclonedx import write
from envbuilder.report.report import PackageFile, PackageReport, Report
from tests.report.test_html import hostile_report


def bill(report: Report) -> dict[str, Any]:
    text = "".join(write(report, fail_on=Level.ERROR))
    assert text.isascii()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found: dict[str, Any] = json.loads(text)
    return found


def properties(component: dict[str, Any]) -> list[tuple[str, str]]:
    return [(item["name"], item["value"]) for item in component.get("properties", ())]


def test_a_model_with_its_lock(locks: Report) -> None:
    found = bill(replace(locks, models=locks.models[:1]))
    root = found["metadata"]["component"]
    assert (root["type"], root["name"]) == ("machine-learning-model", "registry/churn/1")
    packages = {item["name"]: item for item in found["components"]}
    assert packages.keys() == {"mlflow", "numpy", "psycopg2-binary", "odd"}
    assert packages["mlflow"]["purl"] == "pkg:pypi/mlflow@1.14.1"
    assert packages["mlflow"]["hashes"] == [{"alg": "SHA-256", "content": "6" * 64}]
    assert packages["mlflow"]["licenses"] == [
        {"license": {"id": "Apache-2.0", "acknowledgement": "declared"}}
    ]
    assert packages["numpy"]["licenses"] == [
        {"license": {"id": "BSD-3-Clause", "acknowledgement": "concluded"}}
    ]
    assert ("envbuilder:license-evidence", "ambiguous: BSD License") in properties(packages["numpy"])
    assert ("envbuilder:license-state", "denied") in properties(packages["psycopg2-binary"])
    (odd,) = packages["odd"]["licenses"]
    assert odd["license"] == {"name": "Apache <b>Software</b> License", "acknowledgement": "declared"}


def test_who_needs_what(locks: Report) -> None:
    found = bill(replace(locks, models=locks.models[:1]))
    names = {item["bom-ref"]: item["name"] for item in [*found["components"], found["metadata"]["component"]]}
    needs = {
        names[item["ref"]]: [names[ref] for ref in item.get("dependsOn", ())]
        for item in found["dependencies"]
    }
    assert needs["registry/churn/1"] == ["mlflow"]
    assert needs["mlflow"] == ["numpy", "odd", "psycopg2-binary"]
    assert needs["numpy"] == []
    complete, unknown = found["compositions"]
    assert complete == {"aggregate": "complete", "assemblies": ["model-1"]}
    assert [names[ref] for ref in unknown["dependencies"]] == ["odd"]


def test_models_share_their_packages(locks: Report) -> None:
    found = bill(locks)
    assert found["metadata"]["component"]["name"] == "models"
    assert [item["name"] for item in found["components"]].count("numpy") == 1
    conda = next(item for item in found["components"] if item["name"] == "libblas")
    assert conda["purl"] == "pkg:conda/libblas@3.9.0?build=16_linux64_openblas&type=tar.bz2"
    assert "licenses" not in next(item for item in found["components"] if item["name"] == "nothing")


@pytest.mark.parametrize(
    ("filename", "qualifiers"),
    [("a-b-1.0-h1_0.conda", "build=h1_0&type=conda"), ("a-b-1.0-0.tar.bz2", "build=0&type=tar.bz2")],
)
def test_conda_builds_are_part_of_the_address(locks: Report, filename: str, qualifiers: str) -> None:
    item = PackageReport(
        name="a-b", version="1.0", ecosystem="conda", files=(PackageFile(filename=filename, sha256="a" * 64),),
        expression="MIT OR Apache-2.0",
    )  # fmt: skip
    model = replace(locks.models[0], packages=(item,))
    (component,) = bill(replace(locks, models=(model,)))["components"]
    assert component["purl"] == f"pkg:conda/a-b@1.0?{qualifiers}"
    assert component["licenses"] == [{"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"}]


def test_models_without_locks_say_what_they_ask_for_and_that_it_is_not_all(report: Report) -> None:
    found = bill(report)
    models = {item["name"]: item for item in found["components"]}
    assert {item["type"] for item in models.values()} == {"machine-learning-model"}
    told = dict(properties(models["registry/churn/1"]))
    assert told["envbuilder:channel"] == "defaults"
    assert told["envbuilder:finding:channel/restricted"].startswith(
        "error conda.yaml:2:3: the channel defaults"
    )
    assert [item["aggregate"] for item in found["compositions"]] == ["incomplete"]
    assert ("envbuilder:complete", "false") in properties(found["metadata"])
    assert ("envbuilder:not-read", "gone: there is nothing of that name") in properties(found["metadata"])


def test_the_same_report_is_the_same_document_and_another_is_another(locks: Report) -> None:
    first, again = (list(write(locks, fail_on=Level.ERROR)) for _ in range(2))
    assert first == again
    assert bill(locks)["metadata"]["timestamp"] == "2026-01-01T00:00:00+00:00"
    other = bill(replace(locks, policy=None))
    assert other["serialNumber"] != bill(locks)["serialNumber"]


def test_hostile_texts_and_nothing_at_all_are_valid(report: Report) -> None:
    bill(hostile_report())
    bill(Report(today=report.today))
