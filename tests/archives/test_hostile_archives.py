"""The archives of the shared cases, and the relatives of each: no family is closed by its one sample."""

from __future__ import annotations

import io
import json
import os
import resource
import socket
import stat
import struct
import tarfile
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from envbuilder.archives.faults import ArchiveRefused
from envbuilder.archives.inspection import Inspection, inspect_archive
from envbuilder.archives.limits import Limits
from envbuilder.archives.unpacking import unpack_archive
from envbuilder.cli.failure import report_failure
from tests.archives.archivesmith import (
    Part,
    Raw,
    record_of,
    tar_bytes,
    wheel_contents,
    write_conda,
    write_tar,
    write_wheel,
    write_zip,
    zeros_deflated,
    zip_bytes,
    zstd_compress,
)
from tests.hostile import CASES

Setup = Callable[[Path], Path]
GIB = 1024**3


def bomb(folder: Path) -> Path:
    """4 GiB of zeros in about 4 MiB."""
    path = folder / "archive.zip"
    path.write_bytes(
        zip_bytes(Raw(name=b"zeros", packed=zeros_deflated(4 * GIB), method=8, unpacked=4 * GIB, crc=1))
    )
    assert 3_000_000 < path.stat().st_size < 6_000_000
    return path


SETUPS: dict[str, Setup] = {
    "a tar archive with one regular member named ../../evil": lambda folder: write_tar(
        folder, Part(name="../../evil")
    ),
    "a tar archive with a symbolic link a -> /etc, then a regular member a/passwd": lambda folder: write_tar(
        folder, Part(name="a", type=tarfile.SYMTYPE, target="/etc"), Part(name="a/passwd")
    ),
    "a wheel whose entry_points.txt has the console script '../../bin/ls = x:y'": lambda folder: write_wheel(
        folder, scripts="[console_scripts]\n../../bin/ls = x:y\n"
    ),
    "a ZIP archive of about 4 MiB whose one member unpacks to 4 GiB of zero bytes": bomb,
    "a conda package with bin/.pkg-post-link.sh": lambda folder: write_conda(
        folder, Part(name="bin/.pkg-post-link.sh")
    ),
    "a conda package with etc/conda/activate.d/x.sh": lambda folder: write_conda(
        folder, Part(name="etc/conda/activate.d/x.sh")
    ),
}


@pytest.mark.parametrize("case", [c for c in CASES if c["group"] == "Z"], ids=lambda case: case["id"])
def test_the_answer_is_the_promised_one(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("it asked somebody"))
    path = SETUPS[case["setup"]](tmp_path)
    assert path.name == case["file"]
    kind, _, code = case["expect"].partition(":")
    if kind == "reject":
        assert refused(path).code == code
        assert refused(path, into=tmp_path / "out").code == code
        assert not (tmp_path / "out").exists()
    else:
        assert code in {finding.code for finding in inspect_archive(path).findings}


def refused(path: Path, *, into: Path | None = None) -> ArchiveRefused:
    before = time.process_time()
    with pytest.raises(ArchiveRefused) as caught:
        _ = unpack_archive(path, into) if into else inspect_archive(path)
    assert time.process_time() - before < 5
    assert caught.value.hint
    return caught.value


def codes(path: Path) -> set[str]:
    return {finding.code for finding in refused(path).findings}


NAMES = {
    "/etc/passwd": "path-escape", "//etc/passwd": "path-escape", "..": "path-escape", "a/../../b": "path-escape",
    "a/..": "path-escape", "a/../b": "path-escape", "./../b": "path-escape", "a/.. /b": "path-escape",
    ".../b": "path-escape", "..\\evil": "path-escape", "\\evil": "path-escape", "a\\b": "path-escape",
    "C:/evil": "path-escape", "c:evil": "path-escape", "\uff0e\uff0e/evil": "path-escape", "\u2025/evil": "path-escape",
    "a/\u2024\u2024/evil": "path-escape", "a\uff0f..\uff0fevil": "path-escape",
    "a\nb": "malformed", "a\x1b[31mb": "malformed", "a\u202eb": "malformed", "a\x7f": "malformed", "a\u2028b": "malformed",
    "x" * 256: "malformed", "/".join(["d"] * 65): "malformed", "/".join(["d" * 30] * 40): "malformed",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_no_name_leaves_or_hides(name: str, tmp_path: Path) -> None:
    code = f"archive/{NAMES[name]}"
    assert refused(write_tar(tmp_path, Part(name=name, content=b"x"))).code == code
    (tmp_path / "archive.zip").write_bytes(zip_bytes(Raw(name=name.encode(), packed=b"x", flags=0x800)))
    assert refused(tmp_path / "archive.zip").code == code


@pytest.mark.parametrize(
    "name",
    [
        "a/b",
        "./a/./b",
        "a//b",
        "ä/β.py",
        "a..b",
        "..a",
        "a..",
        "man3/Foo::Bar.3",
        "-x",
        "~/a",
        "a b",
        "%2e%2e/a",
    ],
)
def test_odd_names_that_harm_nobody_pass(name: str, tmp_path: Path) -> None:
    assert inspect_archive(write_tar(tmp_path, Part(name=name, content=b"x"))).members == 1


def test_a_name_is_read_to_its_end(tmp_path: Path) -> None:
    for name in (b"a\0b", b"a\xff"):
        (tmp_path / "archive.zip").write_bytes(zip_bytes(Raw(name=name, packed=b"x")))
        assert refused(tmp_path / "archive.zip").code == "archive/malformed"
    pax = write_pax(tmp_path, {"path": "a\0b"})
    assert refused(pax).code == "archive/malformed"


def write_pax(folder: Path, headers: dict[str, str], *, kind: bytes = b"x", part: Part | None = None) -> Path:
    """Write one member with an extended header before it."""
    records = b""
    for key, value in headers.items():
        rest = f" {key}={value}\n".encode()
        length = len(rest) + 1
        while length != len(str(length)) + len(rest):
            length = len(str(length)) + len(rest)
        records += str(length).encode() + rest
    whole = tar_bytes(part or Part(name="x", content=b"content"), form=tarfile.USTAR_FORMAT)
    header = tarfile.TarInfo("pax")
    header.type, header.size = kind, len(records)
    path = folder / "archive.tar"
    path.write_bytes(
        header.tobuf(tarfile.USTAR_FORMAT) + records.ljust(-(-len(records) // 512) * 512, b"\0") + whole
    )
    return path


SYMLINK, HARDLINK = tarfile.SYMTYPE, tarfile.LNKTYPE
LINKS = {
    "absolute": [Part(name="a", type=SYMLINK, target="/etc/passwd")],
    "up": [Part(name="a", type=SYMLINK, target="..")],
    "up from below": [Part(name="a/b", type=SYMLINK, target="../../c")],
    "down and up": [Part(name="a", type=SYMLINK, target="b/../../c")],
    "empty": [Part(name="a", type=SYMLINK, target="")],
    "control": [Part(name="a", type=SYMLINK, target="b\nc")],
    "backslash": [Part(name="a", type=SYMLINK, target="..\\c")],
    "parent of a member": [Part(name="a", type=SYMLINK, target="b"), Part(name="a/c")],
    "parent of a link": [Part(name="a", type=SYMLINK, target="b"), Part(name="a/c", type=SYMLINK, target="d")],
    "parent after its member": [Part(name="a/c"), Part(name="a", type=SYMLINK, target="b")],
    "replaces a file": [Part(name="a"), Part(name="a", type=SYMLINK, target="b")],
    "replaced by a file": [Part(name="a", type=SYMLINK, target="b"), Part(name="a")],
    "replaces a folder": [Part(name="a", type=tarfile.DIRTYPE), Part(name="a", type=SYMLINK, target="b")],
    "through another": [
        Part(name="d/up", type=SYMLINK, target="../x"), Part(name="x/y"),
        Part(name="e", type=SYMLINK, target="d/up/../../z"),
    ],
    "through a later one": [
        Part(name="e", type=SYMLINK, target="d/up/z"), Part(name="d/up", type=SYMLINK, target="../x"),
    ],
    "hard, absolute": [Part(name="a", type=HARDLINK, target="/etc/passwd")],
    "hard, up": [Part(name="a", type=HARDLINK, target="../b")],
    "hard, to nothing": [Part(name="a", type=HARDLINK, target="b")],
    "hard, to a later file": [Part(name="a", type=HARDLINK, target="b"), Part(name="b")],
    "hard, to a link": [Part(name="b", type=SYMLINK, target="c"), Part(name="a", type=HARDLINK, target="b")],
    "hard, to a folder": [Part(name="b", type=tarfile.DIRTYPE), Part(name="a", type=HARDLINK, target="b")],
}  # fmt: skip


@pytest.mark.parametrize("parts", LINKS.values(), ids=LINKS)
def test_no_link_redirects_anything(parts: list[Part], tmp_path: Path) -> None:
    assert refused(write_tar(tmp_path, *parts)).code == "archive/link"
    assert codes(write_conda(tmp_path, *parts)) >= {"archive/link"}


def test_links_in_zip_archives_are_links(tmp_path: Path) -> None:
    path = tmp_path / "archive.zip"
    path.write_bytes(zip_bytes(Raw(name=b"a", packed=b"../x", mode=stat.S_IFLNK | 0o777)))
    assert refused(path).code == "archive/link"
    wheel = tmp_path / "pkg-1.0-py3-none-any.whl"
    contents = wheel_contents()
    wheel.write_bytes(
        zip_bytes(
            *(Raw(name=n.encode(), packed=c) for n, c in contents.items()),
            Raw(name=b"a", packed=b"pkg.py", mode=stat.S_IFLNK),
        )
    )
    assert "archive/link" in codes(wheel)


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_nothing_but_files_folders_and_links(kind: bytes, tmp_path: Path) -> None:
    assert refused(write_tar(tmp_path, Part(name="a", type=kind))).code == "archive/special-file"


@pytest.mark.parametrize("form", [stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK])
def test_nor_in_zip_archives(form: int, tmp_path: Path) -> None:
    (tmp_path / "archive.zip").write_bytes(zip_bytes(Raw(name=b"a", mode=form)))
    assert refused(tmp_path / "archive.zip").code == "archive/special-file"


@pytest.mark.parametrize("mode", [0o4755, 0o2755, 0o6644])
def test_nobody_gets_anothers_rights(mode: int, tmp_path: Path) -> None:
    assert refused(write_tar(tmp_path, Part(name="a", mode=mode))).code == "archive/special-file"
    folder = Part(name="shared", type=tarfile.DIRTYPE, mode=0o2775)
    assert inspect_archive(write_tar(tmp_path, folder)).findings == ()


TWICE = {
    "the same": ["a", "a"], "a dot": ["a/b", "a/./b"], "a slash": ["a/b", "a//b"], "at the start": ["b", "./b"],
    "a file as a folder": ["a", "a/b"], "a folder as a file": ["a/b", "a"],
}  # fmt: skip


@pytest.mark.parametrize("names", TWICE.values(), ids=TWICE)
def test_nothing_stands_twice(names: list[str], tmp_path: Path) -> None:
    assert (
        refused(write_tar(tmp_path, *(Part(name=name) for name in names))).code == "archive/duplicate-member"
    )
    (tmp_path / "archive.zip").write_bytes(zip_bytes(*(Raw(name=name.encode()) for name in names)))
    assert refused(tmp_path / "archive.zip").code == "archive/duplicate-member"


def test_folders_may_stand_twice(tmp_path: Path) -> None:
    folder = Part(name="a/", type=tarfile.DIRTYPE)
    assert inspect_archive(write_tar(tmp_path, folder, Part(name="a/b"), folder)).members == 3


@pytest.mark.parametrize(("one", "other"), [("A/x", "a/x"), ("é", "e\u0301"), ("straße", "STRASSE")])
def test_what_some_disks_take_for_one_file_is_told(one: str, other: str, tmp_path: Path) -> None:
    found = inspect_archive(write_tar(tmp_path, Part(name=one), Part(name=other))).findings
    assert [(finding.code, finding.level.value) for finding in found] == [
        ("archive/duplicate-member", "warning")
    ]


SCRIPTS = [
    "[console_scripts]\n../x = a:b\n", "[gui_scripts]\n../x = a:b\n", "[console_scripts]\n/tmp/x = a:b\n",
    "[console_scripts]\nsub/x = a:b\n", "[console_scripts]\n..\\x = a:b\n", "[console_scripts]\n.. = a:b\n",
    "[console_scripts]\nC:x = a:b\n", "[ console_scripts ]\r\n  a/b=a:b\r\n", "# x\n[Console_Scripts]\n../x = a:b\n",
    "[console_scripts]\nok = a:b\n[other]\nx = y\n[gui_scripts]\n../x = a:b\n", "[console_scripts]\npython = a:b\n",
    "[console_scripts]\npython3.11 = a:b\n", "[gui_scripts]\nactivate = a:b\n", "[console_scripts]\na\x1bb = a:b\n",
    "[console_scripts]\n. = a:b\n", "[console_scripts]\n= a:b\n",
]  # fmt: skip


@pytest.mark.parametrize("scripts", SCRIPTS, ids=ascii)
def test_no_script_leaves_its_folder_or_replaces_the_python(scripts: str, tmp_path: Path) -> None:
    assert refused(write_wheel(tmp_path, scripts=scripts)).code == "archive/script-path"


DATA = {
    "pkg-1.0.data/scripts/../../evil": "path-escape", "pkg-1.0.data/data/../x": "path-escape",
    "pkg-1.0.data/headers/..": "path-escape", "pkg-1.0.data/scripts/sub/x": "script-path",
    "pkg-1.0.data/scripts/python3": "script-path", "pkg-1.0.data/scripts/activate.fish": "script-path",
    "pkg-1.0.data/data/bin/python": "script-path", "pkg-1.0.data/data/pyvenv.cfg": "script-path",
    "pkg-1.0.data/wild/x": "malformed", "pkg-1.0.data/x": "malformed",
}  # fmt: skip


@pytest.mark.parametrize("name", DATA)
def test_no_scheme_leaves_its_folder_or_replaces_the_python(name: str, tmp_path: Path) -> None:
    assert refused(write_wheel(tmp_path, more={name: b"x"})).code == f"archive/{DATA[name]}"


def test_the_metadata_is_the_files_own(tmp_path: Path) -> None:
    other = wheel_contents("other", "1.0")
    assert refused(write_zip(tmp_path, other)).code == "archive/name-mismatch"
    assert refused(write_zip(tmp_path, wheel_contents("pkg", "1.1"))).code == "archive/name-mismatch"
    both = {**wheel_contents(), **other}
    assert "several" not in refused(write_zip(tmp_path, both)).message
    assert "archive/malformed" in codes(write_zip(tmp_path, both))
    bare = {"pkg.py": b""}
    assert refused(write_zip(tmp_path, bare)).code == "archive/malformed"
    lying = wheel_contents()
    lying["pkg-1.0.dist-info/METADATA"] = b"Name: other\nVersion: 1.0\n"
    assert refused(write_zip(tmp_path, lying)).code == "archive/name-mismatch"


def test_spellings_of_one_name_and_version_are_one(tmp_path: Path) -> None:
    contents = wheel_contents("Py_Kg.x", "1.0.0")
    assert inspect_archive(write_zip(tmp_path, contents, "py_kg_x-1.0-py3-none-any.whl")).findings == ()


def test_record_is_compared_with_what_is_there(tmp_path: Path) -> None:
    contents = wheel_contents()
    record = "pkg-1.0.dist-info/RECORD"
    lines = contents[record].decode().splitlines()
    contents[record] = "\n".join(
        [lines[0].replace("sha256=", "sha256=AA"), *lines[2:], "ghost.py,,"]
    ).encode()
    found = inspect_archive(write_zip(tmp_path, contents)).findings
    assert {finding.code for finding in found} == {"archive/record"}
    assert sorted(finding.message.split("'")[1] for finding in found) == [
        "ghost.py",
        "pkg-1.0.dist-info/METADATA",
        "pkg.py",
    ]
    contents[record] += b"\n../../../../etc/passwd,,\n"
    assert refused(write_zip(tmp_path, contents)).code == "archive/path-escape"
    contents[record] = record_of({"pkg.py": b""}, record) + b'"' * 200_000
    assert refused(write_zip(tmp_path, contents)).code == "archive/malformed"


DEFLATED = zlib.compressobj(9, zlib.DEFLATED, -15)
PACKED = DEFLATED.compress(b"x" * 1000) + DEFLATED.flush()
CRC = zlib.crc32(b"x" * 1000)
TRUE = Raw(name=b"a", packed=PACKED, method=8, unpacked=1000, crc=CRC)
ODD_ZIPS = {
    "bytes before": zip_bytes(TRUE, before=b"#!/bin/sh\n"),
    "bytes between": zip_bytes(TRUE, between=b"PK\3\4 hidden"),
    "bytes behind": zip_bytes(TRUE, behind=b"more"),
    "bytes behind a member": zip_bytes(Raw(name=b"a", after=b"hidden"), Raw(name=b"b")),
    "another name in the header": zip_bytes(Raw(name=b"a", local_name=b"b")),
    "another size in the header": zip_bytes(Raw(name=b"a", packed=b"xx", local_unpacked=1)),
    "encrypted": zip_bytes(Raw(name=b"a", flags=1)),
    "strongly encrypted": zip_bytes(Raw(name=b"a", flags=0x41)),
    "lzma": zip_bytes(Raw(name=b"a", method=14)),
    "a wrong checksum": zip_bytes(Raw(name=b"a", packed=b"xx", crc=1)),
    "less than it says": zip_bytes(Raw(name=b"a", packed=b"xx", unpacked=3)),
    "a streamed member without sizes": zip_bytes(Raw(name=b"a", packed=b"xx", flags=8)),
    "a streamed member with other sizes": zip_bytes(
        Raw(name=b"a", packed=b"xx", flags=8, after=struct.pack("<4s3L", b"PK\7\x08", 1, 2, 2))
    ),
    "another name for some": zip_bytes(Raw(name=b"a", extra=struct.pack("<2HBL", 0x7075, 6, 1, 0) + b"b")),
    "another size for some": zip_bytes(Raw(name=b"a", extra=struct.pack("<2HQ", 1, 8, 9))),
    "a folder with bytes": zip_bytes(Raw(name=b"a/", packed=b"xxx", mode=0)),
    "a folder for some": zip_bytes(Raw(name=b"a", mode=stat.S_IFDIR | 0o755)),
    "cut off": zip_bytes(TRUE)[:-10],
    "cut off early": zip_bytes(TRUE)[5:],
    "deflate that goes on": zip_bytes(Raw(name=b"a", packed=PACKED + b"more", method=8, unpacked=1000, crc=CRC)),
    "deflate that is cut off": zip_bytes(Raw(name=b"a", packed=PACKED[:-2], method=8, unpacked=1000, crc=CRC)),
    "no deflate at all": zip_bytes(Raw(name=b"a", packed=b"\xff" * 99, method=8, unpacked=1000, crc=CRC)),
    "empty file": b"",
    "a comment with a directory": zip_bytes(TRUE, comment=zip_bytes(Raw(name=b"b"))),
    "text": b"<html>not found</html>" * 9,
}  # fmt: skip


@pytest.mark.parametrize("content", ODD_ZIPS.values(), ids=ODD_ZIPS)
def test_a_zip_that_readers_read_differently_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "archive.zip").write_bytes(content)
    assert refused(tmp_path / "archive.zip").code == "archive/malformed"


def test_two_members_of_the_same_bytes_are_refused(tmp_path: Path) -> None:
    """The overlapping kind of bomb: many directory entries for one piece of data."""
    whole = bytearray(zip_bytes(Raw(name=b"a", packed=b"x" * 9)))
    start = whole.rfind(b"PK\1\2")
    end = whole.rfind(b"PK\5\6")
    entry = bytes(whole[start:end])
    whole[end:end] = entry
    struct.pack_into("<2HL", whole, end + len(entry) + 8, 2, 2, 2 * len(entry))
    (tmp_path / "archive.zip").write_bytes(whole)
    assert refused(tmp_path / "archive.zip").code in ("archive/malformed", "archive/duplicate-member")


def _header(name: str, size: int, *, kind: bytes = b"0") -> bytes:
    entry = tarfile.TarInfo(name)
    entry.type, entry.size = kind, size
    return entry.tobuf(tarfile.USTAR_FORMAT)


FILE = tar_bytes(Part(name="a", content=b"x" * 600))
ODD_TARS = {
    "cut off in a file": FILE[:900], "cut off in a header": FILE[:1536] + b"x" * 100, "text": b"<html>" * 100,
    "empty": b"", "a wrong checksum": FILE[:1] + b"b" + FILE[2:],
    "bytes behind the end": FILE + bytes(1024) + tar_bytes(Part(name="hidden")),
    "sparse": _header("a", 0, kind=b"S") + bytes(1024), "unknown type": _header("a", 0, kind=b"Z") + bytes(1024),
    "a multi-volume part": _header("a", 0, kind=b"M") + bytes(1024),
    "a folder with bytes": _header("a", 600, kind=b"5") + FILE, "a link with bytes": _header("a", 600, kind=b"1") + FILE,
    "a long name that is a bomb": _header("a", 10**9, kind=b"L"),
    "an extended header that is a bomb": _header("a", 10**9, kind=b"x"),
}  # fmt: skip


@pytest.mark.parametrize("content", ODD_TARS.values(), ids=ODD_TARS)
def test_a_tar_that_readers_read_differently_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "archive.tar").write_bytes(content)
    assert refused(tmp_path / "archive.tar").code == "archive/malformed"


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({"size": "3"}, b"x"), ({"size": "-1"}, b"x"), ({"GNU.sparse.major": "1"}, b"x"), ({"path": "y"}, b"g"),
        ({"size": "7"}, b"g"), ({"linkpath": "y"}, b"g"),
    ],
)  # fmt: skip
def test_extended_headers_do_not_contradict(headers: dict[str, str], kind: bytes, tmp_path: Path) -> None:
    assert refused(write_pax(tmp_path, headers, kind=kind)).code == "archive/malformed"


def test_extended_headers_are_obeyed(tmp_path: Path) -> None:
    assert refused(write_pax(tmp_path, {"path": "../x"})).code == "archive/path-escape"
    link = Part(name="x", type=SYMLINK, target="y")
    assert refused(write_pax(tmp_path, {"linkpath": "/etc"}, part=link)).code == "archive/link"
    assert inspect_archive(write_pax(tmp_path, {"path": "y", "size": "7", "mtime": "1.5"})).unpacked == 7
    assert inspect_archive(write_pax(tmp_path, {"comment": "0" * 40}, kind=b"g")).members == 1


def test_a_bomb_stops_where_its_header_lies(tmp_path: Path) -> None:
    zeros = zeros_deflated(GIB)
    (tmp_path / "archive.zip").write_bytes(
        zip_bytes(Raw(name=b"a", packed=zeros, method=8, unpacked=1000, crc=1))
    )
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refused(tmp_path / "archive.zip").code == "archive/too-large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024


def gz_bomb(content: bytes) -> bytes:
    """A gzip file of this beginning and a GiB of zeros."""
    head = zlib.compressobj(9, zlib.DEFLATED, -15)
    start = head.compress(content) + head.flush(zlib.Z_FULL_FLUSH)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + start + zeros_deflated(GIB) + bytes(8)


@pytest.mark.parametrize(
    "start", [_header("a", 8**11 - 1), tar_bytes(Part(name="a"))], ids=["in a file", "behind the end"]
)
def test_a_bomb_in_a_tar_stops(start: bytes, tmp_path: Path) -> None:
    (tmp_path / "a-1.tar.gz").write_bytes(gz_bomb(start))
    assert refused(tmp_path / "a-1.tar.gz").code == "archive/too-large"


@pytest.mark.parametrize("packing", ["bz2", "xz", "zst"])
def test_bombs_of_every_packing_stop(packing: str, tmp_path: Path) -> None:
    import bz2
    import lzma

    pack: dict[str, Callable[[bytes], bytes]] = {
        "bz2": bz2.compress,
        "xz": lzma.compress,
        "zst": zstd_compress,
    }
    path = tmp_path / f"a-1.tar.{packing}"
    path.write_bytes(pack[packing](tar_bytes(Part(name="a", content=bytes(80 * 1024**2)))))
    assert refused(path).code == "archive/too-large"


def test_a_bomb_inside_a_conda_package_stops(tmp_path: Path) -> None:
    path = write_conda(tmp_path, Part(name="a", content=bytes(80 * 1024**2)))
    assert refused(path).code == "archive/too-large"


def test_too_many_members_are_too_large(tmp_path: Path) -> None:
    path = write_tar(tmp_path, *(Part(name=f"a{number}") for number in range(11)))
    with pytest.raises(ArchiveRefused) as caught:
        inspect_archive(path, limits=Limits(members=10))
    assert caught.value.code == "archive/too-large"


def test_gzip_files_behind_each_other_end_somewhere(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "a-1.tar.gz").write_bytes(gzip.compress(b"") * 20_000)
    assert refused(tmp_path / "a-1.tar.gz").code == "archive/malformed"


def test_all_findings_stand_in_the_one_error(tmp_path: Path) -> None:
    path = write_tar(
        tmp_path, Part(name="a"), Part(name="a"), Part(name="../b"), Part(name="c", type=SYMLINK, target="/d"),
        Part(name="e", type=tarfile.FIFOTYPE), Part(name="f\x1b"),
    )  # fmt: skip
    error = refused(path)
    assert [finding.code for finding in error.findings] == [
        "archive/path-escape", "archive/link", "archive/special-file", "archive/duplicate-member", "archive/malformed",
    ]  # fmt: skip
    assert error.message == "archive.tar: the member '../b' leaves its folder"
    assert (
        error.detail.splitlines()[0]
        == "archive/link: the member 'c' is a link whose target '/d' has an absolute path"
    )
    assert "\x1b" not in str(error)


def test_very_many_findings_are_bounded(tmp_path: Path) -> None:
    path = write_tar(tmp_path, *(Part(name=f"../{number}") for number in range(500)), Part(name="/x"))
    assert len(refused(path).findings) <= 101


CONDA = {
    "bin/.pkg-pre-link.sh": "build/link-script", "bin/.pkg-pre-unlink.sh": "build/link-script",
    "Scripts/.pkg-post-link.bat": "build/link-script", "python-scripts/.pkg-post-link.sh": "build/link-script",
    "etc/conda/deactivate.d/x.sh": "build/activate-script", "etc/conda/activate.d/x.fish": "build/activate-script",
    "etc/conda/env_vars.d/x.json": "build/activate-script",
    "lib/python3.11/site-packages/x.pth": "build/pth-file", "site-packages/x.pth": "build/pth-file",
    "site-packages/sitecustomize.py": "build/startup-module",
}  # fmt: skip


@pytest.mark.parametrize("name", CONDA)
def test_what_a_conda_package_would_run_is_told(name: str, tmp_path: Path) -> None:
    found = inspect_archive(write_conda(tmp_path, Part(name=name))).findings
    assert [(finding.code, finding.subject) for finding in found] == [(CONDA[name], name)]
    import bz2

    old = tmp_path / "pkg-1.0-0.tar.bz2"
    old.write_bytes(bz2.compress(tar_bytes(Part(name=name), Part(name="info/index.json", content=b"{}"))))
    assert [finding.code for finding in inspect_archive(old).findings] == [CONDA[name]]


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        (
            "info/link.json",
            b'{"noarch": {"type": "python", "entry_points": ["../x = a:b"]}}',
            "archive/script-path",
        ),
        ("info/paths.json", b'{"paths": [{"_path": "../../x"}]}', "archive/path-escape"),
        ("info/files", b"a\n/etc/passwd\n", "archive/path-escape"),
        ("info/paths.json", b"[" * 100_000, "archive/malformed"),
        ("info/paths.json", b"\xff", "archive/malformed"),
    ],
    ids=["script", "paths", "files", "deep", "bytes"],
)
def test_the_lists_of_a_conda_package_lead_nowhere_else(
    name: str, content: bytes, code: str, tmp_path: Path
) -> None:
    path = write_conda(tmp_path, Part(name="a"), info=(Part(name=name, content=content),))
    assert refused(path).code == code


def test_other_parts_of_a_conda_package_are_refused(tmp_path: Path) -> None:
    part = zstd_compress(tar_bytes(Part(name="a")))
    for names in (
        ["pkg-a.tar.zst", "pkg-b.tar.zst"],
        ["pkg-a.tar.zst", "evil"],
        ["info-a.tar.zst"],
        ["sub/pkg-a.tar.zst"],
    ):
        path = write_zip(tmp_path, dict.fromkeys(names, part), "pkg-1.0-0.conda")
        assert refused(path).code == "archive/malformed"


PTH = {
    "evil.pth": "build/pth-file", "EVIL.PTH": "build/pth-file", "pkg-1.0.data/purelib/evil.pth": "build/pth-file",
    "pkg-1.0.data/platlib/evil.pth": "build/pth-file",
    "pkg-1.0.data/data/lib/python3.11/site-packages/evil.pth": "build/pth-file",
    "sitecustomize.py": "build/startup-module", "usercustomize/__init__.py": "build/startup-module",
    "sitecustomize.cpython-311-x86_64-linux-gnu.so": "build/startup-module",
    "pkg-1.0.data/purelib/sitecustomize.pyc": "build/startup-module",
}  # fmt: skip


@pytest.mark.parametrize("name", PTH)
def test_what_a_wheel_runs_at_start_up_is_told(name: str, tmp_path: Path) -> None:
    found = inspect_archive(write_wheel(tmp_path, more={name: b"x"})).findings
    assert [(finding.code, finding.level.value) for finding in found] == [(PTH[name], "note")]


@pytest.mark.parametrize(
    "name", ["pkg/weights.pth", "pkg/sitecustomize.py", "mysitecustomize.py", "pkg-1.0.data/data/share/x.pth"]
)
def test_what_no_python_reads_at_start_up_is_not_told(name: str, tmp_path: Path) -> None:
    assert inspect_archive(write_wheel(tmp_path, more={name: b"x"})).findings == ()


@pytest.mark.parametrize(
    "name",
    ["p-1/x.pth", "p-1/src/x.pth", "p-1/data/x.pth", "p-1/sitecustomize.py", "p-1/src/usercustomize.py"],
)
def test_what_a_source_could_install_for_start_up_is_told(name: str, tmp_path: Path) -> None:
    found: Inspection = inspect_archive(write_tar(tmp_path, Part(name=name)))
    assert len(found.findings) == 1


def test_no_archive_is_no_archive(tmp_path: Path) -> None:
    from envbuilder.errors import BuildError

    os.mkfifo(tmp_path / "a.tar")
    (tmp_path / "b.rar").touch()
    (tmp_path / "d.whl").mkdir()
    for name in ("a.tar", "b.rar", "c.whl", "d.whl"):
        with pytest.raises(BuildError) as caught:
            inspect_archive(tmp_path / name)
        assert caught.value.code == "archive/unreadable"


def test_the_content_is_what_the_name_says(tmp_path: Path) -> None:
    for name in ("a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tgz", "a.zip", "a.conda", "a.tar.zst"):
        (tmp_path / name).write_bytes(FILE)
        assert refused(tmp_path / name).code == "archive/malformed"


def test_what_zipfile_streams_is_read(tmp_path: Path) -> None:
    """Sizes behind the bytes, as every writer to a pipe makes them."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise OSError

        def seek(self, *_: Any) -> int:
            raise OSError

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a", b"x" * 1000)
        with packed.open("b", "w", force_zip64=True) as large:
            large.write(b"y" * 2000)
    (tmp_path / "archive.zip").write_bytes(pipe.getvalue())
    assert inspect_archive(tmp_path / "archive.zip").unpacked == 3000


def test_a_program_gets_all_refusals_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    error = refused(write_tar(tmp_path, Part(name="../a"), Part(name="b"), Part(name="b")))
    assert report_failure(error, machine=True) == 2
    told = json.loads(capsys.readouterr().out)["error"]
    assert told["code"] == "archive/path-escape"
    assert [finding["code"] for finding in told["findings"]] == [
        "archive/path-escape",
        "archive/duplicate-member",
    ]


def test_the_large_form_of_zip_is_read_and_has_to_agree(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 1)
    path = write_zip(tmp_path, {"a": b"x", "b": b"y"}, "a.zip")
    content = bytearray(path.read_bytes())
    assert b"PK\6\6" in content
    assert inspect_archive(path).members == 2
    for at in (24, 32, 40, 48, 8):  # members here and in all, bytes and start of the directory, the locator
        odd = bytearray(content)
        odd[content.find(b"PK\6\6") + at] ^= 1
        path.write_bytes(odd)
        assert refused(path).code == "archive/malformed"


@pytest.mark.parametrize("name", ["RECORD", "entry_points.txt", "METADATA"])
def test_metadata_is_bounded_too(name: str, tmp_path: Path) -> None:
    contents = wheel_contents(scripts="[console_scripts]\nok = a:b\n")
    contents[f"pkg-1.0.dist-info/{name}"] += {"RECORD": b"a\n", "METADATA": b"x"}.get(
        name, b"a=b\n"
    ) * 20_000_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refused(write_zip(tmp_path, contents)).code == "archive/too-large"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300 * 1024


def test_a_record_of_endless_lines_ends(tmp_path: Path) -> None:
    contents = wheel_contents()
    contents["pkg-1.0.dist-info/RECORD"] += b"a\n" * 5_000_000
    assert refused(write_zip(tmp_path, contents)).code == "archive/too-large"
