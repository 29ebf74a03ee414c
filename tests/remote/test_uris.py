"""What URIs mean without asking anybody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.remote.uris import address, exact, registered, unserved
from envbuilder.settings import Settings

MODEL_ID = "models:/m-0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("uri", "fixed"),
    [
        ("models:/churn/3", True),
        ("models://profile@databricks/churn/3", True),
        (MODEL_ID, True),
        ("models:/churn/Production", False),
        ("models:/churn/latest", False),
        ("models:/churn@champion", False),
        ("models:/churn@3", False),
        ("models:/churn", False),
        ("models:/", False),
        ("runs:/0123/model", False),
        ("s3://bucket/models:/churn/3", False),
    ],
)
def test_a_version_means_the_same_for_ever(uri: str, fixed: bool) -> None:
    assert exact(uri) is fixed


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        ("models:/", ""),
        ("models:/churn", "churn"),
        ("models:/churn/", "churn"),
        ("models:/main.team.churn", "main.team.churn"),
        ("models:/churn/1", None),
        ("models:/churn@champion", None),
        (MODEL_ID, None),
        ("runs:/1", None),
    ],
)
def test_no_version_means_all_of_them(uri: str, name: str | None) -> None:
    assert registered(uri) == name


def _settings(tmp_path: Path, **variables: str) -> Settings:
    return Settings.from_environ({"HOME": str(tmp_path), "ENVBUILDER_HOME": str(tmp_path), **variables})


def test_servers_are_told_apart_and_credentials_are_not(tmp_path: Path) -> None:
    def key(server: str) -> str:
        settings = _settings(tmp_path, MLFLOW_TRACKING_URI=server)
        return address("models:/churn/3", settings, wheels=False)

    assert key("https://user:hunter2@mlflow.example.org") == key("https://user:other@mlflow.example.org")
    assert key("https://mlflow.example.org") != key("https://other.example.org")


def test_without_a_server_the_folder_where_we_run_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(tmp_path)
    monkeypatch.chdir(tmp_path)
    here = address("models:/churn/3", settings, wheels=False)
    problem = unserved("models:/churn/3", settings)
    assert problem
    assert problem.code == "remote/no-server"
    assert unserved("s3://bucket/model", settings) is None
    (tmp_path / "mlruns").mkdir()
    assert unserved("models:/churn/3", settings) is None
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    assert address("models:/churn/3", settings, wheels=False) != here


def test_only_the_configuration_of_mlflow_and_its_stores_is_passed_on(tmp_path: Path) -> None:
    settings = _settings(
        tmp_path,
        MLFLOW_TRACKING_TOKEN="hunter2",
        AWS_SECRET_ACCESS_KEY="hunter2",
        PYTHONPATH="/evil",
        PIP_INDEX_URL="https://example.org",
    )
    assert {name for name, _ in settings.mlflow_variables} == {
        "MLFLOW_TRACKING_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
    }
    assert "hunter2" not in repr(replace(settings, offline=True))
