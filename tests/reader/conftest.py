from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from envbuilder.reader.directory import Directory
from envbuilder.reader.reading import Reading


@pytest.fixture
def model(tmp_path: Path) -> Callable[..., Path]:
    """Writes files (``name=text`` with ``__`` for a dot) into a fresh model directory."""

    def write(files: dict[str, str | bytes]) -> Path:
        root = tmp_path / "model"
        root.mkdir(exist_ok=True)
        for name, content in files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return root

    return write


@pytest.fixture
def reading(tmp_path: Path) -> Iterator[Callable[[dict[str, str | bytes]], Reading]]:
    """Opens a fresh model directory with these files for reading."""
    with ExitStack() as stack:

        def start(files: dict[str, str | bytes]) -> Reading:
            root = tmp_path / "open"
            root.mkdir(exist_ok=True)
            for name, content in files.items():
                path = root / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.encode() if isinstance(content, str) else content)
            return Reading(stack.enter_context(Directory(root)))

        yield start
