"""The short listing agrees exactly where the long one finds nothing."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from envbuilder.environment import Environment
from envbuilder.store import glance
from envbuilder.store.index import NAME, WORTH_A_PROCESS, index_of, unchanged
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


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A folder of as many files as two processes look at, and its index."""
    rows = []
    for number in range(WORTH_A_PROCESS):
        path = tmp_path / f"{number:05}"
        path.touch()
        status = path.lstat()
        rows.append(
            Row(
                path=path.name,
                kind="f",
                mode=status.st_mode & 0o7777,
                size=0,
                mtime_ns=status.st_mtime_ns,
                digest="",
            )
        )
    (tmp_path / FOLDER).mkdir()
    (tmp_path / FOLDER / NAME).write_bytes(index_of(rows, "0" * 64))
    return tmp_path


@pytest.fixture(params=["fork", "no fork", "nobody waits"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The ways in which a second process comes and ends; what was forked is noted."""
    forked: list[str] = []
    fork = os.fork

    def noted() -> int:
        if request.param == "no fork":
            raise BlockingIOError("too many processes")
        forked.append(request.param)
        return fork()

    monkeypatch.setattr(os, "fork", noted)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    before = signal.signal(
        signal.SIGCHLD, signal.SIG_IGN if request.param == "nobody waits" else signal.SIG_DFL
    )
    yield forked
    signal.signal(signal.SIGCHLD, before)


@pytest.mark.filterwarnings(
    "ignore:This process .* is multi-threaded:DeprecationWarning"
)  # xdist's own threads
@pytest.mark.parametrize("harmed", [None, 0, WORTH_A_PROCESS - 1])
def test_two_processes_see_what_one_sees(many: Path, way: list[str], harmed: int | None) -> None:
    if harmed is not None:
        (many / f"{harmed:05}").write_bytes(b"more")
    assert unchanged(many, FOLDER, "0" * 64, forks=True) is (harmed is None)
    assert unchanged(many, FOLDER, "0" * 64) is (harmed is None)
    assert len(way) <= 1


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_second_process_that_is_killed_has_seen_nothing(
    many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fork = os.fork

    def killed() -> int:
        child = fork()
        if child == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return child

    monkeypatch.setattr(os, "fork", killed)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    assert not unchanged(many, FOLDER, "0" * 64, forks=True)
