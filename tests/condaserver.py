"""Conda channels on loopback for all parts' tests: a real one in conda-forge's place, and one that nobody may ask."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from envbuilder.conda.questions import Source
from envbuilder.redact import SafeUrl
from fixtures.conda_channel import make
from tests.webserver import Server, serving

CONDA_FORGE = "https://conda.anaconda.org/conda-forge"


@dataclass(frozen=True, kw_only=True)
class Channel:
    """A channel that is served. ``url`` is the mirror to name in a policy's ``[channels] mirrors``."""

    folder: Path
    server: Server
    pythons: tuple[str, ...] = ()
    """The minor versions of the interpreters that it has."""

    @property
    def url(self) -> str:
        return f"{self.server.url}/conda-forge"

    @property
    def source(self) -> Source:
        """conda-forge, fetched here."""
        return Source(channel=CONDA_FORGE, mirrors=(SafeUrl(self.url),))

    @property
    def asked(self) -> list[str]:
        """The paths that were asked for."""
        return [path for path, _ in self.server.seen]


@contextlib.contextmanager
def serving_channel(folder: Path, pythons: tuple[str, ...] = ()) -> Iterator[Channel]:
    """Serve ``folder``/conda-forge."""
    with serving(folder) as server:
        yield Channel(folder=folder / "conda-forge", server=server, pythons=pythons)


@pytest.fixture(scope="session")
def conda_channel_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of the channel, made once for all workers of a run. ``index`` tests only: its wheels come from there."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "conda-channel"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            pythons = make(folder / "conda-forge", tmp_path_factory.mktemp("wheels"))
            (folder / "made").write_text(" ".join(pythons))
    return folder


@pytest.fixture
def conda_channel(conda_channel_folder: Path) -> Iterator[Channel]:
    """Interpreters of this host, scikit-learn and what it needs, served in the place of conda-forge."""
    pythons = tuple((conda_channel_folder / "made").read_text().split())
    with serving_channel(conda_channel_folder, pythons) as channel:
        yield channel


@pytest.fixture
def defaults_channel(tmp_path: Path) -> Iterator[Server]:
    """A server in the place of Anaconda's: ``seen`` must stay empty."""
    folder = tmp_path / "defaults"
    folder.mkdir()
    with serving(folder) as server:
        yield server
