"""The lock that stands beside a model that is registered anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from envbuilder.conda.condalock import read_conda_lock
from envbuilder.registry.registering import _write_lock
from tests.conda.test_condalock import LOCK


def test_each_kind_of_lock_is_written_whole(tmp_path: Path) -> None:
    (tmp_path / "pylock.toml").write_text("old")
    assert _write_lock(LOCK, tmp_path) == ("conda-lock.yml",)
    assert read_conda_lock((tmp_path / "conda-lock.yml").read_text("utf-8")) == LOCK
    assert _write_lock(replace(LOCK, conda=()), tmp_path) == ("pylock.toml", "requirements.locked.txt")
    assert "click" in (tmp_path / "pylock.toml").read_text("utf-8")
