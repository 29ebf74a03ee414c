"""Locks held, waited for, inherited and dropped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from envbuilder.errors import StoreError
from envbuilder.store.lease import open_lock, take, try_exclusive
from envbuilder.store.store import Store
from tests.store.fakes import ENV_ID


def test_leases_share_and_keep_an_exclusive_lock_away(tmp_path: Path) -> None:
    path = tmp_path / "x.use"
    with take(ENV_ID, path), take(ENV_ID, path):
        assert try_exclusive(path) is None
    descriptor = try_exclusive(path)
    assert descriptor is not None
    assert try_exclusive(path) is None
    os.close(descriptor)


def test_closing_twice_is_fine(tmp_path: Path) -> None:
    lease = take(ENV_ID, tmp_path / "x.use")
    lease.close()
    lease.close()
    assert lease.closed


def test_the_lock_file_stays_and_stays_the_same(tmp_path: Path) -> None:
    path = tmp_path / "x.use"
    take(ENV_ID, path).close()
    inode = path.stat().st_ino
    take(ENV_ID, path).close()
    assert path.stat().st_ino == inode


def test_descriptors_are_closed_on_exec(tmp_path: Path) -> None:
    descriptor = open_lock(tmp_path / "x.build")
    assert not os.get_inheritable(descriptor)
    os.close(descriptor)


def test_a_lock_that_cannot_be_opened_is_told(store: Store) -> None:
    store.layout.use_lock(ENV_ID).mkdir()
    with pytest.raises(StoreError, match="cannot take a lease: is a directory"):
        store.lease(ENV_ID)
