"""Real processes that want too much."""

from __future__ import annotations

import resource
import sys

import pytest

from envbuilder.bounds import GENEROUS, GIB, MODEST, Bounds, exceeded
from envbuilder.errors import ToolError
from envbuilder.interpreters.managed import uv_binary
from envbuilder.process import Finished, neutral_directory, run
from envbuilder.settings import Settings

MIB = 1 << 20
TIGHT = Bounds(memory=300 * MIB, file=MIB)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux sets limits from outside")


def bound(*argv: str, bounds: Bounds = TIGHT) -> Finished:
    with neutral_directory() as directory:
        return run(argv, directory=directory, variables={}, seconds=120, bounds=bounds)


def python(code: str, bounds: Bounds = TIGHT) -> Finished:
    # As long as it takes to be bound: half a second is more than any host needs.
    return bound(sys.executable, "-I", "-c", f"import time; time.sleep(0.5)\n{code}", bounds=bounds)


def test_memory_ends_at_the_bound() -> None:
    assert python("x = bytearray(100_000_000); print(len(x))").stdout == "100000000\n"
    done = python("x = bytearray(400_000_000)")
    assert (done.returncode, exceeded(done.stderr)) == (1, "memory")


def test_a_file_ends_at_the_bound() -> None:
    done = python("open('x', 'wb').write(b'x' * 2_000_000)")
    assert (done.returncode, exceeded(done.stderr)) == (1, "file")


def test_children_are_bound_too() -> None:
    done = python("import subprocess, sys; subprocess.run([sys.executable, '-c', 'bytearray(400_000_000)'])")
    assert exceeded(done.stderr) == "memory"


def test_a_tool_that_dies_of_a_bound_is_an_error_of_its_own() -> None:
    with pytest.raises(ToolError, match=r"python[0-9.]* was ended: a file grew beyond") as caught:
        python(
            "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_DFL); open('x', 'wb').write(b'x' * 2_000_000)"
        )
    assert caught.value.code == "tool/limit"


def test_no_core_is_written_and_no_bound_lies_above_our_own() -> None:
    code = "import resource as r; print(*[r.getrlimit(k)[0] for k in (r.RLIMIT_CORE, r.RLIMIT_DATA, r.RLIMIT_NOFILE)])"
    core, data, files = python(code, GENEROUS).stdout.split()
    assert (core, int(files)) == ("0", resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    own = resource.getrlimit(resource.RLIMIT_DATA)[0]
    assert int(data) == (16 * GIB if own == resource.RLIM_INFINITY else min(own, 16 * GIB))


def test_our_own_tools_are_far_below() -> None:
    """Threads of uv and of OpenBLAS take address space, files are mapped; neither counts."""
    uv = str(uv_binary(Settings.from_environ()))
    for argv in ([uv, "--version"], [sys.executable, "-I", "-c", "import pip"]):
        assert bound(*argv, bounds=Bounds(memory=MODEST.memory // 8, file=MIB)).ok


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("std::bad_alloc", "memory"),
        ("memory allocation of 8589934592 bytes failed", "memory"),
        ("virtual memory exhausted: Cannot allocate memory", "memory"),
        ("Call to `build_wheel` failed (signal: 25 (SIGXFSZ))", "file"),
        ("OSError: [Errno 27] File too large", "file"),
        ("No space left on device", ""),
    ],
)
def test_the_signs(text: str, kind: str) -> None:
    assert exceeded(text) == kind
