"""Tools run with an argv list, in an empty directory, with an environment that starts empty."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from envbuilder.errors import ToolError
from envbuilder.process import OUTPUT_LIMIT, Finished, neutral_directory, run


def python(code: str, *, seconds: float = 60, **options: object) -> Finished:
    with neutral_directory() as directory:
        return run(
            [sys.executable, "-I", "-c", code],
            directory=directory,
            variables={},
            seconds=seconds,
            **options,  # type: ignore[arg-type]
        )


def test_nothing_of_our_environment_gets_through(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_INDEX_URL", "UV_INDEX", "PYTHONPATH", "LD_PRELOAD", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "planted")
    done = python("import os; print(dict(os.environ)); print(os.listdir('.'))")
    assert done.ok
    assert "planted" not in done.stdout
    assert done.stdout.splitlines()[1] == "[]"


def test_home_and_temporary_files_are_in_the_neutral_directory() -> None:
    done = python("import os, tempfile; print(os.environ['HOME'] == os.getcwd() == tempfile.gettempdir())")
    assert done.stdout == "True\n"


def test_a_failing_code_is_a_value_and_its_last_words_are_kept() -> None:
    done = python("import sys; print('x' * 10); sys.exit('\\n'.join(map(str, range(50))))")
    assert done.returncode == 1
    assert done.tail(2) == "48\n49"


def test_urls_in_stderr_are_masked_and_lines_arrive_one_by_one() -> None:
    lines: list[str] = []
    done = python(
        "import sys; sys.stderr.write('a\\nhttps://u:hunter2@h.example.org/x\\n')", on_line=lines.append
    )
    assert lines == ["a", "https://****@h.example.org/x"]
    assert "hunter2" not in done.stderr


def test_a_flood_on_stderr_neither_blocks_nor_fills_the_memory_and_its_end_is_kept() -> None:
    done = python("import sys\nsys.stderr.write('x' * 6_000_000 + '\\nthe cause')\nprint('ok')")
    assert done.ok
    assert done.stdout == "ok\n"
    assert done.tail(1) == "the cause"
    first, rest = done.stderr.split("\n", 1)
    assert first == f"… {6_000_010 - OUTPUT_LIMIT} bytes left out"
    assert len(rest) == OUTPUT_LIMIT


def test_half_an_answer_is_none() -> None:
    with pytest.raises(ToolError, match=f"wrote more than {OUTPUT_LIMIT} bytes"):
        python("import sys\nfor s in (sys.stdout, sys.stderr): s.write('x' * 6_000_000)")


def test_what_a_tool_left_in_the_background_does_not_keep_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("envbuilder.process.LINGER", 0.5)
    child = "import time; print('child', flush=True); time.sleep(600)"
    began = time.monotonic()
    done = python(f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {child!r}])")
    assert done.ok
    assert time.monotonic() - began < 60


def test_a_tool_that_closes_its_pipes_and_stays_is_ended() -> None:
    with pytest.raises(ToolError, match="did not end in time"):
        python("import os, time; os.close(1); os.close(2); time.sleep(600)", seconds=2)


def test_a_hanging_tool_and_its_children_are_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    code = (
        "import subprocess, sys, time, pathlib\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(child.pid))\n"
        "time.sleep(600)"
    )
    with pytest.raises(ToolError, match="did not end in time"):
        python(code, seconds=3)
    grandchild = int(pid_file.read_text())
    for _ in range(100):
        if not _alive(grandchild):
            break
        time.sleep(0.05)
    assert not _alive(grandchild)


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    except OSError:
        os.kill(pid, 0)
        return True
    return state != "Z"


@pytest.mark.parametrize(
    ("tool", "words"),
    [
        ("python3", "no absolute path"),
        ("/nonexistent/tool", "cannot start"),
        ("/nonexistent/\0", "cannot start"),
    ],
)
def test_a_tool_that_cannot_be_started(tool: str, words: str) -> None:
    with neutral_directory() as directory, pytest.raises(ToolError, match=words):
        run([tool], directory=directory, variables={})


def test_a_neutral_directory_is_empty_and_gone_afterwards() -> None:
    with neutral_directory() as directory:
        assert list(directory.iterdir()) == []
        (directory / "x").write_text("x")
    assert not directory.exists()
