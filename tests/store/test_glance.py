"""Damage of every kind is found, and what is none is not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.environment import Environment
from envbuilder.store import glance
from envbuilder.store.glance import Harm, damages, unescaped, whole
from envbuilder.store.manifest import DAMAGED, FOLDER, LISTING, NAME, Manifest, read_manifest
from envbuilder.store.store import Store
from envbuilder.store.survey import escaped
from tests.store.fakes import ENV_ID, make

MODULE = "lib/site/thing/__init__.py"


def opened(prefix: Path, path: str = MODULE) -> Path:
    """Return a file of an environment with its folder and itself writable, as root finds them anyway."""
    found = prefix / path
    found.parent.chmod(0o755)
    if not found.is_symlink():
        found.chmod(0o644 | found.stat().st_mode & 0o111)
    return found


def flip(prefix: Path) -> None:
    """Change a byte and leave size and time as they were, as a bad disk does."""
    found = opened(prefix)
    before = found.stat()
    found.write_bytes(b"y" + found.read_bytes()[1:])
    os.utime(found, ns=(before.st_atime_ns, before.st_mtime_ns))


def turn_link(prefix: Path) -> None:
    link = opened(prefix, "lib/site/link")
    link.unlink()
    link.symlink_to("elsewhere")


def folder_instead(prefix: Path) -> None:
    opened(prefix).unlink()
    (prefix / MODULE).mkdir()


CHEAP: dict[str, tuple[Callable[[Path], object], Harm, str]] = {
    "deleted": (lambda p: opened(p).unlink(), Harm.MISSING, MODULE),
    "truncated": (lambda p: os.truncate(opened(p), 2), Harm.SIZE, MODULE),
    "changed": (lambda p: opened(p).write_bytes(b"y = 2\n"), Harm.CHANGED, MODULE),
    "added": (
        lambda p: (opened(p).parent / "more.py").write_text(""), Harm.ADDED, "lib/site/thing/more.py"),
    "added at the top": (lambda p: (p / "more").write_text(""), Harm.ADDED, "more"),
    "a folder instead": (folder_instead, Harm.KIND, MODULE),
    "no program any more": (lambda p: opened(p, "bin/tool").chmod(0o444), Harm.MODE, "bin/tool"),
    "another link": (turn_link, Harm.CHANGED, "lib/site/link"),
    "no list": (lambda p: (p / FOLDER / LISTING).unlink(), Harm.LISTING, f"{FOLDER}/{LISTING}"),
    "another list": (
        lambda p: (p / FOLDER / LISTING).write_bytes(b""), Harm.LISTING, f"{FOLDER}/{LISTING}"),
}  # fmt: skip


def manifest_of(made: Environment) -> Manifest:
    found = read_manifest(made.prefix)
    assert found
    return found


@pytest.mark.parametrize("case", CHEAP)
def test_damage_is_found_by_sizes_and_times(made: Environment, store: Store, case: str) -> None:
    harm, manifest = CHEAP[case], manifest_of(made)
    assert list(damages(made.prefix, manifest, deep=True)) == []
    harm[0](made.prefix)
    for deep in (False, True):
        found = {(damage.harm, damage.path) for damage in damages(made.prefix, manifest, deep=deep)}
        assert (harm[1], harm[2]) in found


def test_a_flipped_byte_is_found_by_reading(made: Environment) -> None:
    flip(made.prefix)
    manifest = manifest_of(made)
    assert list(damages(made.prefix, manifest, deep=False)) == []
    (damage,) = damages(made.prefix, manifest, deep=True)
    assert (damage.harm, damage.path) == (Harm.CHANGED, MODULE)


def test_other_times_and_bytecode_are_no_damage(made: Environment) -> None:
    cache = opened(made.prefix).parent / "__pycache__"
    cache.mkdir()
    (cache / "__init__.cpython-311.opt-1.pyc").write_bytes(b"")
    for path in made.prefix.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (1, 1))
    manifest = manifest_of(made)
    assert list(damages(made.prefix, manifest, deep=False)) == []
    assert list(damages(made.prefix, manifest, deep=True)) == []


def test_a_hit_looks_once_per_process(made: Environment, store: Store) -> None:
    assert store.find(ENV_ID) == made
    opened(made.prefix).unlink()
    assert store.find(ENV_ID) == made
    glance._whole.clear()
    assert store.find(ENV_ID) is None


def test_what_a_package_wrote_beside_its_modules_is_no_reason_to_build_again(
    made: Environment, store: Store
) -> None:
    (opened(made.prefix).parent / "cache.pickle").write_bytes(b"")
    assert store.find(ENV_ID) == made


def test_a_damaged_hit_is_put_aside_and_built_again(made: Environment, store: Store) -> None:
    opened(made.prefix).unlink()
    with store.lease(ENV_ID):
        assert store.find(ENV_ID) is None
        assert (made.prefix / FOLDER / DAMAGED).exists()
        again = make(store)
        assert again.prefix != made.prefix
        assert whole(again.prefix, manifest_of(again))
    assert str(made.prefix) in (store.root / "events" / "damage.jsonl").read_text()


def test_a_copied_store_is_still_a_store(made: Environment, store: Store, tmp_path: Path) -> None:
    shutil.copytree(store.root, tmp_path / "copy", symlinks=True)
    assert Store.open(tmp_path / "copy").find(ENV_ID) is not None


@given(st.text(alphabet=st.sampled_from("a\\\t\ntn"), max_size=12))
def test_names_come_back_as_they_were(name: str) -> None:
    assert unescaped(escaped(name)) == name


def test_what_was_looked_at_is_told_by_prefix_and_listing(made: Environment, store: Store) -> None:
    assert store.find(ENV_ID)
    (made.prefix / FOLDER / NAME).unlink()
    assert store.find(ENV_ID) is None
