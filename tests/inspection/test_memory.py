"""What a closure is kept as comes back the same, and no bytes in its place are ever believed."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.digests import PATH_HEX, digest
from envbuilder.findings import Origin
from envbuilder.inspection.closure import Closure, Wanted
from envbuilder.inspection.memory import find_closure, save_closure
from envbuilder.inspection.roles import Role
from envbuilder.store.layout import Layout, open_layout

KEY = digest("a request")

texts = st.text(max_size=12)
origins = st.none() | st.builds(Origin, file=texts, line=st.integers(0, 99), column=st.integers(0, 99))
wanted = st.builds(
    Wanted, name=texts, version=texts, role=st.sampled_from(Role), logged=texts, origin=origins
)
closures = st.builds(
    Closure, lock_id=texts, spec_id=texts, resolution=texts, implementation=texts, python=wanted,
    packages=st.lists(wanted, max_size=4).map(tuple), files=st.lists(st.tuples(texts, texts), max_size=3).map(tuple),
    absent=st.lists(texts, max_size=3).map(tuple),
)  # fmt: skip


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    return open_layout(tmp_path_factory.mktemp("home") / "store")


@given(closure=closures)
def test_a_closure_comes_back(layout: Layout, closure: Closure) -> None:
    save_closure(layout, KEY, closure)
    assert find_closure(layout, KEY) == closure
    other = KEY[:PATH_HEX] + "0" * (len(KEY) - PATH_HEX)
    assert find_closure(layout, other) is None


@given(content=st.binary(max_size=200))
def test_other_bytes_are_no_closure(layout: Layout, content: bytes) -> None:
    path = layout.record("inspections", f"{KEY[:PATH_HEX]}.json")
    path.write_bytes(content)
    assert find_closure(layout, KEY) is None


def test_a_store_that_cannot_be_written_is_no_failure(tmp_path: Path) -> None:
    layout = open_layout(tmp_path / "store")
    (layout.root / "inspections" / "v1").rmdir()
    (layout.root / "inspections").rmdir()
    (layout.root / "inspections").write_text("in the way")
    python = Wanted(name="python", version="3.8", role=Role.PYTHON)
    closure = Closure(
        lock_id="", spec_id="", resolution="", implementation="cpython", python=python, packages=()
    )
    save_closure(layout, KEY, closure)
    assert find_closure(layout, KEY) is None
