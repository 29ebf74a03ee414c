"""Programs that are restarted for real: in environments built from an index on the loopback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.shop import open_shop, stock
from envbuilder.inspection.restarting import STAND_IN
from envbuilder.store.layout import Layout
from envbuilder.store.lease import try_exclusive
from tests.conftest import ROOT
from tests.inspection.conftest import venv

VERSION = ".".join(map(str, sys.version_info[:3]))

PROGRAM = """\
import json, os, sys
import envbuilder
print("run", flush=False)
found = envbuilder.check({model!r}, on_mismatch="exec", as_of="now")
import shopthing1
print(json.dumps({{
    "argv": sys.argv, "pid": os.getpid(), "cwd": os.getcwd(), "prefix": sys.prefix, "found": bool(found),
    "packages": found.packages, "envbuilder": envbuilder.__file__, "path": os.environ.get("PYTHONPATH"),
    "flags": [sys.flags.dev_mode, sys.flags.utf8_mode], "environ": os.environ.get("MINE"),
}}))
"""

Answer = dict[str, Any]


class Shop:
    """A model of one small package, a store, and the ways to run a program there."""

    def __init__(self, folder: Path, index: str) -> None:
        _, good = stock(folder, 2, modules=3)
        self.folder, self.model = folder, good.model
        (self.model / "python_env.yaml").write_text(
            f"python: {VERSION}\ndependencies:\n- -r requirements.txt\n"
        )
        self.home = folder / "store"
        own = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
        self.environ = own | {
            "ENVBUILDER_HOME": str(self.home), "UV_DEFAULT_INDEX": index, "PYTHONPATH": str(ROOT), "MINE": "yes",
        }  # fmt: skip
        self.program = folder / "prog.py"
        self.program.write_text(PROGRAM.format(model=str(self.model)))

    def run(self, *arguments: str | Path, **given: Any) -> subprocess.CompletedProcess[str]:
        options: dict[str, Any] = {
            "cwd": self.folder,
            "env": self.environ,
            "stdin": subprocess.DEVNULL,
        } | given
        argv = [str(options.pop("executable", sys.executable)), *map(str, arguments)]
        done: subprocess.CompletedProcess[str] = subprocess.run(
            argv, capture_output=True, text=True, check=False, timeout=120, **options
        )
        return done

    def answer(self, *arguments: str | Path, **options: Any) -> Answer:
        """What the restarted program told; it wrote one line before, and none twice."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, done.stderr
        *before, told = done.stdout.splitlines()
        assert before == ["run", "run"]
        found: Answer = json.loads(told)
        assert Path(found["prefix"]).parent == self.home / "envs" / "v1"
        return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    with open_shop(folder) as index:
        yield Shop(folder, index)


def test_a_script_begins_again_in_the_models_environment(shop: Shop) -> None:
    process = subprocess.Popen(
        [sys.executable, "-Xdev", "-X", "utf8", "prog.py", "--option", "a b"],
        cwd=shop.folder, env=shop.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    told: Answer = json.loads(out.splitlines()[-1])
    assert told["argv"] == ["prog.py", "--option", "a b"]
    assert (told["pid"], told["cwd"], told["flags"]) == (process.pid, str(shop.folder), [True, 1])
    assert (told["found"], told["packages"], told["environ"]) == (False, 4, "yes")
    assert told["envbuilder"] == str(STAND_IN / "envbuilder" / "__init__.py")
    assert told["path"] == str(ROOT)


@pytest.mark.parametrize("form", ["module", "code", "folder", "absolute"])
def test_every_way_to_start_a_program(shop: Shop, form: str) -> None:
    package = shop.folder / "app"
    package.mkdir(exist_ok=True)
    (package / "__main__.py").write_text(shop.program.read_text())
    arguments = {
        "module": ["-m", "prog"],
        "code": ["-c", shop.program.read_text()],
        "folder": ["app"],
        "absolute": [str(shop.program)],
    }[form]
    assert shop.answer(*arguments, "x")["argv"][1:] == ["x"]


def test_the_lease_goes_with_the_program(shop: Shop) -> None:
    waiting = shop.folder / "waiting.py"
    waiting.write_text(f"{shop.program.read_text()}sys.stdout.flush()\ninput()\n")
    with subprocess.Popen(
        [sys.executable, str(waiting)], cwd=shop.folder, env=shop.environ, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            told = [process.stdout.readline() for _ in range(3)]
            lock = Layout(shop.home).use_lock(Path(json.loads(told[-1])["prefix"]).name)
            assert try_exclusive(lock) is None
            process.stdin.write("\n")
        finally:
            process.stdin.close()
    descriptor = try_exclusive(lock)
    assert descriptor is not None
    os.close(descriptor)


def test_a_program_that_is_installed_has_to_be_in_the_environment(shop: Shop, tmp_path: Path) -> None:
    host = venv(sys.executable, tmp_path / "host", "--system-site-packages")
    script = host / "bin" / "serve"
    script.write_text(shop.program.read_text())
    environ = shop.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path[1:])])}
    done = shop.run(script, executable=host / "bin" / "python", env=environ)
    assert done.returncode == 1
    assert "check/restart: the model's environment has no serve" in done.stderr
    (site,) = host.glob("lib/python*/site-packages")
    (site / "serving.py").write_text(shop.program.read_text())
    done = shop.run("-m", "serving", executable=host / "bin" / "python", env=environ)
    assert "check/restart: the model's environment has no module serving" in done.stderr


def before(shop: Shop, line: str, name: str) -> Path:
    """The program with a line before its check."""
    path = shop.folder / name
    path.write_text(shop.program.read_text().replace("found =", f"{line}\nfound =", 1))
    return path


Refused = Callable[[Shop], "subprocess.CompletedProcess[str]"]


def stdin(shop: Shop) -> subprocess.CompletedProcess[str]:
    return shop.run("-", stdin=None, input=shop.program.read_text())


def interactive(shop: Shop) -> subprocess.CompletedProcess[str]:
    return shop.run("-i", "prog.py")


def elsewhere(shop: Shop) -> subprocess.CompletedProcess[str]:
    return shop.run(before(shop, "os.chdir('/')", "moved.py").name)


def notebook(shop: Shop) -> subprocess.CompletedProcess[str]:
    return shop.run(before(shop, "sys.modules['ipykernel'] = sys", "kernel.py"))


def forked(shop: Shop) -> subprocess.CompletedProcess[str]:
    line = "pid = os.fork()\nif pid: sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))"
    return shop.run(before(shop, line, "forked.py"))


def spawned(shop: Shop) -> subprocess.CompletedProcess[str]:
    path = shop.folder / "spawned.py"
    path.write_text(
        "import multiprocessing, runpy, sys\ndef work():\n    runpy.run_path('prog.py')\n"
        "if __name__ == '__main__':\n    child = multiprocessing.get_context('spawn').Process(target=work)\n"
        "    child.start(); child.join(); sys.exit(child.exitcode)\n"
    )
    return shop.run(path)


def isolated(shop: Shop) -> subprocess.CompletedProcess[str]:
    code = f"import sys; sys.path[:0] = {[str(ROOT), *sys.path]!r}; " + "exec(open('prog.py').read())"
    return shop.run("-I", "-c", code)


@pytest.mark.parametrize(
    ("way", "reason"),
    [
        (stdin, "its code came through stdin"),
        (interactive, "it is interactive"),
        (elsewhere, "'moved.py' is not there from this working directory"),
        (notebook, "it is the kernel of a notebook"),
        (forked, "it is a worker of another process"),
        (spawned, "it is a worker of another process"),
        (isolated, "with -E or -I the environment's Python would not find envbuilder"),
    ],
)
def test_what_cannot_begin_again_is_told_with_the_cure(shop: Shop, way: Refused, reason: str) -> None:
    done = way(shop)
    assert (
        f"check/restart: {'' if way is isolated else 'this process cannot be restarted: '}{reason}"
        in done.stderr
    )
    assert "envbuilder.load_model(model)" in done.stderr
    assert "Traceback" in done.stderr  # it is an error like any other


def test_workers_of_the_restarted_program_pass_the_check_too(shop: Shop) -> None:
    path = shop.folder / "pool.py"
    path.write_text(
        "import multiprocessing, os, subprocess, sys\nimport envbuilder\n"
        f"envbuilder.check({str(shop.model)!r}, on_mismatch='exec', as_of='now')\n"
        "def work(queue):\n    import shopthing1\n    queue.put(shopthing1.NAME)\n"
        "if __name__ == '__main__':\n    context = multiprocessing.get_context('spawn')\n"
        "    queue = context.Queue()\n    child = context.Process(target=work, args=(queue,))\n"
        "    child.start()\n    print(queue.get())\n    child.join()\n"
    )
    done = shop.run(path)
    assert (done.stdout, done.returncode) == ("shopthing1\n", 0), done.stderr


def test_the_restarted_program_can_check_no_other_model(shop: Shop) -> None:
    path = shop.folder / "two.py"
    path.write_text(shop.program.read_text() + "envbuilder.check('another', on_mismatch='exec')\n")
    done = shop.run(path)
    assert done.returncode == 1
    assert f"check/restarted: this program runs in the environment of {shop.model}" in done.stderr


def test_what_the_stand_in_has_not_is_told(shop: Shop) -> None:
    path = shop.folder / "more.py"
    path.write_text(shop.program.read_text() + "envbuilder.load_model('another')\n")
    done = shop.run(path)
    assert (
        "envbuilder.load_model is not there: this program was restarted in the environment of" in done.stderr
    )


OTHERS = sorted((Path.home() / ".pyenv" / "versions").glob("3.*/bin/python"))


@pytest.mark.parametrize("executable", OTHERS, ids=lambda path: path.parent.parent.name)
def test_the_stand_in_runs_under_every_python(tmp_path: Path, executable: Path) -> None:
    code = (
        "import os, envbuilder; found = envbuilder.check('m', on_mismatch='exec', as_of='now', offline=True); "
        "assert not found and not found.ranked and list(found) == [] and len(found) == 0; "
        "print(found.lock_id, found.packages, os.environ.get('PYTHONPATH'))"
    )
    told = json.dumps({"pid": 1, "model": "m", "lock_id": "abc", "packages": 3})
    environ = {"PYTHONPATH": f"{STAND_IN}:/mine", "ENVBUILDER_RESTARTED": told}
    argv = [str(executable), "-c", code]
    done = subprocess.run(argv, cwd=tmp_path, env=environ, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("abc 3 /mine\n", "")
