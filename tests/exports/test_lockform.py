"""A lock with its wheels, brought to another store with the first one gone and no index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.environment import Interpreter
from envbuilder.errors import EnvbuilderError, InterpreterError
from envbuilder.exports.lockform import export_lock
from envbuilder.exports.manifest import NAME, is_export
from envbuilder.exports.restoring import restore_export
from envbuilder.exports.result import ExportError
from envbuilder.findings import Fidelity
from envbuilder.policy import Builds, Policy
from envbuilder.redact import SafeUrl
from envbuilder.request import Request
from envbuilder.settings import Settings
from tests.builder.wheelsmith import make_sdist, make_wheel
from tests.exports.conftest import GREETING, SCRIPTS, Hold, output


@pytest.mark.parametrize("engine", ["uv", "pip"])
def test_it_comes_back_in_another_store_with_the_first_one_gone(
    hold: Hold, shop: Path, elsewhere: Settings, tmp_path: Path, engine: str
) -> None:
    held = hold(
        make_wheel(shop, "greeting", files=GREETING, scripts=SCRIPTS), engine=engine, imports=("greeting",)
    )
    exported = export_lock(held, tmp_path / "moved.bin")
    held.store.root.rename(tmp_path / "gone")
    shop.rename(tmp_path / "sold")
    restored = restore_export(exported.path, settings=elsewhere)
    with restored.lease:
        prefix = restored.environment.prefix
        assert prefix.is_relative_to(elsewhere.home)
        assert output(prefix / "bin" / "greet") == f"hello from {prefix}"
        assert restored.lock_id == exported.lock_id == held.lock.lock_id
        assert restored.environment.env_id == held.environment.env_id
        assert restored.fidelity is Fidelity.EXACT
    again = restore_export(exported.path, settings=elsewhere)
    with again.lease:
        assert again.hit


def test_it_has_the_same_bytes_each_time(unbuilt: Hold, shop: Path, tmp_path: Path) -> None:
    held = unbuilt(make_wheel(shop, "greeting", files=GREETING), make_wheel(shop, "other"))
    first = export_lock(held, tmp_path / "a")
    second = export_lock(held, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert first.sha256 == second.sha256
    assert first.size == (tmp_path / "a").stat().st_size


def test_what_was_built_is_carried_as_a_wheel_and_said_to_be_one(
    hold: Hold, shop: Path, elsewhere: Settings, tmp_path: Path
) -> None:
    held = hold(make_sdist(shop, "built"), make_wheel(shop, "plain"))
    exported = export_lock(held, tmp_path / "a")
    assert exported.lock_id != held.lock.lock_id
    (change,) = exported.changes
    assert change.code == "export/built-wheel"
    assert change.message == "built 1.0 is carried as the wheel that was built from built-1.0.tar.gz"
    assert change.before == f"sha256:{held.lock.artifacts[0].sha256}"
    restored = restore_export(exported.path, settings=elsewhere)
    with restored.lease:
        assert restored.lock_id == exported.lock_id
        assert restored.environment.env_id != held.environment.env_id
        assert restored.changes == exported.changes
        assert restored.fidelity is Fidelity.ADAPTED
        assert output(restored.environment.python, "-c", "import built, plain; print(plain.VERSION)") == "1.0"


def test_what_was_built_is_the_same_wheel_each_time(hold: Hold, shop: Path, tmp_path: Path) -> None:
    held = hold(make_sdist(shop, "built"))
    first = export_lock(held, tmp_path / "a")
    for wheel in held.scratch.glob("*.whl"):
        wheel.unlink()
    assert export_lock(held, tmp_path / "b").sha256 == first.sha256


def test_a_policy_against_builds_counts_for_what_was_built_elsewhere(
    hold: Hold, shop: Path, elsewhere: Settings, tmp_path: Path
) -> None:
    exported = export_lock(hold(make_sdist(shop, "built")), tmp_path / "a")
    with pytest.raises(EnvbuilderError) as caught:
        restore_export(exported.path, settings=elsewhere, policy=Policy(builds=Builds(sdist="never")))
    assert caught.value.code == "build/from-source"
    with pytest.raises(EnvbuilderError) as caught:
        restore_export(exported.path, settings=elsewhere, request=Request(strict=True))
    assert caught.value.code == "resolve/strict"


def test_options_that_ask_for_another_lock_are_none(
    unbuilt: Hold, shop: Path, elsewhere: Settings, tmp_path: Path
) -> None:
    exported = export_lock(unbuilt(make_wheel(shop, "plain")), tmp_path / "a")
    with pytest.raises(EnvbuilderError) as caught:
        restore_export(exported.path, settings=elsewhere, request=Request(python="3.8"))
    assert caught.value.code == "usage/invalid"


def test_a_host_without_the_python_is_told_which(
    unbuilt: Hold, shop: Path, elsewhere: Settings, tmp_path: Path
) -> None:
    held = unbuilt(make_wheel(shop, "plain"))
    target = replace(held.lock.target, python="3.5.2")
    exported = export_lock(replace(held, lock=replace(held.lock, target=target)), tmp_path / "a")
    with pytest.raises(InterpreterError) as caught:
        restore_export(exported.path, settings=elsewhere)
    assert "'3.5.2'" in caught.value.message


def test_another_patch_release_is_told(
    unbuilt: Hold, shop: Path, elsewhere: Settings, tmp_path: Path, running: Interpreter
) -> None:
    held = unbuilt(make_wheel(shop, "plain"))
    major, minor, patch = running.release
    target = replace(held.lock.target, python=f"{major}.{minor}.{patch + 1}")
    exported = export_lock(replace(held, lock=replace(held.lock, target=target)), tmp_path / "a")
    with pytest.raises(InterpreterError, match="is not at hand"):
        restore_export(exported.path, settings=elsewhere, request=Request(strict=True))
    restored = restore_export(exported.path, settings=elsewhere)
    with restored.lease:
        assert [change.code for change in restored.changes] == ["python/patch"]
        assert restored.environment.python_version == running.version
        assert restored.lock_id == exported.lock_id


def test_a_host_of_another_kind_is_refused(
    unbuilt: Hold, shop: Path, elsewhere: Settings, tmp_path: Path
) -> None:
    held = unbuilt(make_wheel(shop, "plain"))
    target = replace(held.lock.target, platform="linux-sparc64")
    exported = export_lock(replace(held, lock=replace(held.lock, target=target)), tmp_path / "a")
    with pytest.raises(ExportError, match="it is for linux-sparc64") as caught:
        restore_export(exported.path, settings=elsewhere)
    assert caught.value.code == "export/platform"


def test_a_host_with_an_older_system_is_refused(
    unbuilt: Hold, shop: Path, elsewhere: Settings, tmp_path: Path
) -> None:
    pure = make_wheel(shop, "plain")
    compiled = shop / "plain-1.0-py3-none-linux_x86_64.whl"
    (shop / pure.filename).rename(compiled)
    held = unbuilt(replace(pure, filename=compiled.name, url=SafeUrl(compiled.as_uri())))
    system = held.lock.target.floor.partition("-")[0]
    target = replace(held.lock.target, floor=f"{system}-99.1")
    exported = export_lock(replace(held, lock=replace(held.lock, target=target)), tmp_path / "a")
    assert exported.needs.floor == f"{system}-99.1"
    with pytest.raises(ExportError, match=rf"its wheels need {system}-99\.1, this host has") as caught:
        restore_export(exported.path, settings=elsewhere)
    assert caught.value.code == "export/platform"


def test_it_is_known_by_its_bytes(unbuilt: Hold, shop: Path, tmp_path: Path) -> None:
    exported = export_lock(unbuilt(make_wheel(shop, "plain")), tmp_path / "requirements.txt")
    assert is_export(exported.path)
    (tmp_path / "other").write_text(NAME)
    (tmp_path / "link").symlink_to(exported.path)
    assert is_export(tmp_path / "link")
    assert not is_export(tmp_path / "other")
    assert not is_export(tmp_path)
    assert not is_export(tmp_path / "nothing")
