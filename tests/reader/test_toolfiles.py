from __future__ import annotations

from collections.abc import Callable

import pytest

from envbuilder.findings import Level
from envbuilder.reader.reading import Reading
from envbuilder.reader.toolfiles import report_tool_files

Start = Callable[[dict[str, str | bytes]], Reading]


def reported(opened: Reading) -> list[tuple[str, str]]:
    report_tool_files(opened)
    return [(finding.code, str(finding.origin)) for finding in opened.gathering.findings]


@pytest.mark.parametrize(
    "name", ["uv.toml", "pip.conf", "pip.ini", ".pypirc", ".condarc", "UV.toml", ".env", "setup.cfg"]
)
def test_configuration(reading: Start, name: str) -> None:
    assert reported(reading({name: "", "model.pkl": ""})) == [("source/tool-config", name)]


@pytest.mark.parametrize(
    "text",
    [
        "[tool.uv]\nindex-url=1",
        "[[ tool . 'uv'.index]]",
        "[tool]\nuv = {}",
        "tool.uv.pip = {}",
        "tool = {uv = {}}",
    ],
)
def test_project_with_a_table_for_uv(reading: Start, text: str) -> None:
    assert reported(reading({"pyproject.toml": text})) == [("source/tool-config", "pyproject.toml")]


def test_project_of_a_logged_model(reading: Start) -> None:
    opened = reading({"pyproject.toml": "[project]\nname = 'uv'\n" + " \n" * 200_000, "uv.lock": ""})
    assert reported(opened) == []


def test_python_version_is_noted(reading: Start) -> None:
    opened = reading({".python-version": "3.11"})
    assert reported(opened) == [("source/tool-config", ".python-version")]
    assert opened.gathering.findings[0].level is Level.NOTE


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("sitecustomize.py", "sitecustomize.py"),
        ("usercustomize.py", "usercustomize.py"),
        ("sitecustomize/__init__.py", "sitecustomize"),
        ("pip/__main__.py", "pip"),
        ("PIP.py", "PIP.py"),
        ("uv.cpython-311-x86_64-linux-gnu.so", "uv.cpython-311-x86_64-linux-gnu.so"),
        ("setuptools.pyc", "setuptools.pyc"),
        ("x.pth", "x.pth"),
        ("python311._pth", "python311._pth"),
        ("pyvenv.cfg", "pyvenv.cfg"),
        ("os.py", "os.py"),
        ("json/__init__.py", "json"),
    ],
)
def test_shadows(reading: Start, path: str, name: str) -> None:
    assert reported(reading({path: ""})) == [("source/tool-shadow", name)]


def test_what_models_hold(reading: Start) -> None:
    opened = reading(
        {"code/x.py": "", "data/model/x": "", "artifacts/y": "", "model.pkl": "", "MLmodel": "", "wheels/a.whl": "",
         "metadata/conda.yaml": "", "test/x.csv": "", "loader.py": "", "tokenizer/x.json": ""}
    )  # fmt: skip
    assert reported(opened) == []


def test_a_name_with_an_escape_sequence(reading: Start) -> None:
    ((_, place),) = reported(reading({"\x1b[31m.pth": ""}))
    assert place.isprintable()
