"""A link for MLflow does not outlive its environment."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import pytest

from envbuilder.digests import digest
from envbuilder.handover.placing import place
from envbuilder.handover.sweeping import sweep
from envbuilder.settings import Settings
from envbuilder.store.pins import keep, kept
from envbuilder.store.store import Store
from tests.conftest import Cli
from tests.store.fakes import ENV_ID, make
from tests.store.test_glance import opened

OTHER = digest("other")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store with two environments."""
    store = Store.open(tmp_path / "home")
    for env_id in (ENV_ID, OTHER):
        make(store, env_id)
    return store


@pytest.fixture
def settings(store: Store, tmp_path: Path) -> Settings:
    found = Settings.from_environ()
    variables = (("MLFLOW_ENV_ROOT", str(tmp_path / "envs")),)
    return dataclasses.replace(found, home=store.root, mlflow_variables=variables)


def handed(store: Store, env_id: str, path: Path) -> Path:
    """Link and pin an environment, as a handover does."""
    keep(store.layout, str(path), (env_id,))
    place(path, store.layout.generations(env_id)[0], store.layout)
    return path


def test_a_verification_takes_the_link_of_a_damaged_environment_away(
    store: Store, cli: Cli, tmp_path: Path
) -> None:
    lost = handed(store, ENV_ID, tmp_path / "another-root" / "mlflow-1")
    whole = handed(store, OTHER, tmp_path / "another-root" / "mlflow-2")
    opened(store.layout.generations(ENV_ID)[0]).unlink()
    done = cli("cache", "verify", "--output", "json", home=store.root)
    (finding,) = json.loads(done.stdout)["links"]
    assert (done.returncode, finding["code"]) == (1, "handover/lost")
    assert str(lost) in finding["message"]
    assert [path.name for path in lost.parent.iterdir()] == [whole.name]
    assert [pin.target for pin in kept(store.layout)] == [str(whole)]
    done = cli("cache", "verify", home=store.root)
    assert (done.returncode, done.stdout) == (0, "1 whole, 0 damaged\n")


def test_a_damaged_environment_in_use_loses_its_link_too(store: Store, cli: Cli, tmp_path: Path) -> None:
    lost = handed(store, ENV_ID, tmp_path / "envs" / "mlflow-1")
    opened(store.layout.generations(ENV_ID)[0]).unlink()
    with store.lease(ENV_ID):
        done = cli("cache", "verify", home=store.root)
    assert f"warning[handover/lost]: {lost}: the environment that it led to is gone\n" in done.stdout
    assert store.layout.generations(ENV_ID)[0].is_dir()
    assert not lost.is_symlink()


def test_links_without_a_pin_are_found_where_mlflow_looks(
    store: Store, settings: Settings, tmp_path: Path
) -> None:
    root = tmp_path / "envs"
    gone = store.layout.environments / ("0" * 20)
    for name in ("mlflow-1", "mlflow-2"):
        place(root / name, gone, store.layout)
    (root / "mlflow-3").symlink_to(tmp_path / "elsewhere")
    (root / "mlflow-4").mkdir()
    (finding,) = sweep(store.layout, settings, sparing=root / "mlflow-2")
    assert finding.subject == str(root / "mlflow-1")
    assert sorted(path.name for path in root.iterdir()) == ["mlflow-2", "mlflow-3", "mlflow-4"]


def test_a_collection_takes_a_link_away_whose_pin_was_taken_before(
    store: Store, cli: Cli, tmp_path: Path
) -> None:
    link = tmp_path / "envs" / "mlflow-1"
    place(link, store.layout.generations(ENV_ID)[0], store.layout)
    for env_id in (ENV_ID, OTHER):
        store.lease(env_id).close()
        os.utime(store.layout.use_lock(env_id), (1e9, 1e9))
    arguments = ("cache", "gc", "--max-age", "1d", "--output", "json")
    root = str(tmp_path / "envs")
    dry = cli(*arguments, "--dry-run", home=store.root, MLFLOW_ENV_ROOT=root)
    assert json.loads(dry.stdout)["links"] == []
    done = cli(*arguments, home=store.root, MLFLOW_ENV_ROOT=root)
    assert [finding["code"] for finding in json.loads(done.stdout)["links"]] == ["handover/lost"]
    assert not link.is_symlink()


def test_a_link_that_cannot_be_taken_away_is_told(
    store: Store, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place(tmp_path / "envs" / "mlflow-1", store.layout.environments / "1", store.layout)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "unlink", refuse)
    (finding,) = sweep(store.layout, settings)
    assert "cannot be taken away: " in finding.message
    assert (tmp_path / "envs" / "mlflow-1").is_symlink()
