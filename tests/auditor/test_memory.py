"""Judging by content: the same answer as judging each, whatever stands beside the files."""

from __future__ import annotations

import datetime
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from envbuilder.auditor import memory
from envbuilder.auditor.discovery import Found
from envbuilder.auditor.judging import Terms, judge
from envbuilder.auditor.memory import Memory
from envbuilder.reader.model import examine_model
from envbuilder.report.report import ModelReport
from tests.conftest import MODELS

TERMS = Terms(today=datetime.date(2026, 1, 1))
MLMODEL = """\
flavors:
  python_function:
    env: conda.yaml
    loader_module: mlflow.sklearn
    python_version: 3.8.8
mlflow_version: 1.14.1
model_size_bytes: 4711
model_uuid: {uuid}
run_id: {run}
utc_time_created: '{time}'
"""
CONDA = "channels:\n- defaults\ndependencies:\n- python=3.8.8\n- pip:\n  - mlflow\n"

Write = Callable[[str, dict[str, str]], Path]


def logged(number: int = 1, *, day: str = "2021-03-01", text: str = MLMODEL) -> str:
    return text.format(uuid=f"{number:032x}", run=f"{number + 9:032x}", time=f"{day} 12:00:00.{number:06}")


class Counting:
    """A memory, and how many models it really read."""

    def __init__(self) -> None:
        self.memory = Memory(TERMS)
        self.read = 0

    def judge(self, path: Path) -> ModelReport:
        found = Found(path=str(path), name=str(path))
        with mock.patch.object(memory, "examine_model", wraps=examine_model) as reading:
            outcome = self.memory.judge(found)
        self.read += reading.call_count
        # The law: remembered or not, the judgement is the same.
        assert outcome == judge(found, TERMS)
        assert isinstance(outcome, ModelReport)
        return outcome


@pytest.fixture
def counting() -> Counting:
    return Counting()


def test_the_same_model_is_judged_once(write: Write, counting: Counting) -> None:
    for number in range(5):
        files = {"MLmodel": logged(number, day=f"2021-03-0{number + 1}"), "conda.yaml": CONDA}
        report = counting.judge(write(f"m{number}", files))
        assert report.created == datetime.datetime(
            2021, 3, number + 1, 12, 0, 0, number, datetime.timezone.utc
        )
    assert counting.read == 1


@pytest.mark.parametrize(
    "change",
    [
        {"conda.yaml": f"# x\n{CONDA}"},
        {"MLmodel": logged().replace("1.14.1", "1.14.2")},
        {"requirements.txt": "mlflow\n"},
        {"uv.toml": ""},
        {"pip/__main__.py": ""},
        {"MLmodel": logged(day="2021-13-01")},
        {"MLmodel": logged().replace("\n", "\r\n")},
    ],
)
def test_another_model_is_judged_again(write: Write, counting: Counting, change: dict[str, str]) -> None:
    counting.judge(write("a", {"MLmodel": logged(), "conda.yaml": CONDA}))
    counting.judge(write("b", {"MLmodel": logged(), "conda.yaml": CONDA, **change}))
    assert counting.read == 2


def test_files_that_the_usual_ones_name_are_compared(write: Write, counting: Counting) -> None:
    usual = {"requirements.txt": "-r more/base.txt\n"}
    counting.judge(write("a", usual | {"more/base.txt": "numpy\n"}))
    counting.judge(write("b", usual | {"more/base.txt": "numpy\n"}))
    assert counting.read == 1
    counting.judge(write("c", usual | {"more/base.txt": "numpy==1.21.0\n"}))
    assert counting.read == 2
    counting.judge(write("d", usual | {"more/other.txt": ""}))
    assert counting.read == 3
    counting.judge(write("e", usual | {"more/other.txt": ""}))
    counting.judge(write("f", usual | {"more/base.txt": "numpy\n", "more/other.txt": ""}))


def test_a_link_among_the_files_is_always_looked_at(write: Write, counting: Counting) -> None:
    for name, text in {"a": "numpy\n", "b": "pandas\n"}.items():
        folder = write(name, {"real/list.txt": text})
        (folder / "requirements.txt").symlink_to("real/list.txt")
        counting.judge(folder)
    assert counting.read == 2


def test_a_module_of_the_standard_library_is_always_looked_at(write: Write, counting: Counting) -> None:
    plain = {"requirements.txt": "numpy==1.21.0\n"}
    assert counting.judge(write("a", plain | {"email/__init__.py": ""})).findings
    assert not counting.judge(write("b", plain | {"email/notes.txt": ""})).findings
    assert counting.read == 2


def test_an_identifier_that_shows_is_part_of_the_content(write: Write, counting: Counting) -> None:
    # YAML folds this into one text: the version of mlflow, with what looks like a line of its own.
    text = 'mlflow_version: "\nrun_id: {run}\n"\nflavors: {{}}\n'
    for number in (1, 2):
        counting.judge(
            write(f"m{number}", {"MLmodel": logged(number, text=text), "requirements.txt": "a==1\n"})
        )
    assert counting.read == 2


def test_refused_models_are_judged_by_content_too(write: Write, counting: Counting) -> None:
    for name in "ab":
        counting.judge(write(name, {"requirements.txt": "numpy ==\n"}))
    assert counting.read == 1
    counting.judge(write("c", {"requirements.txt": "-r x/y.txt\n", "x/y.txt/z": ""}))
    counting.judge(write("d", {"requirements.txt": "-r x/y.txt\n", "x/y.txt": "numpy==1.0\n"}))
    assert counting.read == 3


def test_one_file_is_judged_each_time(write: Write, counting: Counting) -> None:
    folder = write("a", {"conda.yaml": CONDA, "requirements.txt": "x\n"})
    assert counting.judge(folder / "conda.yaml").channels == ("defaults",)
    assert counting.judge(folder / "requirements.txt").channels == ()


@pytest.mark.parametrize("path", sorted(MODELS.iterdir()), ids=lambda path: path.name)
def test_copies_of_fixtures_are_not_judged_again(path: Path, tmp_path: Path, counting: Counting) -> None:
    counting.judge(path)
    counting.judge(Path(shutil.copytree(path, tmp_path / "copy")))
    assert counting.read == 1


def test_no_more_is_remembered_than_fits(
    write: Write, counting: Counting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "KEPT", 1)
    for text in ("a\n", "b\n", "b\n", "a\n"):
        counting.judge(write(f"m{counting.read}", {"requirements.txt": text}))
    assert counting.read == 3
