from __future__ import annotations

import dataclasses
import fcntl
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from envbuilder import process
from envbuilder.bounds import Bounds
from envbuilder.builder.building import build
from envbuilder.environment import Interpreter
from envbuilder.errors import BuildError, PolicyError
from envbuilder.lock import Kind
from envbuilder.policy import Builds, Policy
from envbuilder.policyfile.patterns import read_pattern
from envbuilder.redact import SafeUrl
from envbuilder.settings import Settings
from envbuilder.store.store import Store
from tests.builder.conftest import Make, lock_of
from tests.builder.wheelsmith import artifact_of, make_sdist, make_wheel

SCRIPTS = {"greet": "greeting:main"}
GREETING = {"greeting.py": "import sys\ndef main():\n    print('hello from', sys.prefix)\n"}


def run(*argv: str | Path) -> str:
    done = subprocess.run(list(map(str, argv)), capture_output=True, text=True, check=True, cwd="/")
    return done.stdout.strip()


def published(store: Store) -> list[Path]:
    return sorted(path for path in store.layout.environments.iterdir() if (path / ".envbuilder").exists())


def test_an_environment_is_built_and_works(make: Make, shop: Path) -> None:
    built = make(make_wheel(shop, "plain"), imports=("plain",))
    assert not built.hit
    assert run(built.environment.python, "-I", "-c", "import plain; print(plain.VERSION)") == "1.0"


def test_the_second_time_is_a_hit(make: Make, shop: Path) -> None:
    wheel = make_wheel(shop, "plain")
    first = make(wheel)
    (shop / wheel.filename).unlink()
    second = make(wheel)
    assert second.hit
    assert second.environment == first.environment
    assert second.seconds < first.seconds


def test_scripts_name_the_final_place(make: Make, shop: Path) -> None:
    built = make(make_wheel(shop, "greeting", files=GREETING, scripts=SCRIPTS))
    prefix = built.environment.prefix
    assert run(prefix / "bin" / "greet") == f"hello from {prefix}"


@pytest.mark.parametrize("engine", ["uv"])
def test_what_uv_made_can_be_moved(make: Make, shop: Path, tmp_path: Path) -> None:
    built = make(make_wheel(shop, "greeting", files=GREETING, scripts=SCRIPTS))
    copy = tmp_path / "elsewhere"
    shutil.copytree(built.environment.prefix, copy, symlinks=True)
    assert run(copy / "bin" / "greet") == f"hello from {copy}"


def test_nothing_in_it_can_be_written(make: Make, shop: Path) -> None:
    built = make(make_wheel(shop, "plain"), make_sdist(shop, "built"))
    writable = [
        path
        for path in built.environment.prefix.rglob("*")
        if ".envbuilder" not in path.parts and not path.is_symlink() and path.stat().st_mode & 0o222
    ]
    assert writable == []


def test_every_module_has_its_bytecode(make: Make, shop: Path) -> None:
    files = {"tree/__init__.py": "", "tree/leaf.py": "X = 1\n", "tree/broken.py": "print 'as of old'\n"}
    built = make(make_wheel(shop, "tree", files=files), make_sdist(shop, "built"))
    sources = {p.stem for p in built.environment.prefix.rglob("tree/*.py")}
    compiled = {p.name.partition(".")[0] for p in built.environment.prefix.rglob("tree/__pycache__/*.pyc")}
    assert sources - compiled == {"broken"}
    assert list(built.environment.prefix.rglob("__pycache__/built.*.pyc"))


def test_bytecode_is_trusted_whatever_the_times_are(make: Make, shop: Path) -> None:
    built = make(make_wheel(shop, "plain"))
    (compiled,) = built.environment.prefix.rglob("__pycache__/plain.*.pyc")
    # PEP 552: bit 0 says hash-based, bit 1 that the source is to be checked.
    assert compiled.read_bytes()[4] == 1


def test_it_holds_the_lock_and_nothing_else(make: Make, shop: Path, engine: str) -> None:
    built = make(make_wheel(shop, "plain"), make_sdist(shop, "built"))
    found = {path.name.partition("-")[0] for path in built.environment.prefix.rglob("*.dist-info")}
    assert found == {"plain", "built"} | ({"pip"} if engine == "pip" else set())
    assert list(built.environment.prefix.rglob("direct_url.json")) == []


def test_another_file_than_the_locked_one_is_refused(make: Make, shop: Path, store: Store) -> None:
    wheel = dataclasses.replace(make_wheel(shop, "plain"), sha256="0" * 64)
    with pytest.raises(BuildError) as caught:
        make(wheel)
    assert caught.value.code == "build/hash-mismatch"
    assert published(store) == []


def test_another_source_than_the_locked_one_is_refused(make: Make, shop: Path, tmp_path: Path) -> None:
    trap = f"open({str(tmp_path / 'ran')!r}, 'w').close()"
    source = dataclasses.replace(make_sdist(shop, "built", trap=trap), sha256="0" * 64)
    with pytest.raises(BuildError) as caught:
        make(source)
    assert caught.value.code == "build/hash-mismatch"
    assert not (tmp_path / "ran").exists()


def test_a_source_that_does_not_build_is_named(make: Make, shop: Path, store: Store) -> None:
    source = make_sdist(shop, "built", trap="raise RuntimeError('there is no fortran here')")
    with pytest.raises(BuildError) as caught:
        make(make_wheel(shop, "plain"), source)
    assert caught.value.code == "build/source-failed"
    assert "built-1.0.tar.gz" in caught.value.message
    assert "there is no fortran here" in caught.value.detail
    assert published(store) == []


def test_a_failed_build_keeps_its_whole_log(make: Make, shop: Path, store: Store) -> None:
    """The error quotes the end; what was said before it stands in the file that the error names."""
    trap = "print('\\n'.join('line %d of https://user:hunter2@example.org/' % n for n in range(500))); 1 / 0"
    source = make_sdist(shop, "built", trap=trap)
    with pytest.raises(BuildError) as caught:
        make(source)
    assert "line 0 " not in caught.value.detail
    (log,) = (store.root / "failed").glob("*.log")
    assert caught.value.hint.endswith(f"; log: {log}")
    text = log.read_text("utf-8")
    assert "line 0 of" in text
    assert "ZeroDivisionError" in text
    assert "build/source-failed: building built-1.0.tar.gz failed" in text
    assert "hunter2" not in text
    with pytest.raises(BuildError) as again:
        make(source)
    assert f"log: {log}; this failed" in again.value.hint
    store.forget_failure(log.name.removesuffix(".log"))
    assert list((store.root / "failed").iterdir()) == []


def test_an_archive_that_leads_elsewhere_reaches_no_tool(make: Make, shop: Path, tmp_path: Path) -> None:
    source = make_sdist(shop, "built", trap=f"open({str(tmp_path / 'ran')!r}, 'w').close()")
    path = shop / source.filename
    with tarfile.open(path) as packed:
        members = [(entry, packed.extractfile(entry)) for entry in packed]
        with tarfile.open(shop / "evil.tar.gz", "w:gz") as evil:
            for entry, content in members:
                evil.addfile(entry, content)
            evil.addfile(tarfile.TarInfo("built-1.0/../../evil"))
    (shop / "evil.tar.gz").replace(path)
    with pytest.raises(BuildError) as caught:
        make(artifact_of(path, "built", "1.0", Kind.SDIST))
    assert caught.value.code == "archive/path-escape"
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sets limits from outside")
@pytest.mark.parametrize("trap", ["bytearray(2_000_000_000)", "open('x', 'wb').truncate(300_000_000)"])
def test_a_build_that_wants_too_much_is_ended(
    make: Make, shop: Path, trap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bounds = Bounds(memory=1_000_000_000, file=200_000_000)
    monkeypatch.setattr(
        process.run, "__kwdefaults__", {**(process.run.__kwdefaults__ or {}), "bounds": bounds}
    )
    with pytest.raises(BuildError, match="than it may have") as caught:
        make(make_sdist(shop, "greedy", trap=trap))
    assert caught.value.code == "build/limit"


def test_a_build_that_imports_another_source_of_the_lock_waits_for_it(make: Make, shop: Path) -> None:
    built = make(make_sdist(shop, "first", trap="import second"), make_sdist(shop, "second"))
    assert (built.environment.prefix / "bin" / "python").exists()
    assert list(built.environment.prefix.glob("lib/python*/site-packages/first.py"))


def test_the_policy_decides_what_is_built(make: Make, shop: Path, store: Store) -> None:
    source = make_sdist(shop, "built")
    with pytest.raises(PolicyError) as caught:
        make(source, policy=Policy(builds=Builds(sdist="never")))
    assert caught.value.code == "build/from-source"
    assert "built 1.0" in caught.value.message
    assert published(store) == []
    assert make(source, policy=Policy(builds=Builds(sdist=(read_pattern("built<99"),)))).environment.packages


def test_builds_see_no_secret(make: Make, shop: Path, host: Settings, engine: str) -> None:
    secret = "hunter2"
    settings = dataclasses.replace(
        host,
        index=SafeUrl(f"https://user:{secret}@index.example.org/simple"),
        tool_variables=(*host.tool_variables, ("HTTPS_PROXY", f"http://me:{secret}@proxy.example.org")),
    )
    built = make(make_sdist(shop, "built"), settings=settings)
    (module,) = built.environment.prefix.rglob("site-packages/built.py")
    assert secret not in module.read_text()
    assert secret not in (built.environment.prefix / ".envbuilder" / "build.log").read_text()


def test_a_lock_for_another_python_is_refused(
    running: Interpreter, store: Store, host: Settings, shop: Path
) -> None:
    lock = lock_of(dataclasses.replace(running, version="3.6.1"), make_wheel(shop, "plain"))
    with pytest.raises(BuildError) as caught:
        build(lock, interpreter=running, store=store, settings=host)
    assert caught.value.code == "build/wrong-interpreter"
    assert caught.value.message.startswith("the lock is for Python 3.6.1 on")


def test_a_failed_build_leaves_no_tree_and_no_lease(make: Make, shop: Path, store: Store) -> None:
    with pytest.raises(BuildError):
        make(make_wheel(shop, "plain"), imports=("absent",))
    assert list(store.layout.environments.iterdir()) == []
    assert list(store.layout.tmp.iterdir()) == []
    (use,) = (store.root / "lk").glob("*.use")
    with use.open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_phases_are_told(make: Make, shop: Path) -> None:
    phases: list[str] = []

    class Teller:
        def phase(self, name: str, detail: str = "") -> None:
            phases.append(f"{name} {detail}".split()[0])

        def advance(self, done: int, total: int) -> None:
            assert 0 <= done <= total

        def wait(self, detail: str) -> None:
            phases.append(f"wait for {detail}")

    make(make_wheel(shop, "plain"), make_sdist(shop, "built"), imports=("plain",), progress=Teller())
    assert [name for name in phases if name in ("install", "build", "compile", "verify")] == [
        "install", "build", "compile", "verify"
    ]  # fmt: skip
