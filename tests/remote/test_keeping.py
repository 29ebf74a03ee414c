"""What was brought is kept by its content and verified whenever it is used."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from envbuilder.remote.keeping import Keeping, Note, take
from envbuilder.store.store import Store


@pytest.fixture
def keeping(tmp_path: Path) -> Keeping:
    return Keeping(Store.open(tmp_path / "store").layout)


def _staged(keeping: Keeping, text: str = "numpy==1.0\n") -> Path:
    folder = keeping.stage()
    (folder / "requirements.txt").write_text(text)
    (folder / "code").mkdir()
    (folder / "model.pkl").touch()
    return folder


def test_the_same_content_is_one_folder(keeping: Keeping) -> None:
    first, second, other = (keeping.keep(_staged(keeping, text)) for text in ("a\n", "a\n", "b\n"))
    assert first == second != other
    folder = keeping.tree(first)
    assert folder
    assert sorted(path.name for path in folder.iterdir()) == ["code", "model.pkl", "requirements.txt"]
    assert list(keeping.work.iterdir()) == []


@pytest.mark.parametrize("harm", ["changed", "removed", "link", "list"])
def test_what_was_harmed_is_gone(keeping: Keeping, harm: str) -> None:
    key = keeping.keep(_staged(keeping))
    folder = keeping.tree(key)
    assert folder
    file = folder / "requirements.txt"
    match harm:
        case "changed":
            file.write_text("numpy==1.1\n")
        case "removed":
            file.unlink()
        case "link":
            file.rename(folder.parent / "elsewhere")
            file.symlink_to(folder.parent / "elsewhere")
        case "list":
            folder.with_name(f"{folder.name}.json").write_text("{}")
    assert keeping.tree(key) is None
    assert not folder.exists()
    assert keeping.keep(_staged(keeping)) == key
    assert keeping.tree(key) == folder


def test_what_a_uri_led_to_is_remembered(keeping: Keeping) -> None:
    note = Note(tree="ab" * 32, identity="models:/churn/3")
    assert keeping.note("cd" * 32) is None
    keeping.save_note("cd" * 32, note)
    assert keeping.note("cd" * 32) == note


def test_only_small_plain_files_are_taken(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(b"12345")
    assert take(source, target, largest=5)
    assert target.read_bytes() == b"12345"
    assert not take(source, target, largest=4)
    os.mkfifo(tmp_path / "fifo")
    assert not take(tmp_path / "fifo", target, largest=5)
    (tmp_path / "link").symlink_to(source)
    with pytest.raises(OSError, match="symbolic links"):
        take(tmp_path / "link", target, largest=5)
