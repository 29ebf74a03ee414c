"""uv's own downloads, from a list and an archive of our making: no network."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path

import pytest

from envbuilder.errors import InterpreterError
from envbuilder.interpreters.choice import Interpreters
from envbuilder.interpreters.managed import refusal
from envbuilder.settings import Settings

FAKE = """#!/bin/sh
case "$*" in *INSTSONAME*)
  echo "{\\"executable\\": \\"$0\\", \\"library\\": \\"\\", \\"version\\": \\"3.8.20\\", \\"level\\": \\"final\\",
   \\"implementation\\": \\"cpython\\", \\"soabi\\": \\"cpython-38-x86_64-linux-gnu\\", \\"abiflags\\": \\"\\",
   \\"platform\\": \\"linux-x86_64\\", \\"bits\\": 64, \\"musl\\": false, \\"libc\\": \\"glibc 2.36\\", \\"mac\\": \\"\\",
   \\"conda\\": false}";;
esac
"""


class Recorder:
    """Keeps the phases that it is told."""

    def __init__(self) -> None:
        self.phases: list[tuple[str, str]] = []

    def phase(self, name: str, detail: str = "") -> None:
        self.phases.append((name, detail))

    def advance(self, done: int, total: int) -> None:
        pass

    def wait(self, detail: str) -> None:
        pass


@pytest.fixture
def offer(tmp_path: Path) -> Path:
    """A list of downloads with one Python, 3.8.20, and the archive beside it."""
    tree = tmp_path / "tree" / "python" / "bin"
    tree.mkdir(parents=True)
    executable = tree / "python3.8"
    executable.write_text(FAKE)
    executable.chmod(0o755)
    for name in ("python", "python3"):
        (tree / name).symlink_to("python3.8")
    library = tree.parent / "lib" / "python3.8"
    library.mkdir(parents=True)
    (library / "_sysconfigdata__linux_x86_64-linux-gnu.py").write_text(
        "# system configuration generated and used by the sysconfig module\nbuild_time_vars = {}\n"
    )
    archive = tmp_path / "python.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(tmp_path / "tree" / "python", arcname="python")
    entry = {
        "name": "cpython", "arch": {"family": "x86_64", "variant": None}, "os": "linux", "libc": "gnu",
        "major": 3, "minor": 8, "patch": 20, "prerelease": "", "url": archive.as_uri(),
        "sha256": hashlib.sha256(archive.read_bytes()).hexdigest(), "variant": None, "build": "20241002",
    }  # fmt: skip
    listing = tmp_path / "downloads.json"
    listing.write_text(json.dumps({"cpython-3.8.20-linux-x86_64-gnu": entry}))
    return listing


def host(tmp_path: Path, listing: Path | None = None, **more: object) -> Settings:
    variables = (("UV_PYTHON_DOWNLOADS_JSON_URL", str(listing)),) if listing else ()
    return Settings(
        home=tmp_path / "store",
        user_home=tmp_path / "home",
        tool_variables=variables,
        **more,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("wish", ["3.8.20", "3.8", ">=3.7,<3.9", "3.8.8"])
def test_uv_fetches_what_the_host_lacks(tmp_path: Path, offer: Path, wish: str) -> None:
    folder = tmp_path / "store" / "pythons"
    progress = Recorder()
    interpreters = Interpreters(settings=host(tmp_path, offer), folder=folder, system=())
    found = interpreters.choose(wish, progress=progress)
    assert (found.version, found.source) == ("3.8.20", "uv")
    assert found.path.is_relative_to(folder)
    assert progress.phases[0] == ("interpreter", f"fetching Python {wish}")
    again = Interpreters(settings=host(tmp_path, python_downloads=False), folder=folder, system=())
    assert again.choose(wish) == found


def test_a_damaged_archive_is_refused(tmp_path: Path, offer: Path) -> None:
    listing = json.loads(offer.read_text())
    listing["cpython-3.8.20-linux-x86_64-gnu"]["sha256"] = "0" * 64
    offer.write_text(json.dumps(listing))
    interpreters = Interpreters(settings=host(tmp_path, offer), folder=tmp_path / "pythons", system=())
    with pytest.raises(InterpreterError, match=r"download by uv of 3\.8\.20: (?i:[^\n]*hash mismatch)"):
        interpreters.choose("3.8.20")
    assert interpreters.present() == ()


def test_a_python_that_nobody_offers_is_an_error_with_uvs_words(tmp_path: Path, offer: Path) -> None:
    interpreters = Interpreters(settings=host(tmp_path, offer), folder=tmp_path / "pythons", system=())
    with pytest.raises(InterpreterError, match=r"download by uv of 3\.5: No download found"):
        interpreters.choose("3.5.2")


def test_a_mirror_is_where_uv_looks(tmp_path: Path) -> None:
    mirror = (tmp_path / "mirror").as_uri()
    interpreters = Interpreters(
        settings=host(tmp_path, python_mirror=mirror, offline=True), folder=tmp_path / "pythons", system=()
    )
    with pytest.raises(InterpreterError, match=r"mirror/\d+/cpython-3\.12"):
        interpreters.choose("3.12")


def test_when_nothing_may_be_fetched(tmp_path: Path) -> None:
    assert refusal(host(tmp_path)) == ""
    assert refusal(host(tmp_path, python_downloads=False)) == "downloads of interpreters are switched off"
    assert refusal(host(tmp_path, offline=True)) == "offline"
    assert refusal(host(tmp_path, offline=True, python_mirror="https://mirror.example.org/")) == "offline"
    assert refusal(host(tmp_path, offline=True, python_mirror="file:///mnt/pythons")) == ""
