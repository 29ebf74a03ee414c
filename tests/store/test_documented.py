"""What docs/store.md quotes is what the program says."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from envbuilder.cli.cachecare import verified_lines
from envbuilder.errors import StoreError
from envbuilder.store import layout
from envbuilder.store.glance import Damage, Harm
from envbuilder.store.layout import open_layout
from envbuilder.store.trouble import store_error
from envbuilder.store.verify import Verified
from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "store.md").read_text("utf-8")
ELSEWHERE = Path("/srv/envbuilder")


@pytest.mark.parametrize(
    ("number", "doing"),
    [
        (errno.ENOSPC, "publish an environment"),
        (errno.EROFS, "take a build lock"),
    ],
)
def test_the_systems_errors(number: int, doing: str) -> None:
    error = store_error(OSError(number, os.strerror(number)), ELSEWHERE, doing)
    assert f"```\n{error}\n```" in TEXT


def test_a_newer_store(tmp_path: Path) -> None:
    (tmp_path / "format.json").write_text('{"format": 2}')
    with pytest.raises(StoreError) as caught:
        open_layout(tmp_path)
    assert f"```\n{str(caught.value).replace(str(tmp_path), str(ELSEWHERE))}\n```" in TEXT


def test_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_file_system", lambda _: "nfs4")
    with pytest.raises(StoreError) as caught:
        open_layout(tmp_path)
    assert f"```\n{str(caught.value).replace(str(tmp_path), str(ELSEWHERE))}\n```" in TEXT


def test_damage() -> None:
    name = "1f0c3b9e5a7d42c68e10"
    item = Verified(
        prefix=ELSEWHERE / "envs" / "v1" / name,
        env_id=name,
        verdict="damaged",
        damage=(Damage(harm=Harm.CHANGED, path="lib/python3.11/site-packages/numpy/__init__.py"),),
        now_at=ELSEWHERE / "trash" / f"{name}-4711-0",
    )
    assert "\n".join(verified_lines(item)) in TEXT
    assert all(f"`{harm.value}`" in TEXT for harm in Harm)
