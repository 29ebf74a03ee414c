"""The small parts: floors by tags, first lines of scripts, compiled files, wheels made again."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envbuilder.archives.inspection import inspect_archive
from envbuilder.environment import Interpreter
from envbuilder.exports.elf import read_elf, replace_path
from envbuilder.exports.floors import floor_of, suffices
from envbuilder.exports.inventory import libraries_of
from envbuilder.exports.packing import Packer, packing_of
from envbuilder.exports.repacking import repack
from envbuilder.exports.result import ExportError
from envbuilder.exports.shebangs import BESIDE, portable_script, relocated_script
from envbuilder.exports.tarwriter import TarWriter, new_file
from tests.builder.wheelsmith import make_wheel
from tests.exports.conftest import GREETING, SCRIPTS, Hold


@pytest.mark.parametrize(
    ("names", "floor"),
    [
        ([], ""),
        (["a-1-py3-none-any.whl"], ""),
        (["a-1-py3-none-any.whl", "b-1-cp38-cp38-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"], "glibc-2.17"),
        (["b-1-cp38-cp38-manylinux2010_x86_64.manylinux_2_27_x86_64.whl"], "glibc-2.12"),
        (["b-1-cp38-cp38-manylinux1_x86_64.whl", "c-1-cp38-cp38-manylinux_2_28_x86_64.whl"], "glibc-2.28"),
        (["b-1-cp38-cp38-linux_x86_64.whl"], "glibc-2.36"),
    ],
)  # fmt: skip
def test_a_floor_is_what_all_wheels_accept(names: list[str], floor: str) -> None:
    assert floor_of(names, "glibc-2.36") == floor


def test_floors_of_other_systems() -> None:
    assert floor_of(["b-1-cp38-cp38-musllinux_1_1_x86_64.whl"], "musl-1.2") == "musl-1.1"
    assert floor_of(["b-1-cp38-cp38-macosx_11_0_arm64.whl"], "macos-14.0") == "macos-11.0"


@pytest.mark.parametrize(
    ("host", "floor", "fits"),
    [
        ("glibc-2.36", "", True),
        ("glibc-2.36", "glibc-2.36", True),
        ("glibc-2.9", "glibc-2.17", False),
        ("musl-1.2", "glibc-2.17", False),
        ("glibc-2.36", "glibc-x", True),
    ],
)
def test_a_host_has_what_is_asked_for_or_not(host: str, floor: str, fits: bool) -> None:
    assert suffices(host, floor) is fits


@pytest.mark.parametrize(
    "first",
    [
        b"#!/home/user/env/bin/python\n",
        b"#!/home/user/env/bin/python3.8 -E\n",
        b"#!/home/user/env/bin/python\r\n",
        b"#!/bin/sh\n'''exec' '/home/a b/env/bin/python' \"$0\" \"$@\"\n' '''\n",
        BESIDE,
    ],
)
def test_a_script_of_python_starts_the_one_beside_it(first: bytes) -> None:
    script = first + b"print(1)\n"
    assert relocated_script(script) == BESIDE + b"print(1)\n"
    assert portable_script(script) == b"#!python\nprint(1)\n"
    assert relocated_script(relocated_script(script)) == relocated_script(script)


@pytest.mark.parametrize("script", [b"", b"#!/bin/sh\necho 1\n", b"\x7fELF\n", b"#!/usr/bin/perl\n"])
def test_other_scripts_stay(script: bytes) -> None:
    assert relocated_script(script) == portable_script(script) == script


@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz", "a.tgz", "a.tar.zst"])
def test_what_is_packed_is_an_archive_that_the_strict_reader_takes(name: str, tmp_path: Path) -> None:
    for place in (tmp_path / name, tmp_path / "again" / name):
        with new_file(place) as sink:
            packer = Packer(packing_of(name), sink.write)
            archive = TarWriter(packer.write)
            archive.add_bytes("bin/run", b"#!/bin/sh\n", runnable=True)
            archive.add_bytes("ü" * 90 + "/" + "n" * 90, bytes(100_000))
            archive.add_link("lib64", "lib")
            archive.close()
            packer.close()
    assert inspect_archive(tmp_path / name).members == 3
    assert (tmp_path / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    place = tmp_path / "export"
    place.write_text("old")

    def interrupted() -> None:
        with new_file(place) as sink:
            sink.write(b"new")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert place.read_text() == "old"
    assert list(tmp_path.iterdir()) == [place]


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has such files")


@linux
def test_a_compiled_file_tells_what_it_needs(running: Interpreter) -> None:
    elf = read_elf(running.binary)
    assert elf is not None
    assert "libc.so.6" in elf.needed or running.floor.startswith("musl")
    assert elf.glibc[:1] == ((2,) if running.floor.startswith("glibc") else ())


@linux
def test_libraries_that_are_there_are_not_asked_for(running: Interpreter, tmp_path: Path) -> None:
    elf = read_elf(running.binary)
    assert elf is not None
    outside = libraries_of([running.binary])
    assert set(outside) <= set(elf.needed)
    assert not [name for name in outside if name.startswith(("libc.so", "libm.so", "libdl.so"))]
    for name in outside:
        (tmp_path / name).touch()
    assert libraries_of([running.binary, *tmp_path.iterdir()]) == ()


@linux
def test_a_search_path_is_replaced_in_place(running: Interpreter, tmp_path: Path) -> None:
    copy = tmp_path / "python"
    copy.write_bytes(running.binary.read_bytes())
    elf = read_elf(copy)
    assert elf is not None
    assert not replace_path(copy, elf, f"{elf.path}/longer")
    if elf.path:
        assert replace_path(copy, elf, "$ORIGIN/x"[: len(elf.path)])
        again = read_elf(copy)
        assert again is not None
        assert again.path == "$ORIGIN/x"[: len(elf.path)]
        assert again.needed == elf.needed
    assert copy.stat().st_size == running.binary.stat().st_size


@linux
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_no_bytes_do_more_than_be_no_compiled_file(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    content = bytearray(Path(sys.executable).resolve().read_bytes()[:4096])
    for at, value in data.draw(st.lists(st.tuples(st.integers(6, 1500), st.integers(0, 255)), max_size=12)):
        content[at] = value
    path = tmp_path_factory.getbasetemp() / "mutated"
    path.write_bytes(bytes(content[: data.draw(st.integers(1, 4096))]))
    read_elf(path)


def test_an_installed_package_becomes_the_wheel_that_it_was(hold: Hold, shop: Path, tmp_path: Path) -> None:
    artifact = make_wheel(shop, "greeting", files=GREETING, scripts=SCRIPTS)
    held = hold(artifact)
    again = repack(artifact, held.environment.prefix, tmp_path)
    assert again.name == artifact.filename
    inspection = inspect_archive(again)
    assert inspection.findings == ()
    with zipfile.ZipFile(again) as new, zipfile.ZipFile(shop / artifact.filename) as old:
        assert set(new.namelist()) == set(old.namelist())
        for name in old.namelist():
            assert name.endswith("RECORD") or new.read(name) == old.read(name)


def test_scripts_and_data_go_where_wheels_have_them(hold: Hold, shop: Path, tmp_path: Path) -> None:
    files = {
        "tool.py": "",
        "tool-1.0.data/scripts/run-tool": "#!python\nprint('ran')\n",
        "tool-1.0.data/data/share/tool/a b.txt": "data",
    }
    artifact = make_wheel(shop, "tool", files=files)
    again = repack(artifact, hold(artifact).environment.prefix, tmp_path)
    assert inspect_archive(again).findings == ()
    with zipfile.ZipFile(again) as wheel:
        assert wheel.read("tool-1.0.data/scripts/run-tool") == b"#!python\nprint('ran')\n"
        assert wheel.read("tool-1.0.data/data/share/tool/a b.txt") == b"data"


def test_what_has_no_metadata_is_no_wheel(hold: Hold, shop: Path, tmp_path: Path) -> None:
    held = hold(make_wheel(shop, "plain"))
    with pytest.raises(ExportError) as caught:
        repack(make_wheel(shop, "absent"), held.environment.prefix, tmp_path)
    assert caught.value.code == "export/no-wheel"
