"""Collections: what goes, in which order, what stays, and that nobody who uses something loses it."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

import pytest

from envbuilder.digests import digest
from envbuilder.limits import Limits
from envbuilder.store import faults
from envbuilder.store.collect import GRACE, Collected, collect, due
from envbuilder.store.disk import Disk
from envbuilder.store.manifest import FOLDER, NAME
from envbuilder.store.pins import pin
from envbuilder.store.store import Store
from tests.store.fakes import ENV_ID, fill, make, publish
from tests.store.test_store import KILLED_AT

Start = Callable[..., "Popen[str]"]

DAY = 86400.0
A, B, C = (digest(name) for name in "abc")
NOTHING = Limits(max_size=0)


def used(store: Store, env_id: str, ago: float) -> None:
    """Make an environment that was last used so many seconds ago."""
    make(store, env_id)
    store.lease(env_id).close()
    moment = time.time() - ago
    os.utime(store.layout.use_lock(env_id), (moment, moment))


@pytest.fixture
def three(store: Store) -> Store:
    """A store with three environments, used three, two and one days ago, each of its own bytes."""
    for env_id, days in ((A, 3), (B, 2), (C, 1)):
        used(store, env_id, days * DAY)
    return store


def removed(done: Collected) -> list[str]:
    return [item.env_id for item in done.removed]


def spared(done: Collected) -> dict[str, str]:
    return {item.env_id: item.why for item in done.spared}


def size(root: Path) -> int:
    disk = Disk()
    disk.measure(root)
    return disk.total


def test_without_limits_no_environment_goes(three: Store) -> None:
    assert removed(collect(three.layout, Limits())) == []
    assert len(three.list_environments()) == 3


def test_the_least_recently_used_goes_first_and_no_more_than_needed(three: Store) -> None:
    everything = collect(three.layout, NOTHING, dry_run=True)
    assert removed(everything) == [A, B, C]
    limit = everything.size - everything.removed[0].freed
    done = collect(three.layout, Limits(max_size=limit))
    assert (removed(done), done.excess) == ([A], 0)
    done = collect(three.layout, Limits(max_size=limit - 1))
    assert removed(done) == [B]
    assert {item.env_id for item in three.list_environments()} == {C}


def test_free_room_is_made(three: Store) -> None:
    status = os.statvfs(three.root)
    free = status.f_bavail * status.f_frsize
    done = collect(three.layout, Limits(min_free=free + 10 * 1024**4))
    assert removed(done) == [A, B, C]
    assert {item.reason for item in done.removed} == {"room"}
    assert done.excess > 0


def test_what_nobody_used_for_long_goes(three: Store) -> None:
    done = collect(three.layout, Limits(max_age=int(1.5 * DAY)))
    assert removed(done) == [A, B]
    assert three.find(C)
    assert three.find(A) is None


def test_a_dry_run_tells_the_truth_and_changes_nothing(three: Store) -> None:
    before = {path: path.lstat().st_mtime_ns for path in three.root.rglob("*")}
    told = collect(three.layout, NOTHING, dry_run=True)
    assert {path: path.lstat().st_mtime_ns for path in three.root.rglob("*")} == before
    had = size(three.root)
    done = collect(three.layout, NOTHING)
    assert (removed(done), done.freed) == (removed(told), told.freed)
    assert had - size(three.root) == done.freed


def test_shared_bytes_are_freed_with_their_last_name_and_counted_once(three: Store) -> None:
    big = three.root / "big"
    big.write_bytes(os.urandom(100_000))
    for env_id in (A, B):
        os.link(big, three.layout.generations(env_id)[0] / "lib" / "big")
    big.unlink()
    told = collect(three.layout, NOTHING, dry_run=True)
    freed = {item.env_id: item.freed for item in told.removed}
    assert freed[A] < 100_000 <= freed[B]
    assert told.size == size(three.root)


def test_recently_used_ones_stay(store: Store) -> None:
    used(store, A, GRACE / 2)
    done = collect(store.layout, Limits(max_size=0, max_age=1))
    assert (removed(done), spared(done)) == ([], {A: "recent"})
    assert done.excess > 0


def test_pinned_ones_stay(three: Store) -> None:
    pin(three.layout, A, Path(A))
    done = collect(three.layout, NOTHING)
    assert (removed(done), spared(done)) == ([B, C], {A: "pinned"})
    assert three.find(A)


def test_those_in_use_stay(three: Store) -> None:
    with three.lease(A):
        os.utime(three.layout.use_lock(A), (1, 1))
        for dry_run in (True, False):
            done = collect(three.layout, NOTHING, dry_run=dry_run)
            assert (removed(done), spared(done)) == ([B, C], {A: "in use"})
        assert three.find(A)


def test_a_lease_that_a_child_inherited_counts_after_its_parent(three: Store, start: Start) -> None:
    parent = start(
        """
        import subprocess
        lease = store.lease(sys.argv[2])
        child = subprocess.Popen(["/bin/sleep", "100"], pass_fds=[lease.fd], stdout=subprocess.DEVNULL)
        print(child.pid, flush=True)
        """,
        A,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.wait()
    os.utime(three.layout.use_lock(A), (1, 1))
    assert spared(collect(three.layout, NOTHING)) == {A: "in use"}
    os.kill(child, signal.SIGKILL)
    for _ in range(200):
        if removed(collect(three.layout, NOTHING)) == [A]:
            return
        time.sleep(0.01)
    pytest.fail("it was never collected")


def test_a_build_is_left_alone(store: Store, start: Start) -> None:
    child = start(
        """
        lease = store.lease(ENV_ID)
        with store.flight(ENV_ID) as flight:
            place, scratch = flight.place(), flight.scratch()
            print("there", flush=True)
            sys.stdin.readline()
            fill(place)
            publish(flight, place)
        """
    )
    assert child.stdout is not None
    child.stdout.readline()
    assert removed(collect(store.layout, NOTHING, grace=0.0)) == []
    child.communicate("\n", timeout=60)
    assert child.returncode == 0
    assert store.find(ENV_ID)


def test_what_a_killed_builder_left_goes(store: Store, start: Start) -> None:
    child = start(
        """
        with store.flight(ENV_ID) as flight:
            fill(flight.place())
            fill(flight.stage())
            (store.layout.tmp / "record-1-1").write_text("")
            print("there", flush=True)
            sys.stdin.read()
        """
    )
    assert child.stdout is not None
    child.stdout.readline()
    child.kill()
    child.wait()
    done = collect(store.layout, Limits())
    assert [(item.env_id, item.reason) for item in done.removed] == [(ENV_ID[:20], "unfinished")]
    for folder in (store.layout.tmp, store.layout.environments, store.layout.trash):
        assert list(folder.iterdir()) == []


def test_damaged_ones_go_but_not_those_of_a_newer_version(three: Store) -> None:
    (three.layout.generations(A)[0] / FOLDER / NAME).write_bytes(b"{")
    (three.layout.generations(B)[0] / FOLDER / NAME).write_bytes(b'{"schema": 2}')
    done = collect(three.layout, NOTHING)
    assert [(item.env_id, item.reason) for item in done.removed] == [(A[:20], "damaged"), (C, "size")]
    assert three.layout.generations(B)[0].exists()


def test_things_that_are_not_ours_stay(store: Store) -> None:
    (store.layout.environments / "notes.txt").write_text("")
    (store.layout.environments / ("0" * 20)).symlink_to("/")
    assert removed(collect(store.layout, NOTHING, grace=0.0)) == []
    assert len(list(store.layout.environments.iterdir())) == 2


def test_a_use_in_the_future_counts_as_now_and_ages_from_now_on(store: Store) -> None:
    used(store, A, -1000 * DAY)
    assert spared(collect(store.layout, NOTHING)) == {A: "recent"}
    assert store.layout.use_lock(A).stat().st_mtime <= time.time()
    assert removed(collect(store.layout, NOTHING, now=time.time() + 2 * GRACE)) == [A]


def test_whether_a_collection_is_due(three: Store) -> None:
    assert not due(three.layout, Limits())
    assert not due(three.layout, Limits(max_size=10**12, min_free=0, max_age=int(10 * DAY)))
    assert due(three.layout, Limits(max_size=1))
    assert due(three.layout, Limits(min_free=10**18))
    assert due(three.layout, Limits(max_age=int(2.5 * DAY)))


COLLECT = """
from envbuilder.limits import Limits
from envbuilder.store.collect import collect
collect(store.layout, Limits(max_size=0))
"""


@pytest.mark.parametrize("point", [point for point in faults.COLLECTING if point != "unpointed"])
def test_after_a_kill_at_any_point_of_a_collection_all_goes_on(
    three: Store, start: Start, point: str
) -> None:
    child = start(KILLED_AT + COLLECT, point)
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    child.kill()
    child.wait()
    made = make(three, A)
    assert three.find(A) == made
    used(three, A, 3 * DAY)
    collect(three.layout, NOTHING)
    assert three.list_environments() == ()
    assert list(three.layout.trash.iterdir()) == []


def test_two_collections_at_once_do_the_work_once(three: Store, start: Start) -> None:
    children = [start(COLLECT) for _ in range(4)]
    assert [child.wait(timeout=60) for child in children] == [0] * 4
    assert three.list_environments() == ()
    assert list(three.layout.trash.iterdir()) == []


def test_an_acquirer_waits_for_no_more_than_the_decision(three: Store, start: Start) -> None:
    child = start(KILLED_AT + COLLECT, "trashed")
    assert child.stdout is not None
    child.stdout.readline()
    with three.lease(A), three.flight(A) as flight:
        stage = flight.stage()
        fill(stage)
        assert publish(flight, stage).prefix == three.layout.generations(A)[0]
    child.communicate("", timeout=60)
    assert three.find(A)
