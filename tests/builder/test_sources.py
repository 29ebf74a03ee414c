from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path

import pytest

from envbuilder.builder.sources import FIRST, constraints, cures, cutoff
from envbuilder.environment import Interpreter
from envbuilder.lock import Lock
from tests.builder.conftest import lock_of
from tests.builder.wheelsmith import make_wheel

DAY = datetime.datetime(2020, 8, 20, tzinfo=datetime.timezone.utc)
LATER = DAY + datetime.timedelta(days=40)


@pytest.fixture
def lock(running: Interpreter, tmp_path: Path) -> Lock:
    files = [make_wheel(tmp_path, name, "50.1") for name in ("setuptools", "wheel", "pip", "numpy")]
    return lock_of(running, *files)


def test_builds_are_held_at_the_locks_own_tools(lock: Lock) -> None:
    assert constraints(lock, FIRST) == ("setuptools==50.1", "wheel==50.1")


def test_the_cutoff_is_the_locks_or_its_youngest_file(lock: Lock) -> None:
    assert cutoff(lock) is None
    dated = dataclasses.replace(lock, as_of=DAY)
    assert cutoff(dated) == DAY
    young = dataclasses.replace(lock.artifacts[0], uploaded=LATER)
    assert cutoff(dataclasses.replace(dated, artifacts=(young,))) == LATER


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("ModuleNotFoundError: No module named 'numpy'", ["itself", "that day's"]),
        ("error in x setup command: use_2to3 is invalid.", ["before 58"]),
        ("No solution found when resolving: `setuptools>=61`", ["that day's", "before 58"]),
        ("HTTP status client error (401 Unauthorized)", ["itself"]),
        ("gcc: fatal error: no input files", []),
    ],
)
def test_a_failures_words_call_for_their_cures(words: str, titles: list[str]) -> None:
    found = [attempt.title for attempt in cures(words)]
    assert len(found) == len(titles)
    assert all(part in title for part, title in zip(titles, found, strict=True))
