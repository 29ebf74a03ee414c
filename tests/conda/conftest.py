"""A small channel without interpreters: packages that try what packages may not do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from envbuilder.conda.host import virtual_packages
from envbuilder.conda.installing import install
from envbuilder.conda.questions import CondaAnswer, CondaQuestion, CondaSolution, Installed
from envbuilder.conda.solving import solve
from envbuilder.lock import CondaPackage
from envbuilder.settings import PASSED_ON, Settings
from fixtures.conda_channel import CURIOUS, PLACEHOLDER, File, Package, index, write
from tests.condaserver import Channel, serving_channel

Solve = Callable[..., CondaAnswer]
Install = Callable[..., Installed]


STUB = Package(
    name="python",
    version="3.8.18",
    build="0_stub",
    files={
        "bin/python3.8": File(data=f"#!/bin/sh\necho {PLACEHOLDER}\n".encode(), mode=0o755, prefix="text")
    },
)
"""What packages for Python are laid out for; nothing of theirs runs."""


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    channel = folder / "conda-forge"
    for package in (STUB, *CURIOUS):
        write(package, channel)
    write(Package(name="plain", version="1.0", files={"share/plain": File(data=b"1")}), channel, old=True)
    index(channel)
    return folder


@pytest.fixture
def small(small_folder: Path, tmp_path: Path) -> Iterator[Channel]:
    """The channel, a copy for each test, since some change it."""
    import shutil

    folder = tmp_path / "channel"
    shutil.copytree(small_folder, folder)
    with serving_channel(folder) as channel:
        yield channel


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    variables = tuple((name, os.environ[name]) for name in PASSED_ON if name in os.environ)
    return Settings(home=tmp_path / "store", user_home=tmp_path, tool_variables=variables)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def question(channel: Channel, *specs: str, **more: object) -> CondaQuestion:
    """Ask for what this host can install."""
    given: dict[str, Any] = {
        "sources": (channel.source,),
        "platform": "linux-x86_64",
        "virtual": virtual_packages("linux-x86_64", floor="glibc-2.36"),
        **more,
    }
    return CondaQuestion(specs=specs, **given)


@pytest.fixture
def solved(small: Channel, settings: Settings, cache: Path) -> Callable[..., tuple[CondaPackage, ...]]:
    """Solve on the small channel, and expect that it can be done."""

    def call(*specs: str, **more: object) -> tuple[CondaPackage, ...]:
        answer = solve(question(small, *specs, **more), cache=cache, settings=settings)
        assert isinstance(answer, CondaSolution), answer
        return answer.packages

    return call


@pytest.fixture
def installed(small: Channel, settings: Settings, cache: Path, tmp_path: Path) -> Install:
    """Install from the small channel into ``tree`` below the test's folder."""

    def call(packages: tuple[CondaPackage, ...], *, tree: str = "tree", **more: object) -> Installed:
        scratch = tmp_path / f"scratch-{tree}"
        given: dict[str, Any] = {"settings": settings, "sources": (small.source,), **more}
        return install(
            packages, tree=tmp_path / tree, final=Path("/final/prefix"), cache=cache, scratch=scratch, **given
        )

    return call
