"""What is known of a file is believed for as long as the file is what it was, and no longer."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.remembered import COARSE_NS
from envbuilder.store import hashing
from envbuilder.store.hashing import Hashes
from envbuilder.store.manifest import FOLDER
from envbuilder.store.survey import survey

OLD = b"as it was"
NEW = b"as it is!"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree that nobody touched for a while."""
    (tmp_path / "tree" / FOLDER).mkdir(parents=True)
    (tmp_path / "tree" / "inner").mkdir()
    for path in ("plain", "inner/deep", f"{FOLDER}/own"):
        (tmp_path / "tree" / path).write_bytes(OLD)
    time.sleep(1.2 * COARSE_NS / 1e9)
    return tmp_path / "tree"


@pytest.fixture
def learned(tree: Path) -> Hashes:
    hashes = Hashes()
    hashes.learn(str(tree), lambda: False)
    return hashes


def of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def digests(tree: Path, hashes: Hashes) -> dict[str, str]:
    return {row.path: row.digest for row in survey(tree, hashes) if row.kind == "f"}


def unread(path: str) -> str:
    raise AssertionError(f"{path} was read again")


def test_what_was_learned_is_not_read_again(
    tree: Path, learned: Hashes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("envbuilder.store.survey.sha256_of", unread)
    monkeypatch.setattr(hashing, "sha256_of", unread)
    assert digests(tree, learned) == {"plain": of(OLD), "inner/deep": of(OLD)}


def written(path: Path) -> None:
    path.write_bytes(NEW)


def disguised(path: Path) -> None:
    """With the size and the time of what was there."""
    before = path.stat()
    path.write_bytes(NEW)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(path: Path) -> None:
    before = path.stat()
    (path.parent / "other").write_bytes(NEW)
    os.utime(path.parent / "other", ns=(before.st_atime_ns, before.st_mtime_ns))
    (path.parent / "other").rename(path)


@pytest.mark.parametrize("change", [written, disguised, replaced])
def test_what_changed_since_is_read_again(
    tree: Path, learned: Hashes, change: Callable[[Path], None]
) -> None:
    change(tree / "plain")
    assert digests(tree, learned) == {"plain": of(NEW), "inner/deep": of(OLD)}


def test_what_changed_a_moment_ago_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "fresh").write_bytes(OLD)
    hashes = Hashes()
    assert hashes.of(str(tmp_path / "fresh"), (tmp_path / "fresh").stat()) == of(OLD)
    assert hashes.known((tmp_path / "fresh").stat()) is None


def test_learning_ends_when_it_is_told(tree: Path) -> None:
    hashes = Hashes()
    hashes.learn(str(tree), lambda: True)
    assert hashes.known((tree / "plain").stat()) is None


def test_what_cannot_be_read_is_left_to_the_survey(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: str) -> str:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(hashing, "sha256_of", refused)
    hashes = Hashes()
    hashes.learn(str(tree), lambda: False)
    assert hashes.known((tree / "plain").stat()) is None
    assert digests(tree, hashes) == {"plain": of(OLD), "inner/deep": of(OLD)}
