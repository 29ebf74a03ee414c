"""What the tests of the peer share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., Path]:
    """Write files of one model; the argument ``python_env_yaml`` is the file python_env.yaml."""

    def write(**files: str) -> Path:
        folder = tmp_path / "model"
        folder.mkdir(exist_ok=True)
        for name, text in files.items():
            (folder / name.replace("_yaml", ".yaml").replace("_txt", ".txt")).write_bytes(text.encode())
        return folder

    return write
