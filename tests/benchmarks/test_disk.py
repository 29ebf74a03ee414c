"""Only the benchmark's own folder is emptied, and only what nobody uses."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.disk import Room, private_folder, tree_bytes
from envbuilder.errors import UsageError
from envbuilder.interpreters.managed import uv_binary
from envbuilder.settings import Settings
from envbuilder.store.store import Store

USED, IDLE = "a" * 64, "b" * 64


def test_a_folder_of_others_is_refused_and_ours_is_known_again(tmp_path: Path) -> None:
    assert private_folder(private_folder(tmp_path / "new")).is_dir()
    Store.open(tmp_path / "store")
    with pytest.raises(UsageError):
        private_folder(tmp_path / "store")


def test_the_size_is_of_files_and_not_of_what_links_point_at(tmp_path: Path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "f").write_bytes(b"12345")
    (tmp_path / "l").symlink_to(tmp_path / "d")
    assert tree_bytes(tmp_path) == 5


def filled(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "store")
    for env_id in (USED, IDLE):
        library = store.layout.generations(env_id)[0] / "lib"
        library.mkdir(parents=True)
        (library / "x.py").write_text("")
        library.chmod(0o555)
    store.uv_cache.mkdir(parents=True, exist_ok=True)
    (store.uv_cache / "wheel").write_text("")
    return store


def room(store: Store, least: int) -> Room:
    return Room(store=store, caches=[store.uv_cache], uv=uv_binary(Settings.from_environ()), least=least)


def test_with_enough_room_nothing_goes(tmp_path: Path) -> None:
    store = filled(tmp_path)
    room(store, least=0).make()
    assert len(list(store.layout.environments.iterdir())) == 2
    assert (store.uv_cache / "wheel").exists()


def test_without_room_idle_environments_and_caches_go(tmp_path: Path) -> None:
    store = filled(tmp_path)
    with store.lease(USED):
        room(store, least=2**62).make()
        assert [path.name for path in store.layout.environments.iterdir()] == [USED[:20]]
    assert not (store.uv_cache / "wheel").exists()
