"""What docs/loaders.md shows is what Python prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from envbuilder.codes import catalogue
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "loaders.md").read_text("utf-8")
SHOWN: list[tuple[str, str, str]] = re.findall(
    r"(?ms)^<!-- ([\w-]+) -->\n```python\n(.*?)^```\n\n```text\n(.*?)^```$", PAGE
)


def stable(text: str) -> str:
    """Without what differs between hosts: patch releases of Pythons."""
    return re.sub(r"\b(3\.\d+)\.\d+\b", r"\1.N", text)


def test_the_page_shows_programs() -> None:
    assert {"plain", "metadata", "error", "notebook"} <= {name for name, _, _ in SHOWN}
    assert len(re.findall("^<!-- ", PAGE, re.MULTILINE)) == len(SHOWN)


@pytest.mark.index
@pytest.mark.parametrize(("name", "code", "output"), SHOWN, ids=[name for name, _, _ in SHOWN])
def test_a_shown_program_prints_what_is_shown(name: str, code: str, output: str, warm_home: Path) -> None:
    environ = {**os.environ, "ENVBUILDER_HOME": str(warm_home), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environ, capture_output=True, text=True, check=False
    )
    assert (stable(done.stdout), done.stderr) == (stable(output), "")


def test_the_errors_of_the_page_are_those_of_the_library() -> None:
    import envbuilder

    for name in re.findall(
        r"(?m)^\| `(\w+)` \|", PAGE.partition("### When something")[2].partition("###")[0]
    ):
        assert issubclass(getattr(envbuilder, name), envbuilder.WorkerError)
    assert [code for code in catalogue() if code.startswith("worker/")]
