"""Many processes on one cache, and processes that are killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from envbuilder.conda.questions import CondaSolution
from envbuilder.conda.solving import solve
from envbuilder.settings import Settings
from fixtures.conda_channel import File, Package, index, write
from tests.conda.conftest import question
from tests.condaserver import Channel

ROOT = Path(__file__).parents[2]

WORK = """
import json, sys
from pathlib import Path
from envbuilder.conda.host import virtual_packages
from envbuilder.conda.installing import install
from envbuilder.conda.questions import CondaQuestion, CondaSolution, Source
from envbuilder.conda.solving import solve
from envbuilder.redact import SafeUrl
from envbuilder.settings import Settings
url, folder, name = sys.argv[1], Path(sys.argv[2]), sys.argv[3]
sources = (Source(channel="https://conda.anaconda.org/conda-forge", mirrors=(SafeUrl(url),)),)
settings = Settings(home=folder, user_home=folder)
virtual = virtual_packages("linux-x86_64", floor="glibc-2.36")
question = CondaQuestion(specs=("many", "entrypoint"), sources=sources, platform="linux-x86_64", virtual=virtual)
answer = solve(question, cache=folder / "cache", settings=settings)
assert isinstance(answer, CondaSolution), answer
print("solved", flush=True)
install(answer.packages, tree=folder / name, final=folder / "final", cache=folder / "cache", sources=sources,
        settings=settings, scratch=folder / f"scratch-{name}")
print("done", flush=True)
"""


def worker(channel: Channel, folder: Path, name: str) -> subprocess.Popen[str]:
    environ = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "HOME": str(folder)}
    return subprocess.Popen(
        [sys.executable, "-c", WORK, channel.url, str(folder), name], env=environ, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.fixture
def many(small: Channel) -> Channel:
    """The small channel and a package of many files."""
    files = {f"share/many/{number}": File(data=os.urandom(20000)) for number in range(300)}
    write(Package(name="many", files=files), small.folder)
    index(small.folder)
    return small


def contents(tree: Path) -> dict[str, bytes]:
    found = (path for path in tree.rglob("*") if path.is_file() and not path.is_symlink())
    return {str(path.relative_to(tree)): path.read_bytes() for path in found}


def test_six_processes_on_one_cache(many: Channel, tmp_path: Path) -> None:
    workers = [worker(many, tmp_path, f"tree-{number}") for number in range(6)]
    for process in workers:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    trees = [contents(tmp_path / f"tree-{number}") for number in range(6)]
    assert len(trees[0]) > 300
    assert all(tree == trees[0] for tree in trees)
    # One list at a time: the others waited for it.
    assert sorted(path.name for path in (tmp_path / "cache" / "archives").rglob("*.part")) == []


def test_killed_at_any_moment_and_done_again(many: Channel, tmp_path: Path) -> None:
    for number, seconds in enumerate((0.05, 0.2, 0.35, 0.5, 0.7)):
        process = worker(many, tmp_path, f"killed-{number}")
        if number > 1:
            assert process.stdout is not None
            process.stdout.readline()
        time.sleep(seconds)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    process = worker(many, tmp_path, "whole")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    process = worker(many, fresh, "whole")
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    ours, theirs = contents(tmp_path / "whole"), contents(fresh / "whole")
    assert ours.keys() == theirs.keys()
    # The final path of the two is not the same one.
    same = {name for name in ours if ours[name] == theirs[name].replace(bytes(fresh), bytes(tmp_path))}
    assert {name for name in ours if name not in same and not name.startswith("conda-meta/")} == set()


def test_a_list_that_broke_off_is_fetched_again(small: Channel, settings: Settings, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    asked = question(small, "plain")
    assert isinstance(solve(asked, cache=cache, settings=settings), CondaSolution)
    for state in (cache / "repodata").rglob("state.json"):
        file = state.with_name(json.loads(state.read_text())["file"])
        file.write_bytes(file.read_bytes()[:100])
    assert isinstance(solve(asked, cache=cache, settings=settings), CondaSolution)
