from __future__ import annotations

from collections.abc import Callable

import pytest

from envbuilder.reader.pythonenv import read_python_env
from envbuilder.reader.reading import Reading

Start = Callable[[dict[str, str | bytes]], Reading]


def codes(opened: Reading) -> list[str]:
    return [finding.code for finding in opened.gathering.findings]


def test_as_mlflow_writes_it(reading: Start) -> None:
    text = "python: 3.10\nbuild_dependencies:\n- pip==22.3.1\n- setuptools\n- wheel<1 # why\ndependencies:\n- -r requirements.txt\n"
    opened = reading({"python_env.yaml": text, "requirements.txt": "numpy==1.0\n"})
    found = read_python_env("python_env.yaml", opened)
    assert found.python is not None
    assert (found.python.text, str(found.python.origin)) == ("3.10", "python_env.yaml:1:9")
    assert [item.text for item in found.build.requirements] == ["pip==22.3.1", "setuptools", "wheel<1"]
    assert [(i.text, i.origin.file) for i in found.wanted.requirements] == [
        ("numpy==1.0", "requirements.txt")
    ]
    assert codes(opened) == ["input/include"]


@pytest.mark.parametrize("text", ["python: '3.8'", "python: 3.8\ndependencies:\nbuild_dependencies: ~"])
def test_parts_may_be_absent(reading: Start, text: str) -> None:
    opened = reading({"python_env.yaml": text})
    found = read_python_env("python_env.yaml", opened)
    assert found.python is not None
    assert found.wanted.requirements == ()
    assert not codes(opened)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("python: ./evil/python", "input/python-version"),
        ("python: '--help'", "input/python-version"),
        ("python: ''", "input/python-version"),
        ("python: [3.8]", "input/not-a-string"),
        ("dependencies: -r requirements.txt", "input/not-a-list"),
        ("build_dependencies: ['pip; curl x']", "input/malformed-requirement"),
        ("build_dependencies: ['-r ../x']", "input/path-escape"),
        ('dependencies: ["a\\u2028b"]', "input/line-separator"),
    ],
)
def test_refused(reading: Start, text: str, code: str) -> None:
    opened = reading({"python_env.yaml": text})
    read_python_env("python_env.yaml", opened)
    assert opened.gathering.refused
    assert codes(opened)[0] == code


def test_unknown_key(reading: Start) -> None:
    opened = reading({"python_env.yaml": "python: 3.8\npip: [a]\n"})
    read_python_env("python_env.yaml", opened)
    assert codes(opened) == ["input/unknown-key"]


def test_the_installer_by_url(reading: Start) -> None:
    opened = reading(
        {"python_env.yaml": "build_dependencies: ['pip @ https://example.org/pip-99-py3-none-any.whl']"}
    )
    assert read_python_env("python_env.yaml", opened).build.direct[0].name == "pip"
    assert codes(opened) == ["source/direct-url"]
