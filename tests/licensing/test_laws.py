"""No bytes of a package, an index or a store make a reader fail in another way than it says."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from envbuilder.errors import EnvbuilderError
from envbuilder.licensing.archive import from_zip, licence_file, wheel_metadata
from envbuilder.licensing.pages import _digests
from envbuilder.licensing.pyproject import project_metadata
from envbuilder.licensing.sdist import sdist_parts
from envbuilder.licensing.setuptools_requires import read_requires
from tests.licensing import smith

METADATA = smith.metadata("toy", "License: MIT")


def a_wheel() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("toy/__init__.py", "x = 1\n" * 50)
        archive.writestr("toy-1.0.dist-info/METADATA", METADATA)
    return buffer.getvalue()


def an_sdist() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        files = {"PKG-INFO": METADATA, "toy.egg-info/requires.txt": b"six\n"}
        return smith.sdist(Path(folder), "toy", files).read_bytes()


WHEEL, SDIST = a_wheel(), an_sdist()


def damaged(whole: bytes) -> st.SearchStrategy[bytes]:
    """The whole with some bytes replaced, and perhaps cut."""
    edits = st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=6)

    def apply(changes: list[tuple[int, int]], end: int) -> bytes:
        content = bytearray(whole)
        for place, value in changes:
            content[place] = value
        return bytes(content[: len(content) - end])

    return st.builds(apply, edits, st.integers(0, 3))


@given(st.binary(max_size=200) | damaged(WHEEL), st.sampled_from([wheel_metadata, licence_file("LICENSE")]))
def test_a_damaged_wheel_is_read_or_refused(
    content: bytes, wanted: Callable[[list[str]], str | None]
) -> None:
    try:
        found = from_zip(io.BytesIO(content), wanted)
    except EnvbuilderError as error:
        assert error.code == "license/unreadable"
    else:
        assert found is None or isinstance(found, bytes)


@given(st.binary(max_size=200) | damaged(SDIST))
def test_a_damaged_source_distribution_is_read_or_refused(content: bytes) -> None:
    with tempfile.TemporaryFile() as stream:
        stream.write(content)
        stream.seek(0)
        try:
            sdist_parts(stream, "toy-1.0.tar.gz")
        except EnvbuilderError as error:
            assert error.code == "license/unreadable"


@given(st.binary(max_size=300) | st.text("[]:#\n xa='\"<>", max_size=80).map(str.encode))
def test_requirements_of_setuptools(content: bytes) -> None:
    assert all(isinstance(line, str) for line in read_requires(content))


@given(st.binary(max_size=200) | st.text('[project]\nlicense="{}=,', max_size=80).map(str.encode))
def test_the_project_table(content: bytes) -> None:
    assert project_metadata(content, "toy").names == ("toy",)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["files", "hashes", "sha256", "core-metadata", "dist-info-metadata"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=15,
)


@given(values)
def test_the_page_of_an_index(page: object) -> None:
    found = _digests(json.loads(json.dumps(page)))
    assert all(isinstance(value, str) for pair in found.items() for value in pair)
