"""The short listing agrees exactly where the long one finds nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.environment import Environment
from envbuilder.store import glance
from envbuilder.store.index import NAME, index_of, unchanged
from envbuilder.store.manifest import FOLDER, read_manifest
from envbuilder.store.store import Store
from envbuilder.store.survey import Row
from tests.store.fakes import ENV_ID
from tests.store.test_glance import CHEAP, opened

LISTINGS = {"no list", "another list", "added at the top"}
"""What the index does not look at: files.tsv itself, and the top folder, which stays writable."""


def agrees(made: Environment) -> bool:
    manifest = read_manifest(made.prefix)
    assert manifest
    return unchanged(made.prefix, FOLDER, manifest.files_digest)


def test_a_new_environment_agrees(made: Environment) -> None:
    assert agrees(made)


@pytest.mark.parametrize("case", sorted(CHEAP.keys() - LISTINGS))
def test_whatever_the_listing_finds_disagrees(made: Environment, case: str) -> None:
    CHEAP[case][0](made.prefix)
    assert not agrees(made)


def _shorten(content: bytes) -> bytes:
    return content[:-1]


def _turn(content: bytes) -> bytes:
    return content[:200] + bytes([content[200] ^ 1]) + content[201:]


def _empty(_: bytes) -> bytes:
    return b""


@pytest.mark.parametrize("harm", [_shorten, _turn, _empty])
def test_a_damaged_index_is_not_believed(
    made: Environment, store: Store, harm: Callable[[bytes], bytes]
) -> None:
    path = made.prefix / FOLDER / NAME
    path.write_bytes(harm(path.read_bytes()))
    assert not agrees(made)
    glance._whole.clear()
    assert store.find(ENV_ID) == made


def test_an_environment_without_an_index_is_compared_with_its_listing(
    made: Environment, store: Store
) -> None:
    (made.prefix / FOLDER / NAME).unlink()
    glance._whole.clear()
    assert store.find(ENV_ID) == made
    opened(made.prefix).unlink()
    glance._whole.clear()
    assert store.find(ENV_ID) is None


def test_odd_names_keep_their_bytes(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9\t\\ \n")
    (tmp_path / "folder").mkdir()
    (tmp_path / name).write_bytes(b"12")
    (tmp_path / "link").symlink_to(name)
    status, folder = (tmp_path / name).lstat(), (tmp_path / "folder").lstat()
    rows = (
        Row(path=name, kind="f", mode=status.st_mode & 0o7777, size=2, mtime_ns=status.st_mtime_ns, digest="x"),
        Row(
            path="folder", kind="d", mode=folder.st_mode & 0o7777, size=0, mtime_ns=folder.st_mtime_ns,
            digest="",
        ),
        Row(path="link", kind="l", mode=0, size=0, mtime_ns=0, digest=name),
    )  # fmt: skip
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / NAME).write_bytes(index_of(rows, "0" * 64))
    assert unchanged(tmp_path, FOLDER, "0" * 64)
    assert not unchanged(tmp_path, FOLDER, "1" * 64)
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to("folder")
    assert not unchanged(tmp_path, FOLDER, "0" * 64)
