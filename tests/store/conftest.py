"""A fresh store, and processes of their own that use it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from envbuilder.environment import Environment
from envbuilder.store.store import Store

ROOT = Path(__file__).parents[2]

PRELUDE = """
import sys
from pathlib import Path
from envbuilder.store.store import Store
from tests.store.fakes import ENV_ID, fill, make, publish
store = Store.open(Path(sys.argv[1]))
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


@pytest.fixture
def made(store: Store, monkeypatch: pytest.MonkeyPatch) -> Environment:
    """An environment of a store, with a link in it."""
    from tests.store import fakes

    real = fakes.fill

    def fill(tree: Path) -> None:
        real(tree)
        (tree / "lib" / "site" / "link").symlink_to("thing")

    monkeypatch.setattr(fakes, "fill", fill)
    return fakes.make(store)


@pytest.fixture
def start(store: Store) -> Iterator[Start]:
    """Start a process that runs some code with ``store`` open; whatever still lives at the end is killed."""
    started = []

    def begin(code: str, *arguments: str) -> subprocess.Popen[str]:
        argv = [sys.executable, "-c", PRELUDE + textwrap.dedent(code), str(store.root), *arguments]
        environ = {**os.environ, "PYTHONPATH": str(ROOT)}
        child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environ,
        )
        started.append(child)
        return child

    yield begin
    for child in started:
        child.kill()
        child.communicate()
