"""Real requests, from an index on the loopback, ended at every phase: the next one succeeds and finds nothing."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.shop import Good, open_shop, stock
from envbuilder.api.stages import acquire
from envbuilder.settings import Settings
from envbuilder.store.layout import Layout

ROOT = Path(__file__).parents[2]

REQUEST = """
import platform, sys
from envbuilder.api.stages import acquire
from envbuilder.store import faults
def hook(point):
    if point == sys.argv[2]:
        print("there", flush=True)
        sys.stdin.read()
faults.hook = hook
with acquire(sys.argv[1], as_of="now", python=platform.python_version()) as session:
    print(session.python)
"""

PHASES = ("start", "resolve", "record", "leased", "download", "install", "compile", "verify", "publish")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Good]]:
    folder = tmp_path_factory.mktemp("shop")
    (good,) = stock(folder, 1)
    with open_shop(folder) as url:
        yield url, good


@pytest.fixture
def environ(shop: tuple[str, Good], tmp_path: Path) -> dict[str, str]:
    (tmp_path / "tmp").mkdir()
    own = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    return own | {
        "ENVBUILDER_HOME": str(tmp_path / "store"), "UV_DEFAULT_INDEX": shop[0],
        "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path / "tmp"),
    }  # fmt: skip


def ask(good: Good, environ: dict[str, str], point: str = "") -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", REQUEST, str(good.model), point]
    return subprocess.Popen(
        argv, env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def left(environ: dict[str, str]) -> list[Path]:
    layout = Layout(Path(environ["ENVBUILDER_HOME"]))
    places = (Path(environ["TMPDIR"]), layout.tmp, layout.trash)
    found = [path for place in places for path in place.iterdir()]
    return [*found, *layout.uv_cache.rglob(".tmp*")]


@pytest.mark.parametrize("phase", PHASES)
def test_after_a_kill_in_any_phase_the_next_request_succeeds_and_nothing_is_left(
    shop: tuple[str, Good], environ: dict[str, str], phase: str
) -> None:
    good = shop[1]
    with ask(good, environ, phase) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "there\n"
        first.kill()
    with ask(good, environ) as second:
        out, err = second.communicate(timeout=120)
    assert second.returncode == 0, err
    assert subprocess.run([out.strip(), "-I", "-c", f"import {good.name}"], check=False).returncode == 0
    assert left(environ) == []
    store = Layout(Path(environ["ENVBUILDER_HOME"]))
    assert len(list(store.environments.iterdir())) == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_who_is_asked_to_end_cleans_up_by_itself(
    shop: tuple[str, Good], environ: dict[str, str], number: signal.Signals, code: int
) -> None:
    argv = [sys.executable, "-c", CLI, "build", str(shop[1].model), "--as-of", "now", "--python", "host"]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"there\n"
        time.sleep(0.1)
        child.send_signal(number)
        _, err = child.communicate(timeout=60)
    assert (child.returncode, b"Traceback" in err) == (code, False)
    assert left(environ) == []
    assert list(Layout(Path(environ["ENVBUILDER_HOME"])).environments.iterdir()) == []


CLI = """
import sys, time
from envbuilder.__main__ import main
from envbuilder.store import faults
def hook(point):
    if point == "install":
        print("there", flush=True)
        time.sleep(60)
faults.hook = hook
main()
"""


def test_a_limit_of_the_configuration_is_kept_after_a_build(
    shop: tuple[str, Good], environ: dict[str, str], tmp_path: Path
) -> None:
    store = Layout(Path(environ["ENVBUILDER_HOME"]))
    settings = Settings.from_environ({**environ, "ENVBUILDER_MAX_AGE": "1d"})
    version = platform.python_version()
    with acquire(shop[1].model, as_of="now", python=version, settings=settings) as session:
        env_id, old = session.env_id, session.prefix
    os.utime(store.use_lock(env_id), (1, 1))
    other = tmp_path / "other"
    other.mkdir()
    (other / "requirements.txt").write_text("pip==24.0\n")
    with acquire(other, as_of="now", python=version, settings=settings) as session:
        assert session.env_id != env_id
        assert session.prefix.exists()
    assert not old.exists()
