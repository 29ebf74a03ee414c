"""Listings of registries: what MLflow says of them, read; the last one, kept for those who are offline."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from envbuilder.cli.main import run_command_line
from envbuilder.errors import EnvbuilderError
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT
from envbuilder.registry import listing
from envbuilder.registry.keeping import listed
from envbuilder.registry.subjects import subjects
from envbuilder.report.report import Skipped
from envbuilder.settings import Settings
from envbuilder.store.fields import Fields


def _version(name: str, version: str, **other: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "run_id": None,
        "source": "http://u:hunter2@example.org/x",
        "status": "READY",
        "stage": None,
        "aliases": [],
        "mends": None,
    }
    return {"name": name, "version": version, **told, **other}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ(
        {
            "HOME": str(tmp_path),
            "ENVBUILDER_HOME": str(tmp_path / "store"),
            "MLFLOW_TRACKING_URI": "http://127.0.0.1:9",
        }
    )


def _answering(monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any]) -> None:
    monkeypatch.setattr(listing, "ask", lambda *_, **__: Fields(answer))


def test_versions_are_sorted_and_kept_for_those_who_are_offline(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    versions = [
        _version("b", "10"),
        _version("b", "9", mends="models:/b/1"),
        _version("a", "1", aliases=["x"]),
    ]
    _answering(monkeypatch, {"versions": versions})
    found = listed("models:/", settings)
    assert [version.uri for version in found] == ["models:/a/1", "models:/b/9", "models:/b/10"]
    assert found[1].mends == "models:/b/1"
    assert "hunter2" not in repr(found)
    offline = dataclasses.replace(settings, offline=True)
    assert listed("models:/", offline) == found
    assert listed("models:/b", offline) == found[1:]
    with pytest.raises(EnvbuilderError) as caught:
        listed("models:/other", offline)
    assert caught.value.code == "remote/offline"


@pytest.mark.parametrize(
    "answer",
    [{}, {"versions": [{}]}, {"versions": 3}, {"versions": [_version("a", "1", aliases=3)]}, {"error": {}}],
)
def test_an_answer_that_means_nothing_is_an_error(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, answer: dict[str, Any]
) -> None:
    _answering(monkeypatch, answer)
    with pytest.raises(EnvbuilderError) as caught:
        listed("models:/", settings)
    assert caught.value.code == "remote/failed"


def test_what_is_no_version_that_can_be_read_is_skipped(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    _answering(monkeypatch, {"versions": [_version("a", "1", status="FAILED_REGISTRATION")]})
    found = subjects(["models:/", "a/path"], settings=settings, policy=DEFAULT, progress=SILENT)
    assert found.items == (
        Skipped(path="models:/a/1", reason="its registration did not end well: FAILED_REGISTRATION"), "a/path",
    )  # fmt: skip
    _answering(monkeypatch, {"versions": []})
    (nothing,) = subjects(["models:/"], settings=settings, policy=DEFAULT, progress=SILENT).items
    assert nothing == Skipped(path="models:/", reason="no version of any model is registered")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["models:/a/1", "--move-alias", "x"], "are for --register"),
        (["models:/a/1", "models:/b/1", "--register", "--move-alias", "x"], "an alias means one version"),
        (["models:/a/1", "--offline"], "the store has no files of models:/a/1"),
        (["."], "no version of a registered model"),
    ],
)
def test_fix_tells_what_it_cannot_do(
    arguments: list[str],
    words: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ENVBUILDER_HOME", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    assert run_command_line(["fix", *arguments]) == 2
    assert words in capsys.readouterr().err
