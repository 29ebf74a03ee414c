"""What a spec names inside the model gets its sha256, and its bytes are kept: as read, and only what is open."""

from __future__ import annotations

from pathlib import Path

import pytest

from envbuilder.errors import EnvbuilderError
from envbuilder.policy import Sources
from envbuilder.reader.directory import Directory
from envbuilder.reader.model import read_model
from envbuilder.references.packing import FILENAME
from envbuilder.references.sealing import sealed, tree_digest
from envbuilder.references.shelf import Shelf
from envbuilder.spec import EnvSpec


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    (folder / "tree").mkdir(parents=True)
    (folder / "tree" / "setup.py").write_text("1")
    (folder / "x-1.0-py3-none-any.whl").write_bytes(b"wheel")
    (folder / "requirements.txt").write_text("./x-1.0-py3-none-any.whl\n-e ./tree\nsix\n")
    return folder


def seal(model: Path, spec: EnvSpec, shelf: Shelf, sources: Sources) -> EnvSpec:
    with Directory(model) as directory:
        return sealed(spec, directory, sources, shelf)


def test_the_bytes_are_kept_and_listed(model: Path, shelf: Shelf) -> None:
    spec = seal(model, read_model(model), shelf, Sources(local="allow", editable="warn"))
    wheel, tree = spec.direct
    assert shelf.path(wheel.digest[7:], wheel.path).read_bytes() == b"wheel"
    assert shelf.path(tree.digest[7:], FILENAME).is_file()
    files = {file.path: file.sha256 for file in spec.provenance.files}
    assert (files["x-1.0-py3-none-any.whl"], files["tree/"]) == (wheel.digest[7:], tree.digest[7:])
    with Directory(model) as directory:
        assert tree_digest(directory, "tree") == tree.digest[7:]


def test_what_is_closed_is_not_read(model: Path, shelf: Shelf, tmp_path: Path) -> None:
    (model / "tree" / "link").symlink_to("/etc/passwd")
    spec = read_model(model)
    assert seal(model, spec, shelf, Sources()) == spec
    assert not (tmp_path / "packages").exists()


def test_a_file_that_changes_while_it_is_read(model: Path, shelf: Shelf) -> None:
    spec = read_model(model)
    (model / "x-1.0-py3-none-any.whl").write_bytes(b"other")
    with pytest.raises(EnvbuilderError) as caught:
        seal(model, spec, shelf, Sources(local="allow"))
    assert (caught.value.code, str(caught.value.origin)) == ("input/changed", "requirements.txt:1:1")


def test_a_tree_that_is_none_is_told_with_its_line(model: Path, shelf: Shelf) -> None:
    (model / "tree" / "link").symlink_to("setup.py")
    with pytest.raises(EnvbuilderError) as caught:
        seal(model, read_model(model), shelf, Sources(local="allow", editable="allow"))
    assert (caught.value.code, str(caught.value.origin)) == ("input/symlink", "requirements.txt:2:1")
