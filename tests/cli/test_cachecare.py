"""``cache verify``, ``gc``, ``pin`` and ``unpin`` as a user calls them, on a store with tiny environments."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from envbuilder.digests import digest
from envbuilder.store.store import Store
from tests.conftest import Cli
from tests.store.fakes import ENV_ID, make
from tests.store.test_glance import opened

OTHER = digest("other")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A store with two environments that were used long ago."""
    store = Store.open(tmp_path / "home")
    for env_id in (ENV_ID, OTHER):
        make(store, env_id)
        store.lease(env_id).close()
        os.utime(store.layout.use_lock(env_id), (1e9, 1e9))
    return store.root


def asked(cli: Cli, home: Path, *arguments: str) -> tuple[int, Any]:
    done = cli("cache", *arguments, "--output", "json", home=home)
    return done.returncode, json.loads(done.stdout)


def test_a_whole_store_is_told_whole(cli: Cli, home: Path) -> None:
    done = cli("cache", "verify", "--deep", home=home)
    assert (done.returncode, done.stdout) == (0, "2 whole, 0 damaged\n")


def test_damage_is_told_with_its_files_and_put_aside(cli: Cli, home: Path) -> None:
    prefix = home / "envs" / "v1" / ENV_ID[:20]
    opened(prefix).unlink()
    code, told = asked(cli, home, "verify", ENV_ID[:10])
    assert code == 1
    (item,) = told["environments"]
    assert item["damage"] == [{"code": "damage/missing", "path": "lib/site/thing/__init__.py"}]
    assert (item["verdict"], Path(item["now_at"]).parent.name) == ("damaged", "trash")
    opened(home / "envs" / "v1" / OTHER[:20]).unlink()
    done = cli("cache", "verify", home=home)
    assert done.returncode == 1
    assert "  damage/missing: lib/site/thing/__init__.py\n" in done.stdout
    assert done.stdout.endswith("  put aside: the next request builds it again\n0 whole, 1 damaged\n")


def test_a_dry_run_tells_and_a_collection_does(cli: Cli, home: Path) -> None:
    done = cli("cache", "gc", "--max-size", "0", "--dry-run", home=home)
    assert done.stdout.count("reason: size") == 2
    assert "would free" in done.stdout
    assert len(list((home / "envs" / "v1").iterdir())) == 2
    code, told = asked(cli, home, "gc", "--max-age", "1w")
    assert code == 0
    assert {item["reason"] for item in told["removed"]} == {"age"}
    assert told["freed"] == sum(item["freed"] for item in told["removed"]) > 0
    assert told["removed"][0]["used_at"] == "2001-09-09T01:46:40Z"
    assert list((home / "envs" / "v1").iterdir()) == []


def test_limits_come_from_the_host_and_from_the_policy(cli: Cli, home: Path, tmp_path: Path) -> None:
    (tmp_path / "envbuilder.toml").write_text("[store]\nmax-size = 0\n")
    done = cli("cache", "gc", "--dry-run", home=home, cwd=tmp_path)
    assert (done.returncode, "store.max-size has to be" in done.stderr) == (2, True)
    (tmp_path / "envbuilder.toml").write_text('[store]\nmax-age = "1d"\n')
    assert "reason: age" in cli("cache", "gc", "--dry-run", home=home, cwd=tmp_path).stdout
    done = cli("cache", "gc", "--dry-run", home=home, cwd=tmp_path, ENVBUILDER_MAX_AGE="9999w")
    assert "reason" not in done.stdout
    done = cli("cache", "gc", home=home, ENVBUILDER_MAX_SIZE="lots")
    assert (done.returncode, "usage/limit" in done.stderr) == (2, True)


def test_a_pinned_one_stays(cli: Cli, home: Path) -> None:
    assert cli("cache", "pin", ENV_ID[:12], home=home).stdout == f"pinned {ENV_ID}: {ENV_ID[:20]}\n"
    listed = asked(cli, home, "list")[1]["environments"]
    assert {item["env_id"]: item["pinned"] for item in listed} == {ENV_ID: True, OTHER: False}
    _, told = asked(cli, home, "gc", "--max-size", "0")
    assert [item["env_id"] for item in told["removed"]] == [OTHER]
    assert [item["why"] for item in told["spared"]] == ["pinned"]
    assert told["over_limit"] > 0
    assert asked(cli, home, "unpin", ENV_ID)[1]["env_ids"] == [ENV_ID]
    done = cli("cache", "unpin", ENV_ID, home=home)
    assert (done.returncode, "store/not-pinned" in done.stderr) == (2, True)


def test_what_is_unknown_cannot_be_pinned(cli: Cli, home: Path) -> None:
    done = cli("cache", "pin", "no/such/model", home=home)
    assert done.returncode == 2
    assert "error[store/unknown-target]: the store has no environment of 'no/such/model'" in done.stderr
    assert "hint: build the model first" in done.stderr
