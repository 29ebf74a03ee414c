"""Making, recognising and refusing stores."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from envbuilder.errors import StoreError
from envbuilder.store import layout
from envbuilder.store.layout import open_layout
from envbuilder.store.store import Store
from tests.store.conftest import ROOT, Start
from tests.store.fakes import ENV_ID, make


def test_a_new_store_says_what_it_is(tmp_path: Path) -> None:
    root = tmp_path / "deep" / "store"
    Store.open(root)
    assert (root / "CACHEDIR.TAG").read_text().startswith("Signature: 8a477f597d28d172789f06886806bc55\n")
    assert (root / "format.json").read_text() == '{"format": 1}\n'
    assert list((root / "tmp").iterdir()) == []


def test_opening_again_writes_nothing(tmp_path: Path) -> None:
    Store.open(tmp_path / "store")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    store = Store.open(tmp_path / "store")
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before
    assert (store.uv_cache.is_dir(), store.pythons.is_dir()) == (True, True)


def test_a_store_that_was_made_halfway_is_finished(tmp_path: Path) -> None:
    (tmp_path / "locks" / "v1").mkdir(parents=True)
    (tmp_path / "CACHEDIR.TAG").write_text("")
    assert make(Store.open(tmp_path)).prefix.is_dir()


def code_of(root: Path) -> str:
    with pytest.raises(StoreError) as caught:
        open_layout(root)
    assert caught.value.hint
    return caught.value.code


def test_a_newer_store_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "format.json").write_text('{"format": 2}')
    assert code_of(tmp_path) == "store/newer-format"
    assert [path.name for path in tmp_path.iterdir()] == ["format.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": "1"}'])
def test_a_damaged_format_is_told(tmp_path: Path, text: str) -> None:
    (tmp_path / "format.json").write_text(text)
    with pytest.raises(StoreError, match="is damaged"):
        open_layout(tmp_path)


def test_a_folder_with_other_things_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("")
    assert code_of(tmp_path) == "store/not-a-store"
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert code_of(tmp_path / "file") == "store/unusable"


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "lustre", "fuse.sshfs"])
def test_network_file_systems_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(layout, "_file_system", lambda _: kind)
    assert code_of(tmp_path / "store") == "store/network-file-system"
    assert Store.open(tmp_path / "store", network=True).root.is_dir()


@pytest.mark.parametrize("kind", ["ext4", "overlay", "tmpfs", "fuse.fuse-overlayfs", ""])
def test_local_ones_are_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(layout, "_file_system", lambda _: kind)
    open_layout(tmp_path / "store")


def test_the_file_system_is_read_from_the_mount_table(tmp_path: Path) -> None:
    device = tmp_path.stat().st_dev
    spot = f"{os.major(device)}:{os.minor(device)}"
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 0:99 / / rw - ext4 /dev/x rw\n"
        f"2 1 {spot} / /m\\040n rw,relatime shared:1 master:2 - nfs4 host:/x rw\n"
    )
    assert layout._file_system(tmp_path, mounts) == "nfs4"
    assert layout._file_system(tmp_path, tmp_path / "none") == ""


POWERLESS = """
import sys
from pathlib import Path
from envbuilder.errors import StoreError
from envbuilder.store.store import Store
from tests.store.fakes import ENV_ID, make
try:
    store = Store.open(Path(sys.argv[1]))
    with store.lease(ENV_ID):
        print("found" if store.find(ENV_ID) else "nothing")
        make(store)
        print("made")
except StoreError as error:
    print(error.code)
"""


def powerless(root: Path) -> list[str]:
    """Use a store as a user who is bound by permissions, which root is not."""
    bound = (
        ["setpriv", "--bounding-set", "-dac_override,-dac_read_search,-fowner"] if os.getuid() == 0 else []
    )
    done = subprocess.run(
        [*bound, sys.executable, "-c", POWERLESS, str(root)],
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    return done.stdout.split()


def set_modes(root: Path, folders: int, files: int) -> None:
    for path in sorted(root.rglob("*"), reverse=True):
        if not path.is_symlink():
            path.chmod(folders if path.is_dir() else files | (path.stat().st_mode & 0o111))
    root.chmod(folders)


def test_a_place_where_one_may_not_write_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    assert powerless(tmp_path / "store") == ["store/not-writable"]
    tmp_path.chmod(0o755)


def test_a_read_only_store_serves_what_it_has_and_says_what_it_cannot(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    store.lease(ENV_ID).close()
    set_modes(store.root, 0o555, 0o444)
    assert powerless(store.root) == ["nothing", "store/not-writable"]
    set_modes(store.root, 0o755, 0o644)
    make(store)
    set_modes(store.root, 0o555, 0o444)
    assert powerless(store.root) == ["found", "made"]
    set_modes(store.root, 0o755, 0o644)


def test_a_lock_file_of_another_user_in_a_shared_store_is_no_obstacle(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "store")
    make(store)
    store.lease(ENV_ID).close()
    store.layout.use_lock(ENV_ID).chmod(0o444)
    assert powerless(store.root) == ["found", "made"]


def fill_up(place: Path) -> Path:
    """Take all room that is left, and return the file to remove for more."""
    ballast = place / "ballast"
    with ballast.open("wb", buffering=0) as stream, contextlib.suppress(OSError):
        while stream.write(b"x" * 4096):
            pass
    return ballast


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Path]:
    """A file system of 400 kB."""
    place = tmp_path / "tiny"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a tmpfs can be mounted by root only")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def test_a_full_disk_is_told_harms_nothing_and_with_room_the_next_one_works(tiny: Path) -> None:
    store = Store.open(tiny / "store")
    kept = make(store, "e" * 64)
    ballast = fill_up(tiny)
    with pytest.raises(StoreError) as caught:
        make(store)
    assert caught.value.code == "store/full"
    assert "make room" in caught.value.hint
    assert store.find("e" * 64) == kept
    assert list(store.layout.tmp.iterdir()) == []
    ballast.unlink()
    made = make(store)
    assert store.find(ENV_ID) == made


def test_a_disk_that_is_full_from_the_start(tiny: Path) -> None:
    fill_up(tiny)
    assert code_of(tiny / "store") == "store/full"


def test_many_may_make_the_store_at_once(tmp_path: Path, start: Start) -> None:
    children = [start("Store.open(Path(sys.argv[2]))", str(tmp_path / "new")) for _ in range(6)]
    for child in children:
        assert child.wait(timeout=60) == 0
    assert {path.name for path in (tmp_path / "new" / "tmp").iterdir()} == set()
