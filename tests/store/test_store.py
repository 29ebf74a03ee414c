"""The store's promises, with real processes and a tiny tree for an environment."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen
from textwrap import dedent

import pytest

from envbuilder.digests import digest
from envbuilder.environment import Environment
from envbuilder.errors import StoreError
from envbuilder.store import faults
from envbuilder.store.files import sync_file_system
from envbuilder.store.lease import try_exclusive
from envbuilder.store.manifest import FOLDER, NAME
from envbuilder.store.store import Store
from tests.store.fakes import ENV_ID, fill, interpreter, lock, make, publish

Start = Callable[..., "Popen[str]"]

KILLED_AT = """
from envbuilder.store import faults
from envbuilder.store.files import sync_file_system
def hook(point):
    if point == sys.argv[2]:
        print("there", flush=True)
        sys.stdin.read()
faults.hook = hook
"""
"""Stops a process at a named point, where the test kills it."""


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_what_was_published_is_found_and_whole(store: Store) -> None:
    assert store.find(ENV_ID) is None
    made = make(store)
    assert store.find(ENV_ID) == made
    assert made.prefix.parent == store.root / "envs" / "v1"
    assert (made.prefix / "lib" / "site" / "thing" / "__init__.py").read_text() == "x = 1\n"
    assert (made.prefix / FOLDER / "build.log").read_text() == "built\n"
    assert names(store.layout.tmp) == set()


def test_below_the_top_nothing_is_writable(store: Store) -> None:
    prefix = make(store).prefix
    writable = [
        path
        for path in prefix.rglob("*")
        if not path.is_symlink() and path.stat().st_mode & 0o222 and FOLDER not in path.parts
    ]
    assert writable == []
    assert os.access(prefix / "bin" / "tool", os.X_OK)


def test_a_tree_without_manifest_is_no_environment(store: Store) -> None:
    prefix = make(store).prefix
    (prefix / FOLDER / NAME).unlink()
    assert store.find(ENV_ID) is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"schema": 99}', b"\xff", b"[" * 100_000])
def test_a_broken_manifest_is_none(store: Store, content: bytes) -> None:
    manifest = make(store).prefix / FOLDER / NAME
    manifest.write_bytes(content)
    assert store.find(ENV_ID) is None


def test_a_truncated_manifest_is_none(store: Store) -> None:
    manifest = make(store).prefix / FOLDER / NAME
    whole = manifest.read_bytes()
    for length in range(0, len(whole) - 2, 7):
        manifest.write_bytes(whole[:length])
        assert store.find(ENV_ID) is None


def test_a_damaged_tree_is_never_replaced_but_joined(store: Store) -> None:
    old = make(store)
    (old.prefix / FOLDER / NAME).write_bytes(b"broken")
    new = make(store)
    assert new.prefix != old.prefix
    assert (old.prefix / "bin" / "python").exists()
    assert store.find(ENV_ID) == new


def test_an_environment_of_another_key_with_the_same_start_is_not_taken_for_it(store: Store) -> None:
    made = make(store)
    twin = ENV_ID[:20] + digest("twin")[20:]
    assert store.find(twin) is None
    assert make(store, twin).prefix != made.prefix
    assert store.find(ENV_ID) == made


def made_with(store: Store, folder: Path) -> Environment:
    """Make an environment with an interpreter of its own, and a shared library beside that."""
    (folder / "bin").mkdir(parents=True)
    (folder / "lib").mkdir()
    python = folder / "bin" / "python3"
    python.write_bytes(b"the interpreter")
    version = ".".join(interpreter().version.split(".")[:2])
    (folder / "lib" / f"libpython{version}.so.1.0").write_bytes(b"the library")
    with store.flight(ENV_ID) as flight:
        stage = flight.stage()
        fill(stage, python)
        return flight.publish(stage, lock=lock(), interpreter=interpreter(python), imports=(), log="")


def replaced(path: Path, content: bytes) -> None:
    path.unlink()
    path.write_bytes(content)
    os.utime(path, (1, 1))


def test_an_interpreter_that_is_another_is_noticed(store: Store, tmp_path: Path) -> None:
    made = made_with(store, tmp_path / "py")
    python = tmp_path / "py" / "bin" / "python3"
    (library,) = (tmp_path / "py" / "lib").iterdir()
    assert store.find(ENV_ID) == made
    for path, same, other in (
        (python, b"the interpreter", b"another of size"),
        (library, b"the library", b"his library"),
    ):
        replaced(path, same)
        assert store.find(ENV_ID) == made
        replaced(path, other)
        assert store.find(ENV_ID) is None
        replaced(path, other + b"longer")
        assert store.find(ENV_ID) is None
        path.unlink()
        assert store.find(ENV_ID) is None
        path.write_bytes(same)
        assert store.find(ENV_ID) == made


def test_an_environment_whose_link_was_turned_is_none(store: Store, tmp_path: Path) -> None:
    made = made_with(store, tmp_path / "py")
    link = made.prefix / "bin" / "python"
    link.parent.chmod(0o755)
    link.unlink()
    link.symlink_to(sys.executable)
    assert store.find(ENV_ID) is None


def test_a_process_that_comes_second_waits_and_uses_the_first_ones_work(store: Store, start: Start) -> None:
    code = """
    made = make(store)
    with open(sys.argv[2], "a") as log:
        log.write("")
    print(made.prefix)
    """
    counted = """
    import tests.store.fakes as fakes, time
    real = fakes.fill
    def fill(tree):
        Path(sys.argv[2]).open("a").write("built\\n")
        time.sleep(0.3)
        real(tree)
    fakes.fill = fill
    """
    log = store.root.parent / "log"
    children = [start(counted + code, str(log)) for _ in range(8)]
    prefixes = {child.communicate(timeout=60)[0] for child in children}
    assert [child.returncode for child in children] == [0] * 8
    assert log.read_text() == "built\n"
    assert len(prefixes) == 1


def test_those_who_wait_are_told_for_whom(store: Store, start: Start) -> None:
    child = start("""
    with store.flight(ENV_ID) as flight:
        flight.progress.phase("install")
        print("there", flush=True)
        sys.stdin.readline()
    """)
    assert child.stdout is not None
    assert child.stdin is not None
    child.stdout.readline()
    told = []

    class Told:
        def phase(self, name: str, detail: str = "") -> None: ...
        def advance(self, done: int, total: int) -> None: ...
        def wait(self, detail: str) -> None:
            told.append(detail)
            if len(told) == 1:
                child.stdin.write("\n")  # type: ignore[union-attr]
                child.stdin.flush()  # type: ignore[union-attr]

    with store.flight(ENV_ID, progress=Told()):
        pass
    assert told[0].startswith(f"process {child.pid} on ")
    assert told[0].endswith(": install")


@pytest.mark.parametrize("point", faults.PUBLISHING)
def test_after_a_kill_at_any_point_the_next_one_succeeds_and_nothing_is_left(
    store: Store, start: Start, point: str
) -> None:
    child = start(KILLED_AT + "lease = store.lease(ENV_ID)\nmake(store)", point)
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert (store.find(ENV_ID) is not None) == (point == "renamed")
    made = make(store)
    assert store.find(ENV_ID) == made
    with store.flight(ENV_ID):
        pass
    assert names(store.layout.tmp) == set()
    assert names(store.layout.environments) == {made.prefix.name}


@pytest.mark.parametrize("point", ["placed", "surveyed", "synced"])
def test_after_a_kill_in_the_final_place_too(store: Store, start: Start, point: str) -> None:
    code = """
    with store.flight(ENV_ID) as flight:
        place = flight.place()
        fill(place)
        publish(flight, place)
    """
    child = start(KILLED_AT + dedent(code), point)
    assert child.stdout is not None
    assert child.stdout.readline() == "there\n"
    child.kill()
    child.wait()
    assert store.find(ENV_ID) is None
    made = make(store)
    assert names(store.layout.environments) == {made.prefix.name}
    assert made.prefix == store.layout.generations(ENV_ID)[0]


def test_what_is_built_in_its_place_is_published_there(store: Store) -> None:
    with store.flight(ENV_ID) as flight:
        place = flight.place()
        fill(place)
        assert store.find(ENV_ID) is None
        made = publish(flight, place)
    assert made.prefix == place
    assert store.find(ENV_ID) == made


def test_a_failing_build_leaves_nothing(store: Store) -> None:
    def fail() -> None:
        with store.flight(ENV_ID) as flight:
            fill(flight.stage())
            (flight.scratch() / "x").write_text("")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert names(store.layout.tmp) == set()
    assert store.find(ENV_ID) is None


def test_a_tree_without_an_interpreter_is_not_published(store: Store) -> None:
    with pytest.raises(StoreError, match="has no bin/python"), store.flight(ENV_ID) as flight:
        publish(flight, flight.stage())
    assert store.find(ENV_ID) is None


def test_a_child_that_inherited_the_lease_holds_it_after_its_parent(store: Store, start: Start) -> None:
    child = start("""
    import subprocess
    lease = store.lease(ENV_ID)
    grandchild = subprocess.Popen(["/bin/sleep", "100"], pass_fds=[lease.fd])
    print(grandchild.pid, flush=True)
    """)
    assert child.stdout is not None
    grandchild = int(child.stdout.readline())
    child.wait()
    path = store.layout.use_lock(ENV_ID)
    assert try_exclusive(path) is None
    os.kill(grandchild, signal.SIGKILL)
    for _ in range(200):
        descriptor = try_exclusive(path)
        if descriptor is not None:
            os.close(descriptor)
            return
        time.sleep(0.01)
    pytest.fail("the lease outlived its holders")


def test_a_lease_is_not_inherited_unless_asked_for(store: Store) -> None:
    with store.lease(ENV_ID) as lease:
        assert not os.get_inheritable(lease.fd)
        os.set_inheritable(lease.fd, True)
        assert os.get_inheritable(lease.fd)
    assert lease.closed
    with pytest.raises(ValueError, match="closed"):
        _ = lease.fd


def test_a_lease_notes_the_use(store: Store) -> None:
    path = store.layout.use_lock(ENV_ID)
    store.lease(ENV_ID).close()
    os.utime(path, (1, 1))
    store.lease(ENV_ID).close()
    assert path.stat().st_mtime > 1


def test_a_tool_of_a_dead_builder_is_ended_before_the_next_one_builds(store: Store, start: Start) -> None:
    child = start("""
    import os, subprocess
    with store.flight(ENV_ID) as flight:
        environ = {**os.environ, "TMPDIR": str(flight.scratch() / "x")}
        tool = subprocess.Popen(["/bin/sleep", "100"], env=environ, start_new_session=True,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        print(tool.pid, flush=True)
        sys.stdin.read()
    """)
    assert child.stdout is not None
    tool = int(child.stdout.readline())
    child.kill()
    child.wait()
    os.kill(tool, 0)
    make(store)
    state = Path(f"/proc/{tool}/stat")
    assert not state.exists() or state.read_text().split()[2] == "Z"
    assert names(store.layout.tmp) == set()


def test_data_is_on_the_disk_before_the_manifest_and_the_manifest_before_the_name(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a crash of the host leaves is then no environment, or a whole one."""
    steps: list[tuple[str, bool, bool]] = []
    place = store.layout.generations(ENV_ID)[0]

    def noted(name: str, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object) -> object:
            found = real(*arguments)
            manifests = list(store.layout.tmp.rglob(f"{FOLDER}/{NAME}"))
            steps.append((name, any(path.stat().st_size for path in manifests), place.exists()))
            return found

        return call

    synced = noted("file system", sync_file_system)
    monkeypatch.setattr("envbuilder.store.publish.sync_file_system", synced)
    monkeypatch.setattr(os, "fsync", noted("file", os.fsync))
    make(store)
    after_staging = steps[[name for name, *_ in steps].index("file system") :]
    assert after_staging == [
        ("file system", False, False),
        ("file", True, False),
        ("file", True, False),
        ("file", False, True),
    ]
