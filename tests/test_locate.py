"""What a user types, and the local model that it means."""

from __future__ import annotations

from pathlib import Path

import pytest

from envbuilder.errors import UsageError
from envbuilder.locate import locate, remote


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("models/a", "models/a"),
        ("/srv/my model", "/srv/my model"),
        ("C:/models", "C:/models"),
        ("file:///srv/my%20model", "/srv/my model"),
        ("file://localhost/srv/m", "/srv/m"),
        ("a:b", "a:b"),
    ],
)
def test_local_models(text: str, path: str) -> None:
    assert locate(text) == Path(path)


@pytest.mark.parametrize(
    "text",
    ["runs:/1/model", "models:/m/1", "s3://bucket/m", "dbfs:/m", "mlflow-artifacts:/1", "file://host/m"],
)
def test_what_a_server_would_have_to_answer_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        locate(text)
    assert "mlflow artifacts download" in caught.value.hint


def test_credentials_are_masked() -> None:
    with pytest.raises(UsageError) as caught:
        locate("https://user:hunter2@host.example.org/model?token=abc")
    assert "hunter2" not in str(caught.value)
    assert "abc" not in str(caught.value)


def test_a_uri_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(UsageError, match="is no URI"):
        locate("file://[x/model")


def test_what_databricks_mounts_is_a_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envbuilder.locate.MOUNTS", tmp_path)
    (tmp_path / "dbfs" / "models" / "churn").mkdir(parents=True)
    (tmp_path / "Volumes" / "main" / "team").mkdir(parents=True)
    assert locate("dbfs:/models/churn") == tmp_path / "dbfs/models/churn"
    assert locate("dbfs:///models/churn") == tmp_path / "dbfs/models/churn"
    assert locate("dbfs:/Volumes/main/team") == tmp_path / "Volumes/main/team"
    assert not remote("dbfs:/models/churn")
    for absent in (
        "dbfs:/models/other",
        "dbfs://profile@databricks/models/churn",
        "dbfs:/Volumes/main/other",
    ):
        assert remote(absent)
    with pytest.raises(UsageError):
        locate("dbfs:/models/other")


@pytest.mark.parametrize(
    ("text", "answer"),
    [("models:/churn/3", True), ("s3://bucket/model", True), ("RUNS:/1/model", True), ("C:/models", False),
     ("models", False), ("./models:/x", False), ("file:///models", False), ("", False)],
)  # fmt: skip
def test_what_only_mlflow_can_find(text: str, answer: bool) -> None:
    assert remote(text) is answer
