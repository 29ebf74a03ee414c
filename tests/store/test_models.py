"""Downloaded models go when nobody used them for long, and never while somebody holds them."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from envbuilder.limits import Limits
from envbuilder.store.collect import collect
from envbuilder.store.store import Store

KEY = "ab" * 10
HOUR = 3600.0
DAY = 24 * HOUR


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


def _model(store: Store, kind: str, *, age: float) -> Path:
    folder = store.layout.record("models", kind, KEY)
    folder.mkdir(parents=True)
    (folder / "MLmodel").write_text("flavors: {}")
    folder.with_name(f"{KEY}.json").write_text("{}")
    for path in (folder, store.layout.use_lock(KEY)):
        path.touch()
        os.utime(path, (time.time() - age,) * 2)
    return folder


@pytest.mark.parametrize(
    ("kind", "age", "limits", "stays"),
    [
        ("whole", DAY, Limits(), True),
        ("whole", 8 * DAY, Limits(), False),
        ("whole", DAY, Limits(max_size=1), False),
        ("whole", HOUR / 2, Limits(max_size=1), True),
        ("trees", 8 * DAY, Limits(max_size=1), True),
        ("trees", 91 * DAY, Limits(), False),
    ],
)
def test_how_long_a_model_stays(store: Store, kind: str, age: float, limits: Limits, stays: bool) -> None:
    folder = _model(store, kind, age=age)
    collect(store.layout, limits)
    assert folder.exists() is stays
    assert folder.with_name(f"{KEY}.json").exists() is stays


def test_a_model_in_use_stays(store: Store) -> None:
    folder = _model(store, "whole", age=8 * DAY)
    with store.lease(KEY):
        os.utime(store.layout.use_lock(KEY), (0, 0))
        collect(store.layout, Limits())
        assert folder.exists()
    collect(store.layout, Limits(), dry_run=True)
    assert folder.exists()
    collect(store.layout, Limits())
    assert not folder.exists()
