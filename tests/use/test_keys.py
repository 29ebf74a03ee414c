"""Addresses change with what matters, and with nothing else."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.policy import DEFAULT
from envbuilder.reader.directory import Directory
from envbuilder.reader.model import CONDA_FILES, PYTHON_ENV, REQUIREMENTS, read_model
from envbuilder.request import Request
from envbuilder.settings import Settings
from envbuilder.use.keys import WELL_KNOWN, Snapshot, host_key, snapshot


def taken(model: Path) -> Snapshot | None:
    with Directory(model) as directory:
        return snapshot(directory)


def test_a_snapshot_holds_the_well_known_files_that_are_there(model: Path) -> None:
    seen = taken(model)
    assert seen is not None
    assert [name for name, _ in seen.files] == ["MLmodel", "python_env.yaml", "requirements.txt"]
    assert seen.agrees_with(read_model(model).provenance)


def test_every_file_that_the_reader_looks_for_by_itself_is_well_known() -> None:
    assert set(WELL_KNOWN) == {"MLmodel", *CONDA_FILES, PYTHON_ENV, REQUIREMENTS}


def test_a_model_that_changes_while_it_is_read_is_noticed(model: Path) -> None:
    seen = taken(model)
    assert seen is not None
    (model / "requirements.txt").write_text("thing==2.0\n")
    assert not seen.agrees_with(read_model(model).provenance)


def test_a_file_that_vanishes_meanwhile_is_noticed(model: Path) -> None:
    (model / "conda.yaml").write_text("dependencies:\n- python=3.8\n")
    seen = taken(model)
    (model / "conda.yaml").unlink()
    assert seen is not None
    assert not seen.agrees_with(read_model(model).provenance)


@pytest.mark.parametrize("what", ["link", "fifo", "huge"])
def test_what_the_parser_refuses_has_no_address(model: Path, what: str) -> None:
    path = model / "conda.yaml"
    match what:
        case "link":
            path.symlink_to("/etc/hostname")
        case "fifo":
            os.mkfifo(path)
        case _:
            path.write_bytes(b"#" * (2 * 1024 * 1024))
    assert taken(model) is None


def test_how_it_is_asked_counts_and_how_it_is_fetched_does_not(model: Path, settings: Settings) -> None:
    seen = taken(model)
    assert seen is not None

    def key(request: Request) -> str:
        return seen.request_key(request, settings, DEFAULT)

    plain = Request()
    assert key(plain) == key(replace(plain, offline=True)) == key(replace(plain, refresh=True))
    assert len({key(plain), key(replace(plain, python="3.9")), key(replace(plain, strict=True))}) == 3


def test_the_host_is_part_of_every_address(
    model: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = taken(model)
    assert seen is not None
    before = seen.request_key(Request(), settings, DEFAULT)
    assert os.uname().machine in host_key()
    monkeypatch.setattr("envbuilder.use.keys.host_key", lambda: "another host")
    assert seen.request_key(Request(), settings, DEFAULT) != before
