from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.environment import Interpreter
from envbuilder.errors import EnvbuilderError, InterpreterError, UsageError
from envbuilder.interpreters.choice import Interpreters
from envbuilder.settings import Settings

ANSWER: dict[str, Any] = {
    "executable": "",
    "library": "",
    "version": "3.8.18",
    "level": "final",
    "implementation": "cpython",
    "soabi": "cpython-38-x86_64-linux-gnu",
    "abiflags": "",
    "platform": "linux-x86_64",
    "bits": 64,
    "musl": False,
    "libc": "glibc 2.36",
    "mac": "",
    "conda": False,
}

Fake = Callable[..., Path]


@pytest.fixture
def fake(tmp_path: Path) -> Fake:
    """Make an executable that answers the probe as told: a Python that this host need not have."""

    def make(folder: str, version: str = "3.8.18", name: str = "", **answer: Any) -> Path:
        path = tmp_path / folder / (name or "python" + version.rpartition(".")[0])
        path.parent.mkdir(parents=True, exist_ok=True)
        told = ANSWER | {"executable": str(path), "version": version} | answer
        path.write_text(f"#!/bin/sh\necho asked >> {tmp_path}/asked\necho '{json.dumps(told)}'\n")
        path.chmod(0o755)
        return path

    return make


def settings(tmp_path: Path, *folders: str, **more: Any) -> Settings:
    return Settings(
        home=tmp_path / "store",
        user_home=tmp_path / "home",
        search_path=tuple(tmp_path / folder for folder in folders),
        **({"python_downloads": False} | more),
    )


def interpreters(tmp_path: Path, *folders: str, **more: Any) -> Interpreters:
    return Interpreters(
        settings=settings(tmp_path, *folders, **more), folder=tmp_path / "store/pythons", system=()
    )


def asked(tmp_path: Path) -> int:
    log = tmp_path / "asked"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_the_running_python_is_found_and_told_right(tmp_path: Path) -> None:
    import platform
    import sys
    import sysconfig

    running = Path(os.path.realpath(sys.executable))
    host = Settings(home=tmp_path, user_home=tmp_path, search_path=(running.parent,), python_downloads=False)
    found = Interpreters(settings=host, folder=tmp_path, system=()).choose(platform.python_version())
    assert found.path == running
    assert found.version == platform.python_version()
    assert found.soabi == sysconfig.get_config_var("SOABI")
    assert found.implementation == "cpython"
    assert len(found.binary_digest) == 64
    assert found.floor.split("-")[0] in ("glibc", "musl", "macos")


def test_the_exact_patch_wins(tmp_path: Path, fake: Fake) -> None:
    for patch in (7, 8, 18):
        fake(f"p{patch}", f"3.8.{patch}")
    assert interpreters(tmp_path, "p7", "p8", "p18").choose("3.8.8").version == "3.8.8"


def test_the_nearest_patch_of_the_minor_serves(tmp_path: Path, fake: Fake) -> None:
    for patch in (2, 10, 18):
        fake(f"p{patch}", f"3.8.{patch}")
    fake("other", "3.9.8")
    assert interpreters(tmp_path, "other", "p18", "p2", "p10").choose("3.8.8").version == "3.8.10"


def test_of_two_patches_as_near_the_younger_serves(tmp_path: Path, fake: Fake) -> None:
    fake("a", "3.8.6")
    fake("b", "3.8.10")
    assert interpreters(tmp_path, "a", "b").choose("3.8.8").version == "3.8.10"


@pytest.mark.parametrize(
    ("wish", "version"),
    [("3.8", "3.8.18"), ("3", "3.13.0"), (">=3.8,<3.10", "3.9.5"), ("==3.8.*", "3.8.18"), ("<3.9", "3.8.18")],
)
def test_of_a_range_the_newest_serves(tmp_path: Path, fake: Fake, wish: str, version: str) -> None:
    versions = ("3.8.2", "3.8.18", "3.9.5", "3.13.0")
    for number in versions:
        fake(number, number)
    assert interpreters(tmp_path, *versions).choose(wish).version == version


def test_a_minor_is_text_and_not_a_number(tmp_path: Path, fake: Fake) -> None:
    fake("one", "3.1.4")
    fake("ten", "3.10.4")
    assert interpreters(tmp_path, "one", "ten").choose("3.10").version == "3.10.4"


def test_nothing_that_fits_is_an_error_that_lists_what_was_looked_at(tmp_path: Path, fake: Fake) -> None:
    path = fake("bin", "3.8.18")
    broken = tmp_path / "bin" / "python3.7"
    broken.write_text("#!/bin/sh\necho no such library >&2\nexit 127\n")
    broken.chmod(0o755)
    with pytest.raises(InterpreterError) as caught:
        interpreters(tmp_path, "bin", "absent").choose("3.7.9")
    assert str(caught.value) == (
        "python/not-found: no Python for '3.7.9' was found\n"
        f"3.8.18 at {path} (path)\n"
        f"not usable: {broken}: exit code 127: no such library\n"
        f"looked into {tmp_path / 'bin'}\n"
        "download by uv: not tried, downloads of interpreters are switched off\n"
        "hint: install Python 3.7.9 (uv python install, pyenv or conda), or choose another with --python"
    )


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"level": "candidate"}, "3.8.18 is a pre-release"),
        ({"abiflags": "t"}, "3.8.18 is a free-threaded or debug build"),
        ({"implementation": "pypy"}, "pypy is not CPython"),
        ({"libc": "bionic"}, "its C library is neither glibc nor musl"),
        ({"executable": "/nowhere/python3.8"}, "the interpreter it belongs to is gone: /nowhere/python3.8"),
    ],
)
def test_what_cannot_serve_says_why(tmp_path: Path, fake: Fake, answer: dict[str, str], reason: str) -> None:
    fake("bin", **answer)
    with pytest.raises(InterpreterError, match=reason):
        interpreters(tmp_path, "bin").choose("3.8")


def test_an_executable_that_answers_nonsense_is_passed_over(tmp_path: Path, fake: Fake) -> None:
    odd = fake("odd")
    odd.write_text("#!/bin/sh\necho '[]'\n")
    good = fake("good")
    assert interpreters(tmp_path, "odd", "good").choose("3.8").path == good


def test_shims_are_never_started(tmp_path: Path, fake: Fake) -> None:
    fake("shims")
    assert interpreters(tmp_path, "shims").present() == ()
    assert asked(tmp_path) == 0


def test_every_place_is_searched(tmp_path: Path, fake: Fake) -> None:
    fake("pyenv/versions/3.6.15/bin", "3.6.15")
    fake("store/pythons/cpython-3.7.9-linux/bin", "3.7.9")
    fake("home/.local/share/uv/python/cpython-3.9.1-linux/bin", "3.9.1")
    fake("conda/envs/x/bin", "3.10.1", conda=True)
    fake("system/bin", "3.11.1")
    fake("path", "3.12.1")
    found = Interpreters(
        settings=settings(
            tmp_path, "path", pyenv_root=tmp_path / "pyenv", conda_prefixes=(tmp_path / "conda/envs/x",)
        ),
        folder=tmp_path / "store/pythons",
        system=(str(tmp_path / "*/bin"),),
    ).present()
    assert [(each.version, each.source) for each in found] == [
        ("3.12.1", "path"), ("3.6.15", "pyenv"), ("3.7.9", "uv"), ("3.9.1", "uv"), ("3.11.1", "system"),
        ("3.10.1", "conda"),
    ]  # fmt: skip


def test_a_conda_python_on_the_path_comes_last(tmp_path: Path, fake: Fake) -> None:
    fake("conda/bin", conda=True)
    own = fake("system")
    assert interpreters(tmp_path, "conda/bin", "system").choose("3.8").path == own


def test_a_virtual_environment_stands_for_its_interpreter(tmp_path: Path, fake: Fake) -> None:
    base = fake("base")
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "python3").symlink_to(base)
    (found,) = interpreters(tmp_path, "venv").present()
    assert found.path == base


def test_an_interpreter_is_asked_once(tmp_path: Path, fake: Fake) -> None:
    fake("bin")
    first = interpreters(tmp_path, "bin").present()
    assert interpreters(tmp_path, "bin").present() == first
    assert asked(tmp_path) == 1


def test_an_interpreter_that_changed_is_asked_again(tmp_path: Path, fake: Fake) -> None:
    path = fake("bin")
    before = interpreters(tmp_path, "bin").choose("3.8")
    fake("bin", soabi="cpython-38-other")
    os.utime(path, (1, 1))
    after = interpreters(tmp_path, "bin").choose("3.8")
    assert (before.soabi, after.soabi) == (ANSWER["soabi"], "cpython-38-other")
    assert before.binary_digest != after.binary_digest


def test_its_library_counts_as_the_interpreter(tmp_path: Path, fake: Fake) -> None:
    library = tmp_path / "libpython3.8.so"
    library.write_bytes(b"one")
    fake("bin", library=str(library))
    before = interpreters(tmp_path, "bin").choose("3.8")
    library.write_bytes(b"two, longer")
    after = interpreters(tmp_path, "bin").choose("3.8")
    assert before.binary_digest != after.binary_digest


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"schema": 1}', '{"schema": 99, "executables": {}}'])
def test_a_damaged_cache_is_an_empty_one(tmp_path: Path, fake: Fake, damage: str) -> None:
    fake("bin")
    before = interpreters(tmp_path, "bin").present()
    (tmp_path / "store/pythons/facts.json").write_text(damage)
    assert interpreters(tmp_path, "bin").present() == before
    assert asked(tmp_path) == 2


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, fake: Fake) -> None:
    fake("bin")
    (tmp_path / "store").write_text("a file where a folder should be")
    assert interpreters(tmp_path, "bin").choose("3.8").version == "3.8.18"


@pytest.mark.parametrize(
    ("platform", "bits", "ours"),
    [
        ("linux-x86_64", 64, "linux-x86_64"),
        ("linux-x86_64", 32, "linux-i686"),
        ("linux-aarch64", 64, "linux-aarch64"),
        ("macosx-14.0-arm64", 64, "macos-arm64"),
        ("macosx-10.9-x86_64", 64, "macos-x86_64"),
    ],
)
def test_platforms_have_our_names(tmp_path: Path, fake: Fake, platform: str, bits: int, ours: str) -> None:
    fake("bin", platform=platform, bits=bits)
    assert interpreters(tmp_path, "bin").choose("3.8").platform == ours


def test_macos_has_its_version_as_floor(tmp_path: Path, fake: Fake) -> None:
    fake("bin", mac="14.2.1", libc="", platform="macosx-11.0-arm64")
    assert interpreters(tmp_path, "bin").choose("3.8").floor == "macos-14.2"


@pytest.mark.parametrize(
    "wish", ["", "three", "/usr/bin/python3", "--help", "-3.8", "3.8;x", "9" * 500, "3.8.1.2"]
)
def test_a_wish_that_is_none_is_refused(tmp_path: Path, fake: Fake, wish: str) -> None:
    with pytest.raises(UsageError):
        interpreters(tmp_path).choose(wish)
    assert asked(tmp_path) == 0


NOBODY = Interpreters(
    settings=Settings(home=Path("/nowhere"), user_home=Path("/nowhere"), python_downloads=False),
    folder=Path("/nowhere/pythons"),
    system=(),
)


@given(st.text(max_size=30) | st.from_regex(r"[<>=!~ ]{0,3}\d[\d.*]{0,8}", fullmatch=True))
def test_a_wish_never_raises_anything_of_its_own(wish: str) -> None:
    with pytest.raises(EnvbuilderError):
        NOBODY.choose(wish)


def test_an_interpreter_tells_its_release(tmp_path: Path, fake: Fake) -> None:
    fake("bin")
    found: Interpreter = interpreters(tmp_path, "bin").choose("3.8")
    assert found.release == (3, 8, 18)
