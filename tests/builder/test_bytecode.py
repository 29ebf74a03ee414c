from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from envbuilder.builder import bytecode
from tests.builder.conftest import Make
from tests.builder.wheelsmith import artifact_of, make_wheel


@pytest.fixture
def engine() -> str:
    """Bytecode is the same whoever installs."""
    return "uv"


def compiled(prefix: Path, name: str) -> list[Path]:
    return list(prefix.rglob(f"__pycache__/{name}.*.pyc"))


def log(prefix: Path) -> str:
    return (prefix / ".envbuilder" / "build.log").read_text()


def test_what_two_environments_share_is_compiled_once(make: Make, shop: Path) -> None:
    plain, one, two = (make_wheel(shop, name) for name in ("plain", "one", "two"))
    first = make(plain, one).environment.prefix
    second = make(plain, two).environment.prefix
    (shared,), (again,) = compiled(first, "plain"), compiled(second, "plain")
    assert shared.samefile(again)
    assert "1 new to the store" in log(second)


def test_other_bytes_under_the_same_name_are_compiled_anew(make: Make, shop: Path) -> None:
    first = make(make_wheel(shop, "plain", "1.0")).environment.prefix
    second = make(make_wheel(shop, "plain", "2.0")).environment.prefix
    (old,), (new,) = compiled(first, "plain"), compiled(second, "plain")
    assert old.read_bytes() != new.read_bytes()


def test_bytecode_that_a_wheel_ships_is_not_trusted(make: Make, shop: Path) -> None:
    import sys

    shipped = f"__pycache__/plain.{sys.implementation.cache_tag}.pyc"
    wheel = make_wheel(shop, "plain", files={"plain.py": "X = 1\n", shipped: "not what the source says"})
    prefix = make(wheel, imports=("plain",)).environment.prefix
    (found,) = compiled(prefix, "plain")
    assert b"not what the source says" not in found.read_bytes()


def test_a_package_s_own_tests_have_no_bytecode_not_even_their_own(make: Make, shop: Path) -> None:
    import sys

    files = {
        "plain/__init__.py": "",
        "plain/tests/test_one.py": "",
        "plain/tests/deep/test_two.py": "",
        "plain/testsuite.py": "",
        f"plain/tests/__pycache__/test_one.{sys.implementation.cache_tag}.pyc": "not what the source says",
    }
    prefix = make(make_wheel(shop, "plain", files=files), imports=("plain",)).environment.prefix
    assert compiled(prefix, "testsuite")
    assert not compiled(prefix, "test_one")
    assert not compiled(prefix, "test_two")


def test_a_module_that_does_not_compile_stays_a_source(make: Make, shop: Path) -> None:
    files = {"plain.py": "X = 1\n", "template.py": "class {{ name }}:\n"}
    prefix = make(make_wheel(shop, "plain", files=files), imports=("plain",)).environment.prefix
    assert compiled(prefix, "plain")
    assert not compiled(prefix, "template")
    assert "1 do not compile" in log(prefix)


def test_a_module_that_ends_the_compiler_is_left_out(
    make: Make, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trap = "    try:\n        if name.startswith('bad'): __import__('os')._exit(9)\n"
    monkeypatch.setattr(bytecode, "SCRIPT", bytecode.SCRIPT.replace("    try:\n", trap, 1))
    files = {f"{name}.py": "X = 1\n" for name in ("a", "bad1", "m", "bad2", "z")}
    prefix = make(make_wheel(shop, "plain", files=files)).environment.prefix
    assert all(compiled(prefix, name) for name in ("a", "m", "z"))
    assert not compiled(prefix, "bad1")
    assert not compiled(prefix, "bad2")


def test_no_code_of_a_package_runs_while_compiling(make: Make, shop: Path, tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    files = {"plain.py": "X = 1\n", "plain.pth": f"import os; open({str(mark)!r}, 'w').close()\n"}
    make(make_wheel(shop, "plain", files=files))
    assert not mark.exists()


def test_tracebacks_name_the_file_where_it_stands(make: Make, shop: Path, tmp_path: Path) -> None:
    import subprocess

    wheel = make_wheel(shop, "plain", files={"plain.py": "def f():\n    return f.__code__.co_filename\n"})
    environment = make(wheel).environment
    done = subprocess.run(
        [environment.python, "-I", "-c", "import plain; print(plain.f())"],
        capture_output=True, text=True, check=True, cwd=tmp_path,
    )  # fmt: skip
    (source,) = environment.prefix.rglob("site-packages/plain.py")
    assert Path(done.stdout.strip()).samefile(source)


def test_where_links_are_refused_it_still_compiles(
    make: Make, shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", refuse)
    prefix = make(make_wheel(shop, "plain")).environment.prefix
    assert compiled(prefix, "plain")


def test_members_that_are_no_files_do_no_harm(make: Make, shop: Path) -> None:
    wheel = make_wheel(shop, "plain", files={"plain.py": "X = 1\n", "odd.py/data.txt": "a folder\n"})
    with zipfile.ZipFile(shop / wheel.filename) as archive:
        assert "odd.py/data.txt" in archive.namelist()
    same = artifact_of(shop / wheel.filename, "plain", "1.0", wheel.kind)
    assert compiled(make(same).environment.prefix, "plain")
