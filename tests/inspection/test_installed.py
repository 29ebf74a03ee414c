"""Reading site folders: every form that installers left in ten years, and nothing that they left by mistake."""

from __future__ import annotations

import importlib.metadata
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.inspection.installed import installed

METADATA = "Metadata-Version: 2.1\nName: x\nVersion: {}\n\nVersion: 7\n"


def put(site: Path, path: str, text: str = METADATA.format("1.0")) -> None:
    file = site / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@pytest.mark.parametrize(
    ("path", "text", "name", "version"),
    [
        ("numpy-1.20.1.dist-info/METADATA", METADATA.format("1.20.1"), "numpy", "1.20.1"),
        ("Scikit_Learn-0.24.1.dist-info/METADATA", METADATA.format("0.24.1"), "scikit-learn", "0.24.1"),
        ("zope.interface-5.0.dist-info/METADATA", METADATA.format("5.0"), "zope-interface", "5.0"),
        ("torch-1.8.0+cu111.dist-info/METADATA", METADATA.format("1.8.0+cu111"), "torch", "1.8.0+cu111"),
        ("torch-1.8.0_cu111.dist-info/METADATA", METADATA.format("1.8.0+cu111"), "torch", "1.8.0+cu111"),
        ("old-1_2.0.dist-info/METADATA", METADATA.format("1!2.0"), "old", "1!2.0"),
        ("thing.dist-info/METADATA", METADATA.format("3.1"), "thing", "3.1"),
        ("six-1.15.0-py3.8.egg-info/PKG-INFO", METADATA.format("1.15.0"), "six", "1.15.0"),
        ("six-1.15.0-py3.8.egg-info", METADATA.format("1.15.0"), "six", "1.15.0"),
        ("wx-4.0-py3.8-linux-x86_64.egg-info/PKG-INFO", METADATA.format("4.0"), "wx", "4.0"),
        ("distro_python-1.0.egg-info", METADATA.format("1.0"), "distro-python", "1.0"),
        ("pyver-1.0-py3.10.egg-info/PKG-INFO", METADATA.format("1.0"), "pyver", "1.0"),
        ("mine.egg-info/PKG-INFO", METADATA.format("0.1.dev3"), "mine", "0.1.dev3"),
    ],
)  # fmt: skip
def test_a_form_of_metadata(tmp_path: Path, path: str, text: str, name: str, version: str) -> None:
    put(tmp_path, path, text)
    assert installed([str(tmp_path)], {name}) == {name: (version,)}


def test_an_egg_on_the_path(tmp_path: Path) -> None:
    egg = tmp_path / "foo_bar-1.2-py3.6.egg"
    put(egg, "EGG-INFO/PKG-INFO", METADATA.format("1.2"))
    assert installed([str(egg)], {"foo-bar"}) == {"foo-bar": ("1.2",)}


@pytest.mark.parametrize(
    "path",
    [
        "thing-1.0.dist-info/RECORD",  # what a broken uninstall leaves
        "~hing-1.0.dist-info/METADATA",  # what pip leaves while it replaces one
        "thing.dist-info/RECORD",
        "thing-1.0.dist-info.bak/METADATA",
        "thing/METADATA",
        "thing.py",
        "thing.egg-link",
    ],
)
def test_what_is_no_package(tmp_path: Path, path: str) -> None:
    put(tmp_path, path)
    assert installed([str(tmp_path)], {"thing"}) == {}


def test_a_version_is_a_field_of_the_head_alone(tmp_path: Path) -> None:
    put(tmp_path, "thing.dist-info/METADATA", "Name: thing\n\nVersion: 2.0\n")
    assert installed([str(tmp_path)], {"thing"}) == {}


def test_an_earlier_folder_hides_a_later_one(tmp_path: Path) -> None:
    put(tmp_path / "a", "thing-1.0.dist-info/METADATA")
    put(tmp_path / "b", "thing-2.0.dist-info/METADATA")
    folders = [str(tmp_path / "nowhere"), str(tmp_path / "a"), str(tmp_path / "b"), "\0"]
    assert installed(folders, {"thing"}) == {"thing": ("1.0",)}
    assert installed(reversed(folders), {"thing"}) == {"thing": ("2.0",)}


def test_two_in_one_folder_are_told(tmp_path: Path) -> None:
    put(tmp_path, "thing-1.0.dist-info/METADATA")
    put(tmp_path, "thing-2.0.dist-info/METADATA")
    assert {name: set(versions) for name, versions in installed([str(tmp_path)], {"thing"}).items()} == {
        "thing": {"1.0", "2.0"}
    }


def test_this_environment_is_as_importlib_has_it() -> None:
    names = ["pytest", "hypothesis", "packaging", "click", "ruff", "mypy", "pyyaml", "envbuilder"]
    found = installed(sys.path, set(names))
    assert found == {name: (importlib.metadata.version(name),) for name in names}


@given(
    stem=st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=40)
)
def test_no_name_of_a_file_is_too_odd(tmp_path_factory: pytest.TempPathFactory, stem: str) -> None:
    site = tmp_path_factory.mktemp("site")
    for end in (".dist-info", ".egg-info"):
        put(site, f"{stem}{end}/METADATA")
    for versions in installed([str(site)], {"a", "thing"}).values():
        assert all(versions)
