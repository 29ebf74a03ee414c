from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from envbuilder.builder.beside import readying
from envbuilder.remembered import COARSE_NS
from envbuilder.store.hashing import Hashes
from tests.builder.conftest import Make
from tests.builder.wheelsmith import make_wheel


@pytest.fixture
def engine() -> str:
    return "uv"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "plain").write_text("plain")
    time.sleep(1.2 * COARSE_NS / 1e9)
    return tmp_path


def test_a_finished_tree_is_learned_while_the_block_runs(tree: Path) -> None:
    hashes, status = Hashes(), (tree / "plain").stat()
    with readying(tree, hashes) as written:
        assert hashes.known(status) is None
        written()
        until = time.monotonic() + 10
        while hashes.known(status) is None and time.monotonic() < until:
            time.sleep(0.01)
        assert hashes.known(status)


def test_nothing_goes_on_after_a_block_that_fails(tree: Path) -> None:
    hashes = Hashes()
    with pytest.raises(KeyboardInterrupt), readying(tree, hashes):
        raise KeyboardInterrupt
    assert all(thread.name != "envbuilder-readying" for thread in threading.enumerate())
    assert hashes.known((tree / "plain").stat()) is None


def test_a_disk_that_refuses_is_for_publishing_to_tell(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_: Path) -> None:
        raise OSError(5, os.strerror(5))

    monkeypatch.setattr("envbuilder.builder.beside.sync_file_system", refused)
    with readying(tree, Hashes()) as written:
        written()


def test_what_a_package_changes_while_it_is_imported_is_listed_as_it_became(make: Make, shop: Path) -> None:
    import hashlib

    source = (
        "import os, pathlib, time\n"
        "path = pathlib.Path(__file__).with_name('data.txt')\n"
        "time.sleep(0.3)\n"
        "before = path.stat()\n"
        "os.chmod(path, 0o644)\n"
        "path.write_text('two')\n"
        "os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))\n"
    )
    wheel = make_wheel(shop, "plain", files={"plain.py": source, "data.txt": "one"})
    prefix = make(wheel, imports=("plain",)).environment.prefix
    (line,) = (
        line
        for line in (prefix / ".envbuilder" / "files.tsv").read_text().splitlines()
        if "data.txt\t" in line
    )
    assert line.endswith(hashlib.sha256(b"two").hexdigest())
