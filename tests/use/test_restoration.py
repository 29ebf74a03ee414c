"""Restoring: every way to a hit, and everything that must not be one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.errors import EnvbuilderError, UsageError
from envbuilder.findings import Fidelity
from envbuilder.policy import Policy, Sources
from envbuilder.redact import SafeUrl
from envbuilder.request import Request
from envbuilder.settings import Settings
from envbuilder.store.manifest import FOLDER, NAME
from envbuilder.store.store import Store
from envbuilder.use.restoration import Restored, restore
from tests.use.conftest import RESOLVED, Stages

ROOT = Path(__file__).parents[2]


def test_the_second_time_is_a_hit_with_the_same_facts(
    model: Path, settings: Settings, stages: Stages
) -> None:
    first = restore(model, settings=settings)
    second = restore(model, settings=settings)
    assert (first.hit, second.hit) == (False, True)
    assert (stages.resolutions, stages.builds) == (1, 1)

    def facts(restored: Restored) -> list[object]:
        return [
            restored.model, restored.environment, restored.spec_id, restored.lock_id, restored.engine,
            restored.python_requested, restored.as_of, restored.changes, restored.fidelity,
        ]  # fmt: skip

    assert facts(first) == facts(second)
    assert first.python_requested == "3.8.8"
    assert RESOLVED in first.changes
    assert first.fidelity is Fidelity.EXACT
    assert second.seconds.total > 0
    assert not second.lease.closed


def test_a_copy_of_the_model_elsewhere_is_a_hit(
    model: Path, settings: Settings, stages: Stages, tmp_path: Path
) -> None:
    restore(model, settings=settings)
    copy = shutil.copytree(model, tmp_path / "elsewhere")
    assert restore(copy, settings=settings).hit
    assert stages.resolutions == 1


def test_one_environment_file_is_a_hit_too_and_no_model(
    model: Path, settings: Settings, stages: Stages
) -> None:
    file = model / "requirements.txt"
    first = restore(file, settings=settings)
    assert (first.hit, restore(file, settings=settings).hit) == (False, True)
    assert first.spec_id != restore(model, settings=settings).spec_id
    (model / "more.txt").write_text("another\n")
    restore(file, settings=settings)
    assert stages.resolutions == 3


def edit(path: str, text: str) -> Callable[[Path], None]:
    def change(model: Path) -> None:
        (model / path).write_text(text)

    change.__name__ = path
    return change


@pytest.mark.parametrize(
    "change",
    [
        edit("requirements.txt", "-r more.txt\nthing==2.0\n"),
        edit("more.txt", "something-else\n"),
        edit("python_env.yaml", "python: 3.9.1\n"),
        edit("conda.yaml", "dependencies:\n- python=3.7.3\n"),
        lambda model: (model / "more.txt").unlink(),
    ],
)
def test_whatever_changes_in_the_model_is_read_again(
    model: Path, settings: Settings, stages: Stages, change: Callable[[Path], None]
) -> None:
    restore(model, settings=settings)
    change(model)
    try:
        again = restore(model, settings=settings)
    except EnvbuilderError:
        return
    assert stages.resolutions == 2
    assert again.lock_id


def test_a_file_that_nobody_reads_changes_nothing(model: Path, settings: Settings, stages: Stages) -> None:
    restore(model, settings=settings)
    (model / "README.md").write_text("hello")
    assert restore(model, settings=settings).hit


@pytest.mark.parametrize(
    "asked",
    [
        {"request": Request(python="3.9")},
        {"request": Request(as_of="now")},
        {"request": Request(strict=True)},
        {"policy": Policy(sources=Sources(indexes=(SafeUrl("https://example.org/simple"),)))},
    ],
)
def test_another_question_is_another_address(
    model: Path, settings: Settings, stages: Stages, asked: dict[str, object]
) -> None:
    (model / "requirements.txt").write_text("thing==1.0\nmlflow==2.9.2\n")
    restore(model, settings=settings)
    restore(model, settings=settings, **asked)  # type: ignore[arg-type]
    assert stages.resolutions == 2


def test_another_index_of_the_host_is_another_address(
    model: Path, settings: Settings, stages: Stages
) -> None:
    restore(model, settings=settings)
    restore(model, settings=replace(settings, index=SafeUrl("https://example.org/simple")))
    assert stages.resolutions == 2


def test_refresh_resolves_again_and_finds_the_environment(
    model: Path, settings: Settings, stages: Stages
) -> None:
    restore(model, settings=settings)
    restore(model, settings=settings, request=Request(refresh=True))
    assert (stages.resolutions, stages.builds) == (2, 1)


def test_a_lost_environment_is_built_again_from_the_known_lock(
    model: Path, settings: Settings, stages: Stages
) -> None:
    first = restore(model, settings=settings)
    (first.environment.prefix / FOLDER / NAME).unlink()
    again = restore(model, settings=settings)
    assert (stages.resolutions, stages.builds) == (1, 2)
    assert again.lock_id == first.lock_id
    assert restore(model, settings=settings).hit


def test_damaged_records_cost_work_and_nothing_else(
    model: Path, settings: Settings, stages: Stages, store: Store
) -> None:
    first = restore(model, settings=settings)
    for path in store.root.rglob("*.json"):
        if path.parts[-3] in ("requests", "resolutions", "specs") or path.parts[-4] == "resolutions":
            path.write_bytes(path.read_bytes()[:-20])
    again = restore(model, settings=settings)
    assert (stages.resolutions, stages.builds) == (2, 1)
    assert again.environment == first.environment
    assert restore(model, settings=settings).hit


def test_a_lock_whose_python_left_the_host_is_made_again(
    model: Path, settings: Settings, stages: Stages
) -> None:
    first = restore(model, settings=settings)
    shutil.rmtree(first.environment.prefix)
    stages.interpreter = replace(stages.interpreter, version="3.8.99")
    again = restore(model, settings=settings)
    assert stages.resolutions == 2
    assert again.lock_id != first.lock_id


def test_a_foreign_platform_cannot_be_built(model: Path, settings: Settings, stages: Stages) -> None:
    with pytest.raises(UsageError, match="cannot be made on"):
        restore(model, settings=settings, request=Request(platform="macos-arm64"))


def test_a_missing_model_is_the_parsers_to_tell(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(EnvbuilderError, match="nowhere"):
        restore(tmp_path / "nowhere", settings=settings)


HEAVY = {
    "click", "packaging", "platformdirs", "rich", "tomli", "tomli_w", "tomllib", "yaml", "virtualenv",
    "concurrent", "ctypes", "shutil", "subprocess", "tempfile", "envbuilder.codes",
    "envbuilder.process", "envbuilder.reader.model", "envbuilder.rewriter", "envbuilder.resolver",
    "envbuilder.builder", "envbuilder.interpreters", "envbuilder.use.locking",
}  # fmt: skip


def test_a_hit_imports_nothing_heavy(model: Path, settings: Settings, stages: Stages) -> None:
    restore(model, settings=settings)
    code = """
import sys
from pathlib import Path
from envbuilder.settings import Settings
from envbuilder.use.restoration import restore
assert restore(Path(sys.argv[1]), settings=Settings.from_environ()).hit
print(*sys.modules, sep="\\n")
"""
    # -S: what an editable installation's own hooks import is none of ours.
    done = subprocess.run(
        [sys.executable, "-S", "-c", code, str(model)],
        env={"PYTHONPATH": str(ROOT), "ENVBUILDER_HOME": str(settings.home), "HOME": os.environ["HOME"]},
        stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    loaded = set(done.stdout.split())
    assert "envbuilder.use.restoration" in loaded
    assert loaded & HEAVY == set()
