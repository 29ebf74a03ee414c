"""Package files by their hash: whole or not there, checked before they are used."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from envbuilder.errors import StoreError
from envbuilder.references.shelf import Shelf, Sink

WHOLE = hashlib.sha256(b"whole").hexdigest()


def whole(sink: Sink) -> None:
    sink.write(b"wh")
    sink.write(b"ole")


def test_a_file_stands_under_its_hash(shelf: Shelf) -> None:
    path = shelf.keep("in/x.whl", whole)
    assert (path, path.read_bytes()) == (shelf.path(WHOLE, "x.whl"), b"whole")
    shelf.verify(path)


def test_what_breaks_off_or_is_refused_leaves_nothing(shelf: Shelf, tmp_path: Path) -> None:
    def broken(sink: Sink) -> None:
        sink.write(b"half")
        raise ZeroDivisionError

    def refuse(sink: Sink) -> None:
        assert (sink.sha256, sink.size) == (WHOLE, 5)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        shelf.keep("x", broken)
    with pytest.raises(ZeroDivisionError):
        shelf.keep("x", whole, check=refuse)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_what_others_built_meanwhile_stays(shelf: Shelf) -> None:
    def other(sink: Sink) -> None:
        shelf.keep_under("k" * 64, "x.whl", whole)
        sink.write(b"other")

    assert shelf.keep_under("k" * 64, "x.whl", other).read_bytes() == b"whole"


def test_a_full_disk_is_told(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / "packages").write_text("a file where a folder belongs")
    with pytest.raises(StoreError, match="cannot keep a package file"):
        shelf.keep("x", whole)


def test_a_damaged_file_goes(shelf: Shelf) -> None:
    path = shelf.keep("x", whole)
    path.write_bytes(b"other")
    with pytest.raises(StoreError, match="damaged in the store"):
        shelf.verify(path)
    assert not path.exists()
