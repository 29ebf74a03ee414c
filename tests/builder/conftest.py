"""A store, the running Python as interpreter, and locks of files that were made on the spot."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from envbuilder.builder.building import Built, build
from envbuilder.environment import Interpreter
from envbuilder.interpreters.choice import Interpreters
from envbuilder.lock import Artifact, Lock, Target
from envbuilder.settings import PASSED_ON, Settings
from envbuilder.store.store import Store
from tests.builder.wheelsmith import repack_pip

Make = Callable[..., Built]


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Interpreter:
    """The interpreter that runs the tests."""
    folder = Path(os.path.realpath(sys.executable)).parent
    home = tmp_path_factory.mktemp("interpreters")
    settings = Settings(home=home, user_home=home, search_path=(folder,), python_downloads=False)
    version = ".".join(map(str, sys.version_info[:3]))
    return Interpreters(settings=settings, folder=home, system=()).choose(version)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "store")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Where the test's own package files stand."""
    folder = tmp_path / "shop"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def own_pip(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    return repack_pip(tmp_path_factory.mktemp("pip"))


@pytest.fixture
def host(tmp_path: Path) -> Settings:
    """A host without an index: whoever asks one fails at once."""
    variables = tuple((name, os.environ[name]) for name in PASSED_ON if name in os.environ)
    return Settings(
        home=tmp_path / "store",
        user_home=tmp_path,
        tool_variables=variables,
        python_downloads=False,
        offline=True,
    )


@pytest.fixture(params=["uv", "pip"])
def engine(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


def lock_of(
    interpreter: Interpreter, *artifacts: Artifact, engine: str = "uv", imports: tuple[str, ...] = ()
) -> Lock:
    """Return a lock of these files for an interpreter."""
    target = Target(python=interpreter.version, platform=interpreter.platform, floor=interpreter.floor)
    ordered = tuple(sorted(artifacts, key=lambda artifact: artifact.name))
    return Lock(
        target=target, artifacts=ordered, spec_id="0" * 64, engine=engine, as_of=None, imports=imports
    )


@pytest.fixture
def make(
    running: Interpreter, store: Store, host: Settings, engine: str, own_pip: Artifact
) -> Iterator[Make]:
    """Build these files with either engine; the leases are closed at the end."""
    leases = []

    def begin(*artifacts: Artifact, imports: tuple[str, ...] = (), **more: object) -> Built:
        files = (*artifacts, own_pip) if engine == "pip" else artifacts
        lock = lock_of(running, *files, engine=engine, imports=imports)
        arguments = {"interpreter": running, "store": store, "settings": host} | more
        built = build(lock, **arguments)  # type: ignore[arg-type]
        leases.append(built.lease)
        return built

    yield begin
    for lease in leases:
        lease.close()
