"""A tree runs where it is unpacked, with the store that it came from gone."""

from __future__ import annotations

import json
import tarfile
from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.environment import Interpreter
from envbuilder.errors import EnvbuilderError
from envbuilder.exports.elf import read_elf
from envbuilder.exports.result import ExportError
from envbuilder.exports.staging import LEFT_OUT
from envbuilder.exports.treeform import export_tree
from envbuilder.exports.trial import Trial
from tests.builder.wheelsmith import make_sdist, make_wheel
from tests.exports.conftest import GREETING, SCRIPTS, Hold, output, unpacked

ACTIVATED = 'source "$1" && conda-unpack && greet && deactivate'


@pytest.mark.parametrize("engine", ["uv", "pip"])
def test_it_runs_where_it_is_unpacked(hold: Hold, shop: Path, tmp_path: Path, engine: str) -> None:
    held = hold(
        make_wheel(shop, "greeting", files=GREETING, scripts=SCRIPTS), engine=engine, imports=("greeting",)
    )
    exported = export_tree(held, tmp_path / "tree.tar.gz", interpreter=False)
    held.store.root.rename(tmp_path / "gone")
    tree = unpacked(exported.path, tmp_path / "un packed")
    assert output(tree / "bin" / "greet") == f"hello from {tree}"
    if engine == "uv":
        assert output("bash", "-c", ACTIVATED, "bash", tree / "bin" / "activate") == f"hello from {tree}"
    assert exported.needs.python == f"CPython {held.interpreter.version} at {held.interpreter.path}"
    assert not exported.interpreter


def test_the_interpreter_comes_along_where_it_can(
    hold: Hold, shop: Path, tmp_path: Path, running: Interpreter
) -> None:
    files = {"greeting.py": "import ctypes, json, sys\ndef main():\n    print(sys.prefix, sys.base_prefix)\n"}
    held = hold(make_wheel(shop, "greeting", files=files, scripts=SCRIPTS), imports=("greeting",))
    base = running.binary.parent.parent
    if base == Path("/usr") or running.source == "conda":
        with pytest.raises(ExportError, match="the interpreter"):
            export_tree(held, tmp_path / "tree.tar", interpreter=True)
        return
    exported = export_tree(held, tmp_path / "tree.tar", interpreter=True)
    held.store.root.rename(tmp_path / "gone")
    tree = unpacked(exported.path, tmp_path / "unpacked")
    assert output(tree / "bin" / "greet") == f"{tree} {tree}"
    assert exported.interpreter
    assert exported.needs.python == ""
    for path in tree.rglob("*"):
        if path.is_symlink():
            assert not path.readlink().is_absolute()
        elif path.is_file():
            elf = read_elf(path)
            assert elf is None or str(base) not in elf.path
    assert not {path.name for path in tree.glob("lib/python*/*")} & set(LEFT_OUT)


@pytest.mark.parametrize(
    ("binary", "source", "why"),
    [
        ("/usr/bin/python3.11", "system", "is the system's own"),
        ("/opt/conda/bin/python3.11", "conda", "is conda's"),
        ("/opt/homebrew/bin/python3.11", "path", "has its library in another place"),
    ],
)
def test_an_interpreter_that_cannot_move_is_not_taken_along(
    unbuilt: Hold, tmp_path: Path, binary: str, source: str, why: str
) -> None:
    held = unbuilt()
    interpreter = replace(held.interpreter, binary=Path(binary), source=source)
    (held.environment.prefix / "bin").mkdir(parents=True)
    with pytest.raises(ExportError, match=why) as caught:
        export_tree(replace(held, interpreter=interpreter), tmp_path / "tree.tar", interpreter=True)
    assert caught.value.code == "export/not-relocatable"
    assert not (tmp_path / "tree.tar").exists()


def test_it_says_what_it_is(hold: Hold, shop: Path, tmp_path: Path) -> None:
    held = hold(make_wheel(shop, "plain"), make_sdist(shop, "built"))
    exported = export_tree(held, tmp_path / "tree.tar", interpreter=False)
    with tarfile.open(exported.path) as archive:
        content = archive.extractfile(".envbuilder/export.json")
        assert content is not None
        facts = json.load(content)
        names = archive.getnames()
    assert facts["lock_id"] == exported.lock_id == held.lock.lock_id
    assert facts["needs"]["python"] == exported.needs.python
    assert ".envbuilder/pylock.toml" in names
    assert ".envbuilder/manifest.json" not in names


def test_it_has_the_same_bytes_each_time(hold: Hold, shop: Path, tmp_path: Path) -> None:
    held = hold(make_wheel(shop, "greeting", files=GREETING, scripts=SCRIPTS))
    first = export_tree(held, tmp_path / "a.tar.gz", interpreter=False)
    (held.scratch / "again").mkdir()
    second = export_tree(
        replace(held, scratch=held.scratch / "again"), tmp_path / "b.tar.gz", interpreter=False
    )
    assert first.sha256 == second.sha256


def test_what_names_the_store_is_told(hold: Hold, shop: Path, tmp_path: Path) -> None:
    held = hold(
        make_wheel(shop, "plain"), make_wheel(shop, "tied", files={"tied.py": f"# {tmp_path}/store\n"})
    )
    exported = export_tree(held, tmp_path / "tree.tar", interpreter=False)
    assert any("tied.py" in note for note in exported.notes)


def test_what_loads_from_the_first_place_is_no_export(hold: Hold, shop: Path, tmp_path: Path) -> None:
    """A package that goes by a path of its own, which is there on this host alone."""
    (tmp_path / "fixed").mkdir()
    (tmp_path / "fixed" / "elsewhere.py").write_text("")
    code = f"import sys\nsys.path.append({str(tmp_path / 'fixed')!r})\nimport elsewhere\n"
    held = hold(make_wheel(shop, "tied", files={"tied.py": code}), imports=("tied",))
    trial = Trial(
        tree=held.environment.prefix,
        imports=("tied",),
        forbidden=[tmp_path / "fixed"],
        settings=held.settings,
        scratch=held.scratch,
    )
    with pytest.raises(ExportError, match="from the place where it was made") as caught:
        trial.run()
    assert caught.value.code == "export/not-relocatable"


def test_what_needs_its_first_place_is_no_export(hold: Hold, shop: Path, tmp_path: Path) -> None:
    code = "import sys\nassert 'scratch' not in sys.prefix, sys.prefix\n"
    held = hold(make_wheel(shop, "tied", files={"tied.py": code}), imports=("tied",))
    with pytest.raises(ExportError, match="it does not run where it was not made") as caught:
        export_tree(held, tmp_path / "tree.tar", interpreter=False)
    assert "AssertionError" in caught.value.detail
    assert not (tmp_path / "tree.tar").exists()


@pytest.mark.parametrize("name", ["tree", "tree.zip", "tree.tar.bz2", "tree.whl"])
def test_a_name_says_how_it_is_packed(unbuilt: Hold, shop: Path, tmp_path: Path, name: str) -> None:
    held = unbuilt(make_wheel(shop, "plain"))
    with pytest.raises(EnvbuilderError) as caught:
        export_tree(held, tmp_path / name, interpreter=False)
    assert caught.value.code == "usage/invalid"
    assert not (tmp_path / name).exists()


def test_a_link_is_not_written_through(hold: Hold, shop: Path, tmp_path: Path) -> None:
    held = hold(make_wheel(shop, "plain"))
    (tmp_path / "tree.tar").symlink_to(tmp_path / "target")
    with pytest.raises(EnvbuilderError, match="is a link"):
        export_tree(held, tmp_path / "tree.tar", interpreter=False)
    assert not (tmp_path / "target").exists()
