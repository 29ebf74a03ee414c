"""Sessions and the exec-style run, on a tiny environment with the real interpreter."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from envbuilder.errors import UsageError
from envbuilder.settings import Settings
from envbuilder.store.lease import try_exclusive
from envbuilder.store.store import Store
from envbuilder.use.execution import activated
from envbuilder.use.restoration import restore
from envbuilder.use.session import Session, acquire, run_command
from tests.use.conftest import Stages

ROOT = Path(__file__).parents[2]


def test_the_environments_programs_come_first_and_python_variables_go() -> None:
    environ = {"PATH": "/usr/bin", "PYTHONPATH": "/x", "PYTHONHOME": "/y", "TOKEN": "secret"}
    assert activated(Path("/env"), environ) == {
        "PATH": "/env/bin:/usr/bin",
        "VIRTUAL_ENV": "/env",
        "TOKEN": "secret",
    }


def test_without_a_path_the_systems_own_is_behind() -> None:
    assert activated(Path("/env"), {})["PATH"] == f"/env/bin:{os.defpath}"


def free(store: Store, env_id: str) -> bool:
    descriptor = try_exclusive(store.layout.use_lock(env_id))
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is not None


def test_a_session_runs_what_the_environment_has(
    model: Path, settings: Settings, stages: Stages, store: Store
) -> None:
    with acquire(model, settings=settings) as session:
        assert session.python == session.prefix / "bin" / "python"
        done = session.run(["python", "-c", "import os; print(os.environ['VIRTUAL_ENV'])"],
                           stdout=subprocess.PIPE, text=True)  # fmt: skip
        assert done.stdout.strip() == str(session.prefix)
        assert not free(store, session.env_id)
    assert free(store, session.env_id)


def test_one_text_is_a_program_or_a_line_for_the_shell(
    model: Path, settings: Settings, stages: Stages
) -> None:
    with acquire(model, settings=settings) as session:
        line = session.run("python -c 'print(6 * 7)'", shell=True, stdout=subprocess.PIPE, text=True)
        assert line.stdout == "42\n"
        program = session.run("python", input="print(6 * 7)", stdout=subprocess.PIPE, text=True)
        assert program.stdout == "42\n"


def test_a_session_hands_a_failure_over(model: Path, settings: Settings, stages: Stages) -> None:
    with acquire(model, settings=settings) as session:
        assert session.run([session.python, "-c", "raise SystemExit(7)"]).returncode == 7
        with pytest.raises(subprocess.CalledProcessError):
            session.run(["python", "-c", "raise SystemExit(7)"], check=True)
        with pytest.raises(FileNotFoundError):
            session.run(["no-such-program"])


def test_the_callers_own_environment_and_descriptors_are_kept(
    model: Path, settings: Settings, stages: Stages
) -> None:
    read, write = os.pipe()
    with acquire(model, settings=settings) as session:
        code = f"import os; os.write({write}, os.environ['MINE'].encode())"
        session.run(["python", "-c", code], env={"MINE": "yes", "PATH": "/bin"}, pass_fds=[write], check=True)
    assert os.read(read, 10) == b"yes"
    os.close(read)
    os.close(write)


def test_a_child_keeps_the_lease_after_the_session(
    model: Path, settings: Settings, stages: Stages, store: Store
) -> None:
    with acquire(model, settings=settings) as session:
        child = session.popen(["python", "-c", "input()"], stdin=subprocess.PIPE)
    assert not free(store, session.env_id)
    child.communicate(b"\n")
    assert free(store, session.env_id)


def test_an_error_inside_ends_the_session(
    model: Path, settings: Settings, stages: Stages, store: Store
) -> None:
    seen: list[Session] = []

    def fail() -> None:
        with acquire(model, settings=settings) as session:
            seen.append(session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert free(store, seen[0].env_id)


def test_no_command_and_no_such_command_are_told(model: Path, settings: Settings, stages: Stages) -> None:
    restored = restore(model, settings=settings)
    with pytest.raises(UsageError, match="no command to run"):
        run_command(restored, [])
    with pytest.raises(UsageError, match="no command 'no-such-program'"):
        run_command(restored, ["no-such-program"])
    assert not restored.lease.closed


def test_what_is_no_program_is_told(model: Path, settings: Settings, stages: Stages, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_bytes(b"\0\0")
    script.chmod(0o755)
    restored = restore(model, settings=settings)
    before = signal.getsignal(signal.SIGPIPE)
    with pytest.raises(UsageError, match="cannot be run"):
        run_command(restored, [str(script)])
    signal.signal(signal.SIGPIPE, before)


RUN = """
import sys
from pathlib import Path
from envbuilder.settings import Settings
from envbuilder.use.restoration import restore
from envbuilder.use.session import run_command
print("before")
run_command(restore(Path(sys.argv[1]), settings=Settings.from_environ()), sys.argv[2:])
"""


def start(model: Path, settings: Settings, *command: str) -> subprocess.Popen[bytes]:
    """Run a command as ``envbuilder run`` does, in a process of its own, by a hit."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN, str(model), *command],
        env={**os.environ, "PYTHONPATH": str(ROOT), "ENVBUILDER_HOME": str(settings.home)},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip


def test_a_command_takes_the_process_with_its_exit_code(
    model: Path, settings: Settings, stages: Stages
) -> None:
    restore(model, settings=settings).lease.close()
    child = start(model, settings, "python", "-c", "raise SystemExit(3)")
    out, _ = child.communicate()
    assert child.returncode == 3
    assert out == b"before\n"
    child = start(model, settings, "python", "-c", "import os, sys; print(os.getpid(), sys.argv[1])", "a b")
    assert child.communicate()[0].split() == [b"before", str(child.pid).encode(), b"a", b"b"]


def test_the_lease_lives_as_long_as_the_command(
    model: Path, settings: Settings, stages: Stages, store: Store
) -> None:
    restored = restore(model, settings=settings)
    restored.lease.close()
    env_id = restored.environment.env_id
    with start(model, settings, "python", "-c", "print('up', flush=True); input()") as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"before\n"
        assert child.stdout.readline() == b"up\n"
        assert not free(store, env_id)
        child.send_signal(signal.SIGTERM)
    assert child.returncode == -signal.SIGTERM
    assert free(store, env_id)


def test_a_command_in_a_pipe_dies_of_sigpipe(model: Path, settings: Settings, stages: Stages) -> None:
    restore(model, settings=settings).lease.close()
    with start(model, settings, "/bin/sh", "-c", "while :; do echo x; done") as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.stdout.close()
        assert child.wait(timeout=20) == -signal.SIGPIPE
