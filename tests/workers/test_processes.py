"""What becomes of a model's process: crashes, hangs, floods, interrupts, forks, and the death of its host."""

from __future__ import annotations

import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from envbuilder.orphans import PROC
from envbuilder.store.lease import try_exclusive
from envbuilder.store.store import Store
from envbuilder.workers.child import Child
from envbuilder.workers.errors import ModelError, WorkerCrashed, WorkerError, WorkerTimeout, WorkerValueError
from envbuilder.workers.loading import LoadedModel
from envbuilder.workers.pool import Pool
from tests.conftest import ROOT, untraced
from tests.workers import stub

Start = Callable[..., LoadedModel]

ECHO = "def predict(data, params=None):\n    return data\n"
PID = "import os\ndef predict(data, params=None):\n    return os.getpid()\n"
DOES = """
import ctypes, os, signal, subprocess, sys, time
def predict(data, params=None):
    return eval(data, globals())
"""
IS_SOCKET = "os.path.exists(f'/proc/self/fd/{fd}') and 'socket' in os.readlink(f'/proc/self/fd/{fd}')"
HOLDS = "ctypes.PyDLL(None).sleep(1000)"
"""Computes in C, and does not let go of the interpreter's lock."""


@pytest.fixture(scope="session")
def prefix(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stub.environment(tmp_path_factory.mktemp("stub"))


@pytest.fixture
def start(tmp_path: Path, prefix: Path) -> Iterator[Start]:
    """Load a model of some code, in a few milliseconds."""
    models: list[LoadedModel] = []

    def call(code: str = DOES, *, prefix: Path = prefix, **options: Any) -> LoadedModel:
        models.append(stub.started(tmp_path, prefix, code, **options))
        return models[-1]

    yield call
    for model in models:
        model.close()


def pid_of(model: LoadedModel) -> int:
    (worker,) = model._pool.living()
    return worker.pid


def gone(pid: int, seconds: float = 10.0) -> bool:
    """Whether a process ends soon; a zombie has ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if PROC.exists() and (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            os.kill(pid, 0)
        except (ProcessLookupError, FileNotFoundError):
            return True
        time.sleep(0.02)
    return False


def test_an_exception_arrives_with_the_childs_traceback_and_the_child_stays(start: Start) -> None:
    model = start("def predict(data, params=None):\n    raise KeyError('no\\x1b such')\n")
    before = pid_of(model)
    with pytest.raises(ModelError, match=r"the model raised builtins\.KeyError") as caught:
        model.predict(1)
    assert caught.value.code == "worker/raised"
    assert caught.value.type_name == "builtins.KeyError"
    assert "in predict" in caught.value.traceback
    assert "\x1b" not in str(caught.value)
    assert pid_of(model) == before


@pytest.mark.parametrize("what", ["sys.exit(3)", "(_ for _ in ()).throw(KeyboardInterrupt)"])
def test_a_model_that_wants_to_leave_has_raised(what: str, start: Start) -> None:
    model = start()
    with pytest.raises(ModelError, match=r"SystemExit|KeyboardInterrupt"):
        model.predict(what)
    assert model.predict("1 + 1") == 2


@pytest.mark.parametrize(
    ("what", "how"),
    [
        ("os._exit(3)", "ended with exit code 3"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "died of SIGSEGV"),
        ("os.closerange(3, 100)", "ended with exit code 1"),
(f"[os.write(fd, b'x' * 100) for fd in range(3, 100) if {IS_SOCKET}]", "sent what is no answer"),
    ],
)  # fmt: skip
def test_a_crash_tells_the_logs_end_and_the_next_call_has_a_new_child(
    what: str, how: str, start: Start
) -> None:
    model = start()
    before = pid_of(model)
    with pytest.raises(WorkerCrashed, match=how) as caught:
        model.predict(f"[print('last words', flush=True), {what}]")
    assert "last words" in caught.value.detail
    assert gone(before)
    assert model.predict("1 + 1") == 2
    assert pid_of(model) != before


def test_a_child_that_is_killed_between_two_calls_is_not_noticed(start: Start) -> None:
    model = start(PID)
    os.kill(model.predict(1), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while model._pool.living() and time.monotonic() < deadline:  # its threads end one after another
        time.sleep(0.01)
    assert model.predict(1) == pid_of(model)


@pytest.mark.parametrize("what", ["time.sleep(1000)", HOLDS])
def test_a_hang_ends_at_its_time_and_the_next_call_has_a_new_child(what: str, start: Start) -> None:
    model = start()
    before = pid_of(model)
    with pytest.raises(WorkerTimeout, match=r"within 0\.3 s") as caught:
        model.predict(f"[print('begun', flush=True), {what}]", timeout=0.3)
    assert caught.value.detail == "begun"
    assert gone(before, 0.5)
    assert model.predict("1 + 1") == 2


def test_what_a_dead_child_started_neither_delays_the_error_nor_stays(start: Start) -> None:
    model = start()
    other = model.predict(
        "(lambda pid: pid or time.sleep(1000))(os.fork())"
    )  # has the connection open, like a pool of processes
    began = time.monotonic()
    with pytest.raises(WorkerCrashed, match="SIGKILL"):
        model.predict("os.kill(os.getpid(), signal.SIGKILL)")
    assert time.monotonic() - began < 10
    assert gone(other)


HOST = """
import sys
from pathlib import Path
from tests.workers import stub
folder, prefix, code, what = sys.argv[1:]
model = stub.started(Path(folder), Path(prefix), code, timeout=None)
print(model._pool.living()[0].pid, model.predict("subprocess.Popen(['sleep', '1000']).pid"), flush=True)
print(eval(what), flush=True)
"""


def host(tmp_path: Path, prefix: Path, what: str) -> subprocess.Popen[str]:
    """A process with a loaded model that does ``what``, after it has told its child's and grandchild's ids."""
    return subprocess.Popen(
        [sys.executable, "-c", HOST, str(tmp_path), str(prefix), DOES, what],
        env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)}, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.skipif(not PROC.exists(), reason="only Linux signals when a pipe closes")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
@pytest.mark.parametrize("what", [HOLDS, "time.sleep(1000)"])
def test_the_child_and_what_it_started_die_with_a_killed_host(
    what: str, number: int, tmp_path: Path, prefix: Path
) -> None:
    with host(tmp_path, prefix, f"model.predict({what!r})") as parent:
        assert parent.stdout is not None
        children = [int(pid) for pid in parent.stdout.readline().split()]
        time.sleep(0.3)  # it computes
        parent.send_signal(number)
        parent.wait()
        assert [gone(pid) for pid in children] == [True, True]


def test_the_child_lives_on_when_the_thread_that_started_it_ends(start: Start) -> None:
    with ThreadPoolExecutor(1) as threads:
        model = threads.submit(start, PID).result()
    assert model.predict(1) == pid_of(model)


def test_a_host_that_ends_leaves_nothing(tmp_path: Path, prefix: Path) -> None:
    with host(tmp_path, prefix, "'bye'") as parent:
        told, errors = parent.communicate(timeout=60)
    *children, last = told.split()
    assert (last, errors, parent.returncode) == ("bye", "", 0)
    assert [gone(int(pid)) for pid in children] == [True, True]
    assert not list(tmp_path.glob("mlruns"))


def test_the_environment_stays_in_use_while_only_the_child_lives(tmp_path: Path, start: Start) -> None:
    model = start()
    lock = Store.open(tmp_path / "store").layout.use_lock(stub.ENV_ID)
    model.session.restored.lease.close()
    assert try_exclusive(lock) is None
    assert model.predict("1 + 1") == 2
    model.close()
    descriptor = try_exclusive(lock)
    assert descriptor is not None
    os.close(descriptor)


def test_a_model_that_prints_without_end_neither_blocks_nor_fills_anything(
    tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    model = start()
    flood = "[os.write(1 + i % 2, b'y' * 65536) for i in range(4000)] and print('end') or sys.stdout.flush()"
    assert model.predict(flood) is None
    deadline = time.monotonic() + 10
    while not model.log.endswith("end") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert model.log.endswith("yend")
    (worker,) = model._pool.living()
    assert len(worker._child.log._kept) <= 256 * 1024
    assert sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file()) < 1_000_000


def test_large_frames_and_many_small_calls(start: Start) -> None:
    model = start(ECHO)
    large = random.Random(0).randbytes(100_000_000)
    assert model.predict(large) == large
    before = pid_of(model)
    assert sum(model.predict(number) for number in range(10_000)) == 49_995_000
    assert pid_of(model) == before


def test_a_large_frame_to_a_child_that_does_not_read_ends_at_its_time(start: Start) -> None:
    model = start()
    os.kill(pid_of(model), signal.SIGSTOP)
    with pytest.raises(WorkerTimeout):
        model.predict(bytes(10_000_000), timeout=0.3)
    assert model.predict("1 + 1") == 2


def test_an_interrupt_while_waiting_leaves_a_model_that_answers(start: Start) -> None:
    model = start()
    before = pid_of(model)
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        model.predict("time.sleep(1000)")
    assert gone(before)
    assert model.predict("1 + 1") == 2


INTERRUPTED = """
import contextlib, random, signal, sys
from pathlib import Path
from tests.workers import stub

class Interrupted(BaseException):
    pass

def interrupt(number, frame):
    raise Interrupted

folder, prefix, code = sys.argv[1:]
model = stub.started(Path(folder), Path(prefix), code, workers=2)
dice = random.Random(1)
signal.signal(signal.SIGALRM, interrupt)
for _ in range(60):
    with contextlib.suppress(Interrupted):
        signal.setitimer(signal.ITIMER_REAL, dice.uniform(0.0001, 0.005))
        # With an end: what is raised while an object is finalised reaches nobody.
        for _ in range(500):
            model.predict(1)
signal.signal(signal.SIGALRM, signal.SIG_IGN)
print(len(model._pool.free()), [model.predict(number) for number in range(3)])
"""


def test_interrupts_at_any_moment_lose_no_child(tmp_path: Path, prefix: Path) -> None:
    # In a process of its own: an object that nobody got yet cannot be closed by anybody.
    done = subprocess.run(
        [sys.executable, "-W", "ignore::ResourceWarning", "-c", INTERRUPTED, tmp_path, prefix, ECHO],
        env={**untraced(), "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.stdout == "2 [0, 1, 2]\n", done.stderr


def test_a_slot_that_was_not_given_back_is_free_once_its_call_is_gone(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = start(PID)
    before = model.predict(1)
    with monkeypatch.context() as patch:
        patch.setattr(Pool, "_give_back", lambda *_: None)
        assert model.predict(1) == before
    gc.collect()
    assert model.predict(1, timeout=5) == before


def test_half_an_answer_ends_a_child_even_if_its_caller_could_not(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = start()
    before = pid_of(model)
    with monkeypatch.context() as patch:
        patch.setattr(Child, "end", lambda *_, **_options: None)
        with pytest.raises(WorkerTimeout):
            model.predict("time.sleep(1000)", timeout=0.2)
    assert model.predict("os.getpid()") != before
    assert gone(before)


def test_threads_share_the_children_and_get_their_own_answers(start: Start) -> None:
    model = start(
        "import os, time\ndef predict(data, params=None):\n    time.sleep(0.002)\n    return data, os.getpid()\n",
        workers=3,
    )
    with ThreadPoolExecutor(12) as threads:
        answers = list(threads.map(model.predict, range(300)))
    assert [number for number, _ in answers] == list(range(300))
    assert 2 <= len({pid for _, pid in answers}) <= 3


def test_only_as_many_children_start_as_are_needed(start: Start) -> None:
    model = start(PID, workers=4)
    assert len({model.predict(1) for _ in range(8)}) == 1


def test_waiting_for_a_free_child_has_an_end_too(start: Start) -> None:
    model = start()
    with ThreadPoolExecutor(1) as threads:
        busy = threads.submit(model.predict, "time.sleep(1)")
        time.sleep(0.2)
        with pytest.raises(WorkerTimeout, match="no process of the model was free"):
            model.predict("1", timeout=0.2)
        assert busy.result() is None


def test_closing_ends_busy_children_and_those_who_wait(start: Start) -> None:
    model = start()
    with ThreadPoolExecutor(3) as threads:
        calls = [threads.submit(model.predict, "time.sleep(1000)") for _ in range(3)]
        time.sleep(0.3)
        child = pid_of(model)
        model.close()
        for call in calls:
            with pytest.raises(WorkerError, match="was closed"):
                call.result()
    assert gone(child)
    model.close()
    with pytest.raises(WorkerError, match="was closed"):
        model.predict("1")


def test_a_model_that_nobody_has_any_more_is_ended(tmp_path: Path, prefix: Path) -> None:
    model = stub.started(tmp_path, prefix, ECHO)
    child = pid_of(model)
    del model
    gc.collect()
    assert gone(child, 0.1)


FORK = """
import os, sys
from pathlib import Path
from tests.workers import stub
folder, prefix, code = sys.argv[1:]
model = stub.started(Path(folder), Path(prefix), code)
first = model.predict(1)
pid = os.fork()
if pid == 0:
    own = model.predict(1)
    assert own != first, "the fork asked the host's child"
    sys.exit(0)  # with all finalizers
assert os.waitpid(pid, 0)[1] == 0
assert model.predict(1) == first, "the fork ended the host's child"
print("ok")
"""


def test_a_fork_has_children_of_its_own(tmp_path: Path, prefix: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error::ResourceWarning", "-c", FORK, str(tmp_path), str(prefix), PID],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.stdout, done.returncode) == ("ok\n", 0), done.stderr


PARAMS = (
    'signature:\n  inputs: null\n  params: \'[{"name": "n", "type": "long", "default": 1, "shape": null}]\'\n'
)
TAKES = "def predict(data, params=None):\n    return data, params\n"


def test_params_go_where_the_signature_names_them(start: Start) -> None:
    model = start(TAKES, extra=PARAMS)
    assert model.predict(1, {"n": 2}) == (1, {"n": 2})
    assert model.predict(1) == (1, None)
    with pytest.raises(WorkerError, match="its signature names none") as caught:
        start(TAKES).predict(1, {"n": 2})
    assert caught.value.code == "worker/params"


def test_params_are_refused_where_mlflow_takes_none(
    tmp_path_factory: pytest.TempPathFactory, start: Start
) -> None:
    old = stub.environment(tmp_path_factory.mktemp("old"), params=False)
    model = start("def predict(data):\n    return data\n", prefix=old, extra=PARAMS)
    with pytest.raises(WorkerError, match=r"MLflow 9\.9 takes none"):
        model.predict(1, {"n": 2})
    assert model.predict(1) == 1


def test_what_cannot_be_carried_is_told_and_the_child_stays(start: Start) -> None:
    model = start()
    before = pid_of(model)
    with pytest.raises(WorkerValueError, match=r"object cannot be carried; it does not go to the model"):
        model.predict(object())
    with pytest.raises(
        WorkerValueError, match=r"module cannot be carried; it does not go back from the model"
    ):
        model.predict("sys")
    assert pid_of(model) == before


@pytest.mark.parametrize(
    ("code", "error", "message"),
    [
        (
            "import nothing_of_that_name\n",
            ModelError,
            "loading the model raised builtins.ModuleNotFoundError",
        ),
        ("import os\nos._exit(7)\n", WorkerCrashed, "ended with exit code 7"),
        ("import time\ntime.sleep(1000)\n", WorkerTimeout, "did not answer within 1 s"),
    ],
)
def test_a_model_that_does_not_load_leaves_no_lease(
    code: str, error: type[WorkerError], message: str, tmp_path: Path, start: Start
) -> None:
    with pytest.raises(error, match=message):
        start(code, timeout=1.0)
    descriptor = try_exclusive(Store.open(tmp_path / "store").layout.use_lock(stub.ENV_ID))
    assert descriptor is not None
    os.close(descriptor)


def test_a_folder_without_a_model_and_no_workers_are_refused(tmp_path: Path, prefix: Path) -> None:
    from envbuilder.workers.loading import load

    store = Store.open(tmp_path / "store")
    with pytest.raises(WorkerError, match="no MLmodel"):
        load(stub.restored(store, prefix), tmp_path)
    with pytest.raises(WorkerError, match="0 workers"):
        stub.started(tmp_path, prefix, ECHO, workers=0)


def test_an_environment_without_its_python_is_told(tmp_path: Path) -> None:
    with pytest.raises(WorkerError, match="python cannot be started: no such file"):
        stub.started(tmp_path, tmp_path / "nowhere", ECHO)


SEES = """
import os, sys
def predict(data, params=None):
    return sys.argv, [name for name in sys.path if "envbuilder" in name], sorted(os.listdir(os.path.dirname(__file__)))
"""


def test_a_model_sees_nothing_of_ours_and_keeps_its_folder(start: Start) -> None:
    arguments, ours, files = start(SEES).predict(1)
    assert (arguments, ours) == (["-c"], [])
    assert [name for name in files if not name.endswith(".py")] == []


LIGHT = """
import sys
from pathlib import Path
from tests.workers import stub
folder, prefix, code = sys.argv[1:]
with stub.started(Path(folder), Path(prefix), code) as model:
    assert model.predict([1, "a"]) == [1, "a"]
print(sorted({"numpy", "pandas", "scipy", "mlflow"} & sys.modules.keys()))
"""


def test_the_host_imports_nothing_that_its_user_did_not(tmp_path: Path, prefix: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LIGHT, str(tmp_path), str(prefix), ECHO],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.stdout == "[]\n", done.stderr
