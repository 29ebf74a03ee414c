"""Tools that outlived their starter are ended, with their children, and nobody else is."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from envbuilder.orphans import PROC, end_orphans
from envbuilder.process import PREFIX, neutral_directory

SLEEP = "import time; time.sleep(100)"
PARENT = f"""
import subprocess, sys
subprocess.Popen([sys.executable, "-c", {SLEEP!r}], cwd="/", start_new_session=True)
print("up", flush=True)
{SLEEP}
"""

pytestmark = pytest.mark.skipif(not PROC.exists(), reason="needs proc(5)")


def working_in(folder: Path, code: str = SLEEP) -> subprocess.Popen[bytes]:
    environ = {**os.environ, "TMPDIR": str(folder)}
    return subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    with working_in(tmp_path / "work2") as child:
        yield child
        child.kill()


def test_a_tool_and_its_children_are_ended_and_nobody_else(
    tmp_path: Path, other: subprocess.Popen[bytes]
) -> None:
    with working_in(tmp_path / "work" / "deep", PARENT) as tool:
        assert tool.stdout is not None
        tool.stdout.readline()
        assert end_orphans(tmp_path / "work") == 2
        assert tool.wait(timeout=10) == -9
    assert other.poll() is None
    assert end_orphans(tmp_path / "work") == 0


KILLED = """
import os, signal, sys
from pathlib import Path
from envbuilder.process import neutral_directory, run
with neutral_directory(Path(sys.argv[1])) as directory:
    (directory / "file").write_text("")
    tool = "import sys, time; print('up', file=sys.stderr, flush=True); time.sleep(100)"
    tell = lambda line: print(line, flush=True)
    run([sys.executable, "-c", tool], directory=directory, variables={}, on_line=tell)
"""


def test_the_directory_of_a_killed_process_is_gone_with_its_tool(tmp_path: Path) -> None:
    root = Path(__file__).parents[1]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(root)}, stdout=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        child.stdout.readline()
        with neutral_directory(tmp_path):
            assert len(list(tmp_path.glob(f"{PREFIX}*"))) == 2
        from envbuilder.process import sweep_directories

        child.kill()
        child.wait()
    sweep_directories.cache_clear()
    with neutral_directory(tmp_path) as directory:
        assert list(tmp_path.iterdir()) == [directory]
    assert end_orphans(tmp_path) == 0
