"""Which Python, which platform and which day: what the request and the files say, and what is told of it."""

from __future__ import annotations

import pytest

from envbuilder.errors import ResolveError
from envbuilder.findings import Effect, Origin
from envbuilder.request import AsOf, Request
from envbuilder.resolver.resolution import resolve
from tests.resolver.test_resolution import LOGGED, codes, locked
from tests.resolver.toy import (
    Release,
    ToyInterpreters,
    day,
    index,
    release,
    rewritten,
    wheel,
)


def test_another_platform_needs_no_interpreter() -> None:
    engine = index(np={"1.0": Release(files=(wheel("np", "1.0", "cp38-cp38-macosx_11_0_arm64"),))})
    lock = locked(rewritten("np==1.0", python=("3.8",)), engine, Request(platform="macos-arm64"))
    assert (lock.target.python, lock.target.platform, lock.target.floor) == (
        "3.8.20", "macos-arm64", "macos-13.0",
    )  # fmt: skip
    assert engine.asked[0].interpreter is None


def test_a_python_that_is_not_here_can_be_locked_for() -> None:
    lock = resolve(
        rewritten("pip", python=("3.9.1",)), request=LOGGED, engine=index(),
        interpreters=ToyInterpreters(("3.11.7",)),
    )  # fmt: skip
    assert lock.target.python == "3.9.1"
    assert lock.target.floor == "glibc-2.36"


@pytest.mark.parametrize(
    ("wish", "created", "python"),
    [
        ("3", "2021-06-01", "3.8.18"),
        (">=3.6", "2021-06-01", "3.8.18"),
        (">=3.9,<3.11", "2021-06-01", "3.9.18"),
        ("<=3.7", "2021-06-01", "3.6.15"),
        ("3.6|3.7", "2021-06-01", "3.6.15"),
        ("=3.7", "2021-06-01", "3.7.16"),
        ("~=3.8", "2021-06-01", "3.8.18"),
    ],
)
def test_ranges_mean_the_python_of_the_day(wish: str, created: str, python: str) -> None:
    lock = locked(rewritten("pip", python=(wish,), created=created), index())
    assert lock.target.python == python


def test_no_wish_is_the_python_in_common_use() -> None:
    lock = locked(rewritten("pip", python=()), index())
    assert lock.target.python == "3.8.18"
    assert codes(lock) == ["python/default"]


def test_the_request_names_the_python() -> None:
    lock = locked(rewritten("pip"), index(), Request(python="3.9"))
    assert lock.target.python == "3.9.18"
    (change,) = lock.changes
    assert (change.code, change.effect) == ("python/requested", Effect.DEGRADED)


def test_an_unreadable_python_is_an_error_with_its_place() -> None:
    with pytest.raises(ResolveError, match="cannot be read") as caught:
        locked(rewritten("pip", python=("three",)), index())
    assert caught.value.origin == Origin(file="file0", line=1)


@pytest.mark.parametrize(
    ("line", "as_of", "effect"),
    [
        ("six==1.16", "now", Effect.ADAPTED),
        ("six", "now", Effect.DEGRADED),
        ("six", day("2021-05-01"), Effect.DEGRADED),
        ("six>=1", day("2021-05-01"), Effect.DEGRADED),
    ],
)
def test_another_day_than_the_models_is_told(line: str, as_of: AsOf, effect: Effect) -> None:
    engine = index(six=release("six", "1.16"))
    lock = locked(rewritten(line), engine, Request(as_of=as_of))
    (change,) = [change for change in lock.changes if change.code == "date/requested"]
    assert change.effect is effect
    assert "2021-06-01" in change.message


def test_the_models_own_day_is_no_change() -> None:
    lock = locked(rewritten("six"), index(six=release("six", "1.16")), Request(as_of=day("2021-06-01")))
    assert codes(lock) == []


def test_a_day_that_was_asked_for_and_cannot_be_kept_weighs_something() -> None:
    lock = locked(rewritten("six==1.16"), index(six=release("six", "1.16")), Request(as_of=day("1999-01-01")))
    raised = {change.code: change.effect for change in lock.changes}
    assert raised["date/raised"] is Effect.ADAPTED


def test_no_python_at_all_takes_one_that_is_here() -> None:
    lock = locked(rewritten("pip", python=(), created="2026-11-01"), index())
    assert lock.target.python == "3.12.1"  # 3.14 was older than a year by then, and is not here
    assert codes(lock) == ["python/default"]
