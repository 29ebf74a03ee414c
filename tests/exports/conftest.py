"""Environments of packages that were made on the spot, held as an export takes them."""

from __future__ import annotations

import datetime
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.builder.building import build
from envbuilder.environment import Environment, Interpreter, environment_id
from envbuilder.exports.gathering import Holding
from envbuilder.lock import Artifact
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT
from envbuilder.settings import Settings
from envbuilder.store.store import Store
from tests.builder.conftest import host, lock_of, own_pip, running, shop, store

__all__ = ["host", "own_pip", "running", "shop", "store"]

Hold = Callable[..., Holding]

GREETING = {
    "greeting/__init__.py": "import sys\ndef main():\n    print('hello from', sys.prefix)\n",
    "greeting/words.txt": "hello\n",
}
SCRIPTS = {"greet": "greeting:main"}


@pytest.fixture
def hold(running: Interpreter, store: Store, host: Settings, own_pip: Artifact) -> Iterator[Hold]:
    """Build artifacts into an environment of the test's store and hold it."""
    with ExitStack() as leases:

        def held(*artifacts: Artifact, engine: str = "uv", imports: tuple[str, ...] = ()) -> Holding:
            own = (own_pip,) if engine == "pip" else ()
            lock = lock_of(running, *artifacts, *own, engine=engine, imports=imports)
            built = build(lock, interpreter=running, store=store, settings=host)
            leases.enter_context(built.lease)
            scratch = store.layout.tmp / f"scratch-{engine}-{len(artifacts)}"
            scratch.mkdir(exist_ok=True)
            return Holding(
                lock=lock,
                environment=built.environment,
                interpreter=running,
                store=store,
                settings=host,
                policy=DEFAULT,
                progress=SILENT,
                scratch=scratch,
            )

        yield held


@pytest.fixture
def unbuilt(running: Interpreter, store: Store, host: Settings) -> Hold:
    """Hold a lock of wheels whose environment nobody made: its export reads none."""

    def held(*artifacts: Artifact) -> Holding:
        lock = lock_of(running, *artifacts)
        prefix = store.root / "nowhere"
        environment = Environment(
            env_id=environment_id(lock, running),
            lock_id=lock.lock_id,
            prefix=prefix,
            python=prefix / "bin" / "python",
            python_version=running.version,
            built_at=datetime.datetime.now(datetime.timezone.utc),
            packages=len(artifacts),
        )
        return Holding(
            lock=lock,
            environment=environment,
            interpreter=running,
            store=store,
            settings=host,
            policy=DEFAULT,
            progress=SILENT,
            scratch=store.layout.tmp,
        )

    return held


@pytest.fixture
def elsewhere(host: Settings, running: Interpreter, tmp_path: Path) -> Settings:
    """Another host of the same kind: an empty store, the same interpreter, an index that does not answer."""
    return replace(host, home=tmp_path / "elsewhere", search_path=(running.path.parent,), offline=False)


def output(*argv: str | Path) -> str:
    """What a program says, started from the root folder without any variable."""
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, cwd="/", env={"PATH": "/usr/bin:/bin"}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def unpacked(archive: Path, folder: Path) -> Path:
    """Unpack a tree as anybody does."""
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="fully_trusted")
    return folder
