"""Only plain requirements are handed to a tool of others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.plain_lines import LeftOutError, copies, harmless, logical_lines
from envbuilder.errors import EnvbuilderError
from envbuilder.reader.directory import Directory

PLAIN = [
    "numpy",
    "mlflow== 1.26.1",
    "a[b,c]>=1,<2",
    "werkzeug=3.0.3",
    "x==1.*",
    "x===1.0+cu1",
    "ruamel.yaml~=0.1 ; python_version < '3.8'",
    "x (>=1)",
    "y==1 --hash=sha256:00ff",
]
RISKY = [
    "./x",
    "wheels/x.whl",
    "x.whl",
    "x @ https://example.org/x.zip",
    "https://example.org/x.tar.gz",
    "git+ssh://example.org/x",
    "-e .",
    "--index-url https://example.org",
    "-f wheels",
    "--find-links=wheels",
    "x --global-option=y",
    "${HOME}",
    "C:\\x",
    "x ; python_version < '3' -e y/z",
    "file:x",
    "../x",
    "x.tar.gz",
]


@pytest.mark.parametrize("line", PLAIN)
def test_plain_requirements_are_handed_on(line: str) -> None:
    assert harmless(line)


@pytest.mark.parametrize("line", RISKY)
def test_places_and_options_are_not(line: str) -> None:
    assert not harmless(line)


@given(st.text())
def test_nothing_with_a_place_in_it_is_harmless(text: str) -> None:
    for risky in ("/", "\\", "://", "@", "$", " -e"):
        assert not harmless(f"x{risky}{text}")


def test_continued_lines_are_seen_as_one_and_comments_not_at_all() -> None:
    assert list(logical_lines("a==1 # -e x\n# -e y\nb \\\n  --hash=sha256:0\n\n")) == [
        "a==1",
        "b    --hash=sha256:0",
    ]


def given_to_a_tool(path: Path, *first: str) -> dict[str, bytes]:
    with Directory(path) as directory:
        return copies(directory, first)


def test_included_files_are_copied_byte_for_byte(model: Callable[..., Path]) -> None:
    path = model(requirements_txt="a\r\n-c constraints.txt", constraints_txt="b==1\n")
    assert given_to_a_tool(path, "-r requirements.txt") == {
        "requirements.txt": (path / "requirements.txt").read_bytes(),
        "constraints.txt": b"b==1\n",
    }


def test_an_include_that_includes_itself_ends(model: Callable[..., Path]) -> None:
    assert list(given_to_a_tool(model(r_txt="-r r.txt\n"), "-r r.txt")) == ["r.txt"]


@pytest.mark.parametrize("text", ["-e .\n", "a\x0c-e .\n", "a\x00", "x @ file:///etc\n"])
def test_a_risky_line_of_an_included_file_leaves_the_model_out(model: Callable[..., Path], text: str) -> None:
    with pytest.raises(LeftOutError):
        given_to_a_tool(model(r_txt=text), "-r r.txt")


@pytest.mark.parametrize("line", ["-r ../r.txt", "-r /etc/passwd", "-r https://example.org/r.txt"])
def test_an_include_from_elsewhere_is_refused(tmp_path: Path, line: str) -> None:
    with pytest.raises(EnvbuilderError):
        given_to_a_tool(tmp_path, line)
