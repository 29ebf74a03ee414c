"""Source trees through the one door: a fixed order, no links, within limits."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from envbuilder.reader import limits
from envbuilder.reader.directory import Directory
from envbuilder.reader.gather import Missing, Refusal
from envbuilder.reader.trees import members


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    for name in (
        "tree/b.py",
        "tree/a/z.py",
        "tree/a/run",
        "tree/.git/HEAD",
        "tree/a/__pycache__/z.pyc",
        "top.py",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (folder / "tree/a/run").chmod(0o700)
    return folder


def read(model: Path, path: str) -> list[tuple[str, bool]]:
    with Directory(model) as directory:
        return [(member.path, member.executable) for member in members(directory, path)]


def refused(model: Path, path: str) -> str:
    with pytest.raises(Refusal) as caught:
        read(model, path)
    return caught.value.code


def test_every_file_in_one_order_without_what_tools_leave(model: Path) -> None:
    assert read(model, "tree") == [("a/run", True), ("a/z.py", False), ("b.py", False)]
    assert read(model, ".") == [("top.py", False), *((f"tree/{path}", x) for path, x in read(model, "tree"))]


@pytest.mark.parametrize("target", ["/etc/passwd", "b.py", "nothing", "a"])
def test_no_link_is_part_of_a_tree(target: str, model: Path) -> None:
    (model / "tree/link").symlink_to(target)
    assert refused(model, "tree") == "input/symlink"


def test_a_tree_behind_a_link_is_none(model: Path) -> None:
    (model / "other").symlink_to("tree")
    assert refused(model, "other") == refused(model, "other/a") == refused(model, "top.py") == "input/symlink"


def test_a_fifo_blocks_nobody(model: Path) -> None:
    os.mkfifo(model / "tree/pipe")
    assert refused(model, "tree") == "input/not-a-regular-file"


def test_what_is_not_there(model: Path) -> None:
    with pytest.raises(Missing):
        read(model, "nowhere")


def test_a_name_that_does_not_show(model: Path) -> None:
    (model / "tree/a\u202eb.py").touch()
    assert refused(model, "tree") == "input/control-character"


def test_too_many_files(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TREE_FILES", 2)
    assert refused(model, "tree") == "input/too-many"


def test_too_many_bytes(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TREE_BYTES", 20)
    assert refused(model, "tree") == "input/too-long"


def test_too_deep(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "DEPTH", 0)
    assert refused(model, "tree") == "input/too-many"
