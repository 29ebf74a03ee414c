"""What a user types, and the local model that it means."""

from __future__ import annotations

from pathlib import Path

import pytest

from envbuilder.errors import UsageError
from envbuilder.locate import locate


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
