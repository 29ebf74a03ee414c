"""Each artifact is looked at once, by whoever asks, and never again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.errors import StoreError
from envbuilder.licensing.access import Access
from envbuilder.licensing.gathering import Gathering, Unread
from envbuilder.licensing.library import Library
from envbuilder.licensing.metadata import Metadata
from envbuilder.limits import Limits
from envbuilder.store.collect import collect
from envbuilder.store.layout import Layout
from tests.licensing import smith
from tests.webserver import Server

METADATA = smith.metadata(
    "toy", "License: caf\u00e9", "Classifier: License :: OSI Approved", "Requires-Dist: a"
)


@pytest.fixture
def library(layout: Layout) -> Library:
    return Library(layout)


def test_an_artifact_costs_once_for_all_models_and_runs(
    shop: Path, server: Server, access: Access, library: Library
) -> None:
    artifact = smith.artifact(smith.wheel(shop, "toy", METADATA, beside=True), "toy", server.url)
    first = Gathering(library=library, access=access)
    first.gather([artifact, artifact])
    first.gather([artifact])
    second = Gathering(library=library, access=access)
    second.gather([artifact])
    assert isinstance(first.of(artifact), Metadata)
    assert first.of(artifact) == second.of(artifact)
    assert len(server.seen) == 1


def test_what_cannot_be_had_is_told_once_and_tried_again_by_the_next_run(
    shop: Path, server: Server, access: Access, library: Library
) -> None:
    path = smith.wheel(shop, "toy", METADATA)
    artifact = smith.artifact(path, "toy", server.url)
    path.rename(shop / "gone")
    gathering = Gathering(library=library, access=access)
    gathering.gather([artifact])
    found = gathering.of(artifact)
    assert isinstance(found, Unread)
    assert "404" in found.reason
    (shop / "gone").rename(path)
    again = Gathering(library=library, access=access)
    again.gather([artifact])
    assert isinstance(again.of(artifact), Metadata)


def test_the_digest_of_a_licence_file_is_kept_also_where_there_is_none(
    shop: Path, server: Server, access: Access, library: Library
) -> None:
    path = smith.wheel(shop, "toy", METADATA, files={"toy-1.0.dist-info/LICENSE": b"x"})
    artifact = smith.artifact(path, "toy", server.url)
    first = Gathering(library=library, access=access)
    found = [first.file_digest(artifact, name) for name in ("LICENSE", "COPYING")]
    requests = len(server.seen)
    second = Gathering(library=library, access=access)
    assert [second.file_digest(artifact, name) for name in ("LICENSE", "COPYING")] == found
    assert [first.file_digest(artifact, name) for name in ("LICENSE", "COPYING")] == found
    assert len(server.seen) == requests


@pytest.mark.parametrize(
    "damage", [b"", b"{", b"[]", b'{"schema": 99}', b"\xff" * 100, b'{"schema":1,"sha256":7}']
)
def test_a_damaged_record_counts_as_absent(library: Library, layout: Layout, damage: bytes) -> None:
    sha256 = "ab" * 32
    library.keep_metadata(sha256, Metadata(names=("x",)))
    (record,) = (layout.root / "metadata" / "v1").rglob("*.json")
    record.write_bytes(damage)
    assert library.metadata(sha256) is None


def test_the_record_of_another_artifact_is_none_of_this_one(library: Library) -> None:
    library.keep_metadata("ab" * 32, Metadata(names=("x",)))
    assert library.metadata("ab" * 20 + "cd" * 12) is None


def test_records_keep_everything_and_outlive_collections(library: Library, layout: Layout) -> None:
    whole = Metadata(
        names=("x",), versions=("1",), expressions=("MIT",), licenses=("a\n b",), classifiers=("é\ud800",),
        license_files=("L",), requires=("y",), cut=True,
    )  # fmt: skip
    library.keep_metadata("ab" * 32, whole)
    collect(layout, Limits(max_size=0), grace=0)
    assert library.metadata("ab" * 32) == whole


def test_the_largest_record_can_be_read_again(library: Library) -> None:
    largest = Metadata(licenses=("\u00e9" * 16 * 1024,) * 32, names=("x",))
    library.keep_metadata("ab" * 32, largest)
    assert library.metadata("ab" * 32) == largest


def test_an_error_of_the_store_ends_the_run_at_once(
    shop: Path, server: Server, access: Access, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = smith.wheel(shop, "toy", METADATA, beside=True)
    artifacts = [replace(smith.artifact(path, "toy", server.url), sha256=f"{n:064x}") for n in range(100)]

    def full(*_: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(library, "keep_metadata", full)
    with pytest.raises(StoreError, match="the disk is full"):
        Gathering(library=library, access=access).gather(artifacts)
    assert len(server.seen) < 50


def test_offline_it_answers_from_what_is_known(
    shop: Path, server: Server, access: Access, library: Library
) -> None:
    known = smith.artifact(smith.wheel(shop, "toy", METADATA, beside=True), "toy", server.url)
    Gathering(library=library, access=access).gather([known])
    other = replace(known, sha256="0" * 64)
    server.shutdown()
    gathering = Gathering(library=library, access=access)
    gathering.gather([known])
    assert isinstance(gathering.of(known), Metadata)
    assert isinstance(gathering.of(other), Unread)
