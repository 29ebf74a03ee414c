"""An environment of conda packages, unpacked in another place with the store that it came from gone."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from envbuilder.builder.building import build
from envbuilder.errors import UsageError
from envbuilder.exports.condatree import PLACES
from envbuilder.exports.exporting import _form
from envbuilder.exports.gathering import Holding
from envbuilder.exports.placeholders import Placed, restored
from envbuilder.exports.result import ExportError, ExportForm
from envbuilder.exports.treeform import export_tree
from envbuilder.interpreters.probe import probe
from envbuilder.progress import SILENT
from envbuilder.settings import Settings
from envbuilder.store.manifest import FOLDER
from envbuilder.store.store import Store
from fixtures.conda_channel import PLACEHOLDER
from tests.builder.condasmith import conda_lock_of, policy_for, small_channel, smallest_channel
from tests.builder.wheelsmith import make_wheel
from tests.exports.conftest import output, unpacked

LOUD = {"loud.py": "import sys, placed\ndef main():\n    print('loud in', sys.prefix)\n"}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The export of a store that is gone; its notes stand beside it."""
    own = tmp_path_factory.getbasetemp()
    channel = small_channel(own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own)
    folder = tmp_path_factory.mktemp("conda-export")
    wheel = make_wheel(folder, "loud", files=LOUD, scripts={"shout": "loud:main"})
    lock = conda_lock_of(channel, "placed", "pure", artifacts=(wheel,), imports=("placed", "pure", "loud"))
    settings = Settings(home=folder / "store", user_home=folder, python_downloads=False)
    store, policy = Store.open(settings.home), policy_for(channel)
    built = build(lock, interpreter=None, store=store, settings=settings, policy=policy)
    with built.lease:
        held = Holding(
            lock=lock,
            environment=built.environment,
            interpreter=probe(built.environment.python, source="conda")[0],
            store=store,
            settings=settings,
            policy=policy,
            progress=SILENT,
            scratch=store.layout.tmp,
        )
        made = export_tree(held, folder / "tree.tar", interpreter=False)
    assert made.interpreter
    assert made.packages == 4
    (folder / "notes").write_text("\n".join(made.notes))
    for path in store.root.rglob("*"):
        if path.is_dir():
            path.chmod(0o755)
    shutil.rmtree(store.root)
    return made.path


def test_it_runs_where_it_is_unpacked_and_knows_its_place_once_told(exported: Path, tmp_path: Path) -> None:
    tree = unpacked(exported, tmp_path / "un packed")
    assert output(tree / "bin" / "greet-pure") == f"pure in {tree}"
    assert output(tree / "bin" / "shout") == f"loud in {tree}"
    assert output(tree / "bin" / "place") == f"hello from {tree} {PLACEHOLDER}"
    for _ in range(2):
        assert output(tree / "bin" / "conda-unpack") == ""
        assert output(tree / "bin" / "place") == f"hello from {tree} {tree}"
    content = (tree / "lib" / "placed.bin").read_bytes()
    assert f"\0data\0{tree}/share:{tree}/etc\0".encode() in content
    assert content.endswith(b"more\0\0")
    assert len(content) == len(b"\0data\0/share:/etc\0more\0\0") + 2 * len(PLACEHOLDER)


def test_nothing_in_it_names_the_store(exported: Path, tmp_path: Path) -> None:
    tree = unpacked(exported, tmp_path / "tree")
    old = os.fsencode(exported.parent / "store")
    naming = [p for p in tree.rglob("*") if p.is_file() and not p.is_symlink() and old in p.read_bytes()]
    assert naming == []
    assert "run bin/conda-unpack once" in (exported.parent / "notes").read_text()
    listed = json.loads((tree / FOLDER / PLACES).read_text())
    assert {item["path"] for item in listed if "placed" in item["path"]} == {
        "lib/placed.bin", "lib/python3.8/site-packages/placed.py"
    }  # fmt: skip
    assert not list(tree.rglob("__pycache__/placed.*"))
    kept = [path.name for path in tree.rglob("*.pyc")]
    assert "pure.cpython-38.pyc" in kept
    assert not [name for name in kept if name.startswith("os.")]


def test_a_place_that_is_too_long_is_told_and_changes_nothing(exported: Path, tmp_path: Path) -> None:
    tree = unpacked(exported, tmp_path / ("x" * 200) / ("y" * 60))
    done = subprocess.run([tree / "bin" / "conda-unpack"], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "is longer than 255 bytes" in done.stderr
    assert PLACEHOLDER.encode() in (tree / "lib" / "placed.bin").read_bytes()


def test_only_a_tree_brings_conda_packages(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    own = tmp_path_factory.getbasetemp()
    channel = smallest_channel(own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own)
    lock = conda_lock_of(channel, "pure")
    assert _form(None, lock, tmp_path / "x.tar.gz") is ExportForm.TREE
    assert _form(None, dataclasses.replace(lock, conda=()), tmp_path / "x") is ExportForm.LOCK
    with pytest.raises(UsageError, match="exported as a tree alone"):
        _form(ExportForm.LOCK, lock, tmp_path / "x.tar")
    with pytest.raises(UsageError, match="no name of a tree"):
        _form(None, lock, tmp_path / "x.zip")


def test_a_compiled_file_that_others_changed_cannot_be_told_its_place() -> None:
    placed = Placed(path="lib/x", placeholder=PLACEHOLDER, binary=True, sha256="0" * 64)
    with pytest.raises(ExportError, match="is not as its package has it") as caught:
        restored(b"\0/old/place/lib\0", placed, b"/old/place")
    assert caught.value.code == "export/not-relocatable"
