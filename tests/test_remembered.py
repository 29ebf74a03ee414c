from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.remembered import COARSE_NS, MOST, Remembered


class Reader:
    """Understands files as text, and counts."""

    def __init__(self) -> None:
        self.read = 0

    def __call__(self, content: bytes) -> str:
        self.read += 1
        return content.decode("ascii")


@pytest.fixture
def reader() -> Reader:
    return Reader()


def settle() -> None:
    time.sleep(1.2 * COARSE_NS / 1e9)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    (tmp_path / "file").write_text("one")
    settle()
    return tmp_path / "file"


def test_what_did_not_change_is_read_once(file: Path, reader: Reader) -> None:
    memory = Remembered(reader)
    assert [memory.of(str(file)) for _ in range(3)] == ["one"] * 3
    assert reader.read == 1


def rewritten(file: Path) -> None:
    file.write_text("two")


def disguised(file: Path) -> None:
    before = file.stat()
    file.write_text("two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced(file: Path) -> None:
    before = file.stat()
    (file.parent / "other").write_text("two")
    os.utime(file.parent / "other", ns=(before.st_atime_ns, before.st_mtime_ns))
    (file.parent / "other").rename(file)


@pytest.mark.parametrize("change", [rewritten, disguised, replaced])
def test_what_changed_is_read_again(file: Path, reader: Reader, change: Callable[[Path], None]) -> None:
    memory = Remembered(reader)
    memory.of(str(file))
    change(file)
    assert memory.of(str(file)) == "two"


def test_what_changed_a_moment_ago_is_not_believed(file: Path, reader: Reader) -> None:
    file.write_text("new")
    memory = Remembered(reader)
    memory.of(str(file))
    memory.of(str(file))
    assert reader.read == 2


def test_what_is_gone_is_told(file: Path, reader: Reader) -> None:
    memory = Remembered(reader)
    memory.of(str(file))
    file.unlink()
    with pytest.raises(FileNotFoundError):
        memory.of(str(file))


def test_what_cannot_be_understood_is_told_each_time(file: Path, reader: Reader) -> None:
    file.write_bytes(b"\xff")
    settle()
    memory = Remembered(reader)
    for _ in range(2):
        with pytest.raises(UnicodeDecodeError):
            memory.of(str(file))


def test_not_everything_is_remembered_for_ever(tmp_path: Path, reader: Reader) -> None:
    paths = [tmp_path / str(number) for number in range(MOST + 1)]
    for path in paths:
        path.write_text("one")
    settle()
    memory = Remembered(reader)
    for path in paths:
        memory.of(str(path))
    assert len(memory._known) <= MOST
