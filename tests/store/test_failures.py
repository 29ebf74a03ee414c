"""Which failures are remembered, for how long, and how they are told again."""

from __future__ import annotations

import os
import time

import pytest

from envbuilder.digests import digest
from envbuilder.errors import (
    BuildError,
    EnvbuilderError,
    InterpreterError,
    PolicyError,
    ResolveError,
    StoreError,
    ToolError,
)
from envbuilder.findings import Origin
from envbuilder.store import failures
from envbuilder.store.failures import FailureClass, classify, recall, remember
from envbuilder.store.leftovers import sweep
from envbuilder.store.store import Store
from tests.store.conftest import Start

KEY = digest("key")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ResolveError("x"), FailureClass.NO_SOLUTION),
        (ResolveError("x", code="resolve/strict"), FailureClass.NO_SOLUTION),
        (ResolveError("x", code="resolve/build"), FailureClass.BUILD),
        (BuildError("x"), FailureClass.BUILD),
        (BuildError("x", code="build/import-failed"), FailureClass.BUILD),
        (BuildError("x", code="build/disk-full"), FailureClass.DISK),
        (StoreError("x", code="store/full"), FailureClass.DISK),
        (ResolveError("x", code="resolve/network"), None),
        (ResolveError("x", code="resolve/tool"), None),
        (BuildError("x", code="build/network"), None),
        (BuildError("x", code="build/limit"), FailureClass.BUILD),
        (ToolError("x", code="tool/limit"), None),
        (StoreError("x", code="store/not-writable"), None),
        (ToolError("x"), None),
        (InterpreterError("x"), None),
        (PolicyError("x"), None),
        (EnvbuilderError("x"), None),
        (KeyboardInterrupt(), None),
        (ZeroDivisionError(), None),
    ],
)
def test_what_may_pass_by_itself_is_not_remembered(error: BaseException, kind: FailureClass | None) -> None:
    assert classify(error) is kind


def failing() -> ResolveError:
    origin = Origin(file="requirements.txt", line=3, column=1)
    return ResolveError(
        "nothing satisfies thing", requirements=((origin, "thing==9"),), origin=origin, hint="change it",
        detail="because\nof that",
    )  # fmt: skip


def test_a_failure_is_told_again_with_all_it_said(store: Store) -> None:
    remember(store.layout, KEY, failing())
    found = recall(store.layout, KEY)
    assert isinstance(found, ResolveError)
    assert (found.code, found.message, found.detail) == (
        "resolve/no-solution", "nothing satisfies thing", "because\nof that",
    )  # fmt: skip
    assert (found.origin, found.requirements) == (failing().origin, failing().requirements)
    assert found.hint == "change it; this failed just now and is remembered: --refresh tries again"


@pytest.mark.parametrize("error", [BuildError("b", code="build/hash-mismatch"), ResolveError("r")])
def test_the_kind_of_error_stays(store: Store, error: EnvbuilderError) -> None:
    remember(store.layout, KEY, error)
    found = recall(store.layout, KEY)
    assert type(found) is type(error)


@pytest.mark.parametrize(("seconds", "still"), [(500, True), (700, False), (-500, False)])
def test_it_is_forgotten_in_time_and_by_a_clock_that_jumps(
    store: Store, monkeypatch: pytest.MonkeyPatch, seconds: int, still: bool
) -> None:
    remember(store.layout, KEY, BuildError("x"))
    later = time.time() + seconds
    monkeypatch.setattr(time, "time", lambda: later)
    assert (recall(store.layout, KEY) is not None) == still


def test_a_disk_with_more_room_is_tried_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "_free", lambda _: 1000)
    remember(store.layout, KEY, StoreError("x", code="store/full"))
    found = recall(store.layout, KEY)
    assert isinstance(found, StoreError)
    assert found.code == "store/full"
    monkeypatch.setattr(failures, "_free", lambda _: 2000)
    assert recall(store.layout, KEY) is None


def test_a_damaged_entry_and_one_of_another_key_are_none(store: Store) -> None:
    remember(store.layout, KEY, BuildError("x"))
    assert recall(store.layout, KEY[:20] + digest("other")[20:]) is None
    (path,) = (store.root / "failed").iterdir()
    path.write_bytes(path.read_bytes()[:-5])
    assert recall(store.layout, KEY) is None


def test_a_log_is_kept_beside_the_failure_and_goes_with_it(store: Store) -> None:
    path = failures.keep_log(store.layout, KEY, "what it said\n")
    assert path is not None
    assert path.read_text("utf-8") == "what it said\n"
    assert path.parent == store.root / "failed"
    assert failures.keep_log(store.layout, KEY, "") is None
    assert not path.exists()
    failures.keep_log(store.layout, KEY, "again")
    failures.forget(store.layout, KEY)
    assert list(path.parent.iterdir()) == []


def test_a_long_log_keeps_its_ends(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failures, "LONGEST_LOG", 400)
    path = failures.keep_log(store.layout, KEY, "begin" + "x" * 1000 + "end \udcff")
    assert path is not None
    content = path.read_bytes()
    assert content.startswith(b"beginxx")
    assert content.endswith(b"xxend \\udcff")
    assert "… 615 bytes left out" in content.decode()
    assert len(content) < 450


@pytest.mark.parametrize(("hours", "kept"), [(1, True), (25, False)])
def test_a_collection_takes_old_logs(store: Store, hours: int, kept: bool) -> None:
    path = failures.keep_log(store.layout, KEY, "text")
    assert path is not None
    then = time.time() - hours * 3600
    os.utime(path, (then, then))
    sweep(store.layout)
    assert path.exists() == kept


def test_a_flight_fails_as_the_last_one_until_it_is_told_to_forget(store: Store) -> None:
    def fly(error: Exception | None) -> None:
        with store.flight(KEY):
            if error:
                raise error

    with pytest.raises(BuildError, match="no compiler"):
        fly(BuildError("no compiler"))
    with pytest.raises(BuildError, match="is remembered"):
        fly(None)
    store.forget_failure(KEY)
    fly(None)
    fly(None)


def test_an_offline_failure_is_not_remembered(store: Store) -> None:
    def turn(error: Exception | None) -> None:
        with store.turn(KEY, remember=False):
            if error:
                raise error

    with pytest.raises(ResolveError):
        turn(ResolveError("not in the cache"))
    turn(None)


def test_those_who_waited_for_a_failure_do_not_repeat_it(store: Store, start: Start) -> None:
    code = """
    import time
    from envbuilder.errors import BuildError
    try:
        with store.flight(ENV_ID) as flight:
            open(sys.argv[2], "a").write("tried\\n")
            time.sleep(0.3)
            raise BuildError("hopeless")
    except BuildError as error:
        print("remembered" in error.hint)
    """
    log = store.root.parent / "log"
    children = [start(code, str(log)) for _ in range(5)]
    told = [child.communicate(timeout=60)[0].strip() for child in children]
    assert log.read_text() == "tried\n"
    assert sorted(told) == ["False"] + ["True"] * 4
