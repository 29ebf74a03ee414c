"""The child in which py-rattler runs: it ends well, is judged by its answer, and has no way out."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.conda_children import make_channel, one, solve_request
from envbuilder.conda import dialogue
from envbuilder.conda.dialogue import ask
from envbuilder.errors import ToolError
from tests.webserver import Server


def test_children_end_well_and_answer(tmp_path: Path) -> None:
    channel = make_channel(tmp_path)
    ended = [one(number, channel, tmp_path) for number in range(20)]
    assert [item.finished.returncode for item in ended] == [0] * 20
    assert [sorted(item.answer or {}) for item in ended] == [["records"], ["installed"]] * 10


def test_an_error_of_the_library_is_told(tmp_path: Path) -> None:
    request = solve_request(make_channel(tmp_path))
    listing = {**request["listings"][0], "path": str(tmp_path / "nothing.json")}
    with pytest.raises(ToolError, match=r"py-rattler failed: FileNotFoundError: "):
        ask({**request, "listings": [listing]})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import os; os.kill(os.getpid(), 11)", "ended with -11 and gave no answer"),
        ("import sys; sys.exit(0)", "ended with 0 and gave no answer"),
        ("import sys; open(sys.argv[2], 'w').write('[1')", "ended with 0 and gave no answer"),
        ("import sys; open(sys.argv[2], 'w').write('[1]')", "gave an answer that is none: no object"),
    ],
)
def test_a_child_that_dies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, said: str) -> None:
    program = tmp_path / "child.py"
    program.write_text(source)
    monkeypatch.setattr(dialogue, "CHILD", program)
    with pytest.raises(ToolError, match=said):
        ask({})


def test_an_answer_counts_whatever_comes_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "child.py"
    program.write_text("import os, sys; open(sys.argv[2], 'w').write('{\"a\": 1}'); os.kill(os.getpid(), 11)")
    monkeypatch.setattr(dialogue, "CHILD", program)
    assert ask({}) == {"a": 1}


def test_the_child_has_no_way_out_and_nothing_of_the_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, defaults_channel: Server
) -> None:
    program = tmp_path / "child.py"
    program.write_text(
        "import json, os, sys, urllib.request\n"
        f"try: urllib.request.urlopen({defaults_channel.url!r}, timeout=5); way = 'open'\n"
        "except OSError as error: way = 'closed'\n"
        "open(sys.argv[2], 'w').write(json.dumps({'way': way, 'names': sorted(os.environ), 'home': os.environ['HOME']}))\n"
    )
    monkeypatch.setattr(dialogue, "CHILD", program)
    monkeypatch.setenv("RATTLER_AUTH_FILE", "/etc/secret")
    monkeypatch.setenv("CONDARC", "/etc/condarc")
    found = ask({})
    assert found["way"] == "closed"
    assert not {"RATTLER_AUTH_FILE", "CONDARC"} & set(found["names"])
    assert Path(found["home"]).name.startswith("envbuilder-tool-")
    assert defaults_channel.seen == []


def test_without_py_rattler(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rattler", None)
    with pytest.raises(ToolError) as caught:
        ask({})
    assert caught.value.hint == "pip install 'envbuilder[conda]'"


def test_py_rattler_in_a_folder_that_python_hides(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a user's own packages, say: ``-I`` leaves them out."""
    (tmp_path / "rattler").mkdir()
    (tmp_path / "rattler" / "__init__.py").touch()
    monkeypatch.delitem(sys.modules, "rattler", raising=False)
    monkeypatch.syspath_prepend(tmp_path)
    program = tmp_path / "child.py"
    program.write_text(
        "import json, sys\n"
        "open(sys.argv[2], 'w').write(json.dumps({'place': sys.argv[3], 'seen': sys.argv[3] in sys.path}))"
    )
    monkeypatch.setattr(dialogue, "CHILD", program)
    assert ask({}) == {"place": str(tmp_path), "seen": False}
