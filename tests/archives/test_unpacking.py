"""Unpacking: what is written, how, and that nothing is where anything is refused."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envbuilder.archives.faults import ArchiveRefused
from envbuilder.archives.inspection import inspect_archive
from envbuilder.archives.unpacking import unpack_archive
from envbuilder.errors import EnvbuilderError, StoreError, ToolError
from tests.archives.archivesmith import (
    Part,
    tar_bytes,
    wheel_contents,
    write_conda,
    write_tar,
    write_wheel,
    write_zip,
)

SYMLINK, HARDLINK, FOLDER = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE

TREE = (
    Part(name="top/", type=FOLDER, mode=0o777), Part(name="top/run.sh", content=b"#!/bin/sh\n", mode=0o777),
    Part(name="./top/deep/er/data", content=b"x" * 200_000, mode=0o666), Part(name="top/" + "long" * 50, content=b"l"),
    Part(name="top/link", type=SYMLINK, target="deep/er/data"), Part(name="top/chain", type=SYMLINK, target="link"),
    Part(name="top/twin", type=HARDLINK, target="./top/run.sh"), Part(name="top/empty/", type=FOLDER),
    Part(name="top/deep/up", type=SYMLINK, target="../run.sh"), Part(name="top/ünïcode", content=b"u"),
)  # fmt: skip


def files(root: Path) -> dict[str, bytes]:
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("mode", ["", "gz", "bz2", "xz"])
def test_a_tree_comes_out_as_it_went_in(mode: str, form: int, tmp_path: Path) -> None:
    parts = [part for part in TREE if form != tarfile.USTAR_FORMAT or len(part.name) < 100]
    path = tmp_path / ("tree-1.tar" + (f".{mode}" if mode else ""))
    pack: dict[str, Callable[[bytes], bytes]] = {
        "": bytes,
        "gz": gzip.compress,
        "bz2": bz2.compress,
        "xz": lzma.compress,
    }
    path.write_bytes(pack[mode](tar_bytes(*parts, form=form)))
    found = unpack_archive(path, tmp_path / "out")
    assert found.members == len(parts)
    with tarfile.open(path) as packed:
        packed.extractall(tmp_path / "expected", filter="data")
    assert files(tmp_path / "out") == files(tmp_path / "expected")
    assert (tmp_path / "out/top/chain").readlink() == Path("link")
    assert (tmp_path / "out/top/empty").is_dir()
    assert (tmp_path / "out/top/run.sh").samefile(tmp_path / "out/top/twin")


def test_modes_are_plain_and_times_are_kept(tmp_path: Path) -> None:
    unpack_archive(write_tar(tmp_path, *TREE), tmp_path / "out")
    mask = os.umask(0)
    os.umask(mask)
    run, data = tmp_path / "out/top/run.sh", tmp_path / "out/top/deep/er/data"
    assert stat.S_IMODE(run.stat().st_mode) == 0o755 & ~mask
    assert stat.S_IMODE(data.stat().st_mode) == 0o644 & ~mask
    assert data.stat().st_mtime == 1_600_000_000


def test_a_wheel_is_unpacked_as_it_is(tmp_path: Path) -> None:
    more = {"pkg-1.0.data/scripts/tool": b"#!python\n", "pkg/data.bin": bytes(range(256)) * 5000}
    found = unpack_archive(write_wheel(tmp_path, more=more), tmp_path / "out")
    assert files(tmp_path / "out") == wheel_contents(more=more)
    assert found.unpacked == sum(map(len, wheel_contents(more=more).values()))


def test_both_parts_of_a_conda_package_come_out(tmp_path: Path) -> None:
    path = write_conda(
        tmp_path,
        Part(name="lib/libx.so.1", content=b"x"),
        Part(name="lib/libx.so", type=SYMLINK, target="libx.so.1"),
    )
    unpack_archive(path, tmp_path / "out")
    assert sorted(files(tmp_path / "out")) == ["info/index.json", "lib/libx.so", "lib/libx.so.1"]


def test_nothing_is_written_of_what_is_refused(tmp_path: Path) -> None:
    path = write_tar(tmp_path, Part(name="good"), Part(name="../evil"))
    with pytest.raises(ArchiveRefused):
        unpack_archive(path, tmp_path / "out")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive.tar"]


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/mine").touch()
    with pytest.raises(StoreError, match="not empty"):
        unpack_archive(write_tar(tmp_path, *TREE), tmp_path / "out")


def test_a_link_that_somebody_plants_meanwhile_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever may write beside us cannot lead us elsewhere: folders are opened without following links."""
    outside = tmp_path / "outside"
    outside.mkdir()
    real = os.mkdir

    def planted(path: str, *more: object, **named: object) -> None:
        if path == "deep":
            os.symlink(outside, path, dir_fd=named["dir_fd"])  # type: ignore[arg-type]
            raise FileExistsError
        real(path, *more, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(os, "mkdir", planted)
    with pytest.raises(StoreError):
        unpack_archive(write_tar(tmp_path, *TREE), tmp_path / "out")
    assert list(outside.iterdir()) == []


def test_without_zstandard_the_cure_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_conda(tmp_path, Part(name="a"))
    for name in ("backports", "compression", "compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ToolError) as caught:
        inspect_archive(path)
    assert "envbuilder[conda]" in caught.value.hint


PARTS = st.lists(
    st.builds(
        Part,
        name=st.text(alphabet="ab./\\é\x00 C:-", min_size=1, max_size=12),
        content=st.binary(max_size=700),
        mode=st.sampled_from([0o644, 0o755, 0o4755]),
    )
    | st.builds(
        Part,
        name=st.text(alphabet="ab./", min_size=1, max_size=6),
        type=st.sampled_from([SYMLINK, HARDLINK, FOLDER, tarfile.FIFOTYPE]),
        target=st.text(alphabet="ab./", min_size=1, max_size=9),
    ),
    max_size=6,
)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@QUICK
@given(parts=PARTS, form=st.sampled_from([tarfile.GNU_FORMAT, tarfile.PAX_FORMAT]))
def test_whatever_the_data_filter_refuses_is_refused(
    parts: list[Part], form: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """And what is unpacked is what tarfile unpacks, inside the folder."""
    folder = tmp_path_factory.mktemp("law")
    try:
        content = tar_bytes(*parts, form=form)
    except ValueError:
        return
    (folder / "a.tar").write_bytes(content)
    try:
        unpack_archive(folder / "a.tar", folder / "out")
    except EnvbuilderError:
        assert not (folder / "out").exists()
        return
    with tarfile.open(folder / "a.tar") as packed:
        packed.extractall(folder / "expected", filter="data")
    assert files(folder / "out") == files(folder / "expected")
    assert {p.name for p in folder.iterdir()} <= {"a.tar", "expected", "out"}


@QUICK
@given(
    contents=st.dictionaries(
        st.text(alphabet="ab./é", min_size=1, max_size=8), st.binary(max_size=3000), max_size=5
    )
)
def test_a_zip_is_unpacked_as_zipfile_does(
    contents: dict[str, bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("law")
    path = write_zip(folder, contents, "a.zip")
    try:
        unpack_archive(path, folder / "out")
    except EnvbuilderError:
        assert not (folder / "out").exists()
        return
    with zipfile.ZipFile(path) as packed:
        packed.extractall(folder / "expected")
    assert files(folder / "out") == files(folder / "expected")


@QUICK
@given(
    data=st.data(), name=st.sampled_from(["a.tar", "pkg-1.0-py3-none-any.whl", "pkg-1.0-0.conda", "a.tar.gz"])
)
def test_damaged_bytes_are_an_error_or_nothing(
    data: st.DataObject, name: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("law")
    tree = tar_bytes(*TREE[:2], TREE[4])
    if name.endswith(".whl"):
        content = bytearray(write_wheel(folder).read_bytes())
    elif name.endswith(".conda"):
        content = bytearray(write_conda(folder, *TREE[:2]).read_bytes())
    else:
        content = bytearray(tree if name == "a.tar" else gzip.compress(tree, mtime=0))
    for at, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(content) - 1), st.integers(0, 255)), max_size=8)
    ):
        content[at] = value
    cut = data.draw(st.integers(0, len(content)))
    path = folder / name
    path.write_bytes(content[:cut] if data.draw(st.booleans()) else content)
    try:
        inspect_archive(path)
    except EnvbuilderError as error:
        assert error.code.startswith("archive/")
