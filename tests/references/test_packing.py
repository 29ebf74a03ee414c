"""Archives of source trees: always the same bytes, readable by everybody, and what comes out went in."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.reader.trees import Member
from envbuilder.references.packing import pack, unpack

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\0", categories=("L", "N", "P")), min_size=1
)
PATHS = st.lists(NAMES.filter(lambda name: name not in {".", ".."}), min_size=1, max_size=3).map("/".join)
MEMBERS = st.dictionaries(
    PATHS.map(lambda path: path[:60]).filter(lambda path: not path.endswith("/")), st.binary(max_size=99_999)
)


def packed(*members: Member) -> bytes:
    out = io.BytesIO()
    pack(members, out.write)  # type: ignore[arg-type]
    return out.getvalue()


def member(path: str, content: bytes = b"", *, executable: bool = False) -> Member:
    return Member(path=path, executable=executable, content=content)


@given(MEMBERS)
def test_the_standard_tools_read_what_was_packed(files: dict[str, bytes]) -> None:
    raw = packed(*(member(path, content) for path, content in files.items()))
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(raw))) as archive:
        found = {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]
    assert found == {f"source/{path}": content for path, content in files.items()}


def test_the_bytes_are_the_same_for_ever() -> None:
    raw = packed(member("a.py", b"x = 1\n"), member("run", b"#!/bin/sh\n" * 10_000, executable=True))
    assert (
        hashlib.sha256(raw).hexdigest() == "889d179b3745a70b89f97529b16939518cae749bec544eadef80f0097d9a4c76"
    )


def test_what_comes_out_went_in(tmp_path: Path) -> None:
    archive = tmp_path / "source.tar.gz"
    archive.write_bytes(packed(member("a.py", b"x"), member("in/run", b"y", executable=True)))
    tree = unpack(archive, tmp_path / "out")
    assert (tree / "a.py").read_bytes() == b"x"
    assert [(tree / name).stat().st_mode & 0o777 for name in ("a.py", "in/run")] == [0o644, 0o755]


@pytest.mark.parametrize("name", ["other/a.py", "source/../../a.py", "/source/a.py"])
def test_an_archive_of_others_is_not_unpacked(name: str, tmp_path: Path) -> None:
    archive = tmp_path / "source.tar.gz"
    with tarfile.open(archive, "w:gz") as stream:
        stream.addfile(tarfile.TarInfo(name))
    with pytest.raises(ValueError, match="no archive of ours"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "a.py").exists()
