from __future__ import annotations

from pathlib import Path

import pytest

from envbuilder.builder.proof import Broken, _read, distribution_for
from envbuilder.errors import BuildError
from envbuilder.lock import Artifact
from tests.builder.conftest import Make
from tests.builder.wheelsmith import make_wheel


@pytest.fixture
def engine() -> str:
    """The proof is the same whoever installs."""
    return "uv"


def broken(make: Make, shop: Path, text: str, *others: Artifact) -> BuildError:
    with pytest.raises(BuildError) as caught:
        make(make_wheel(shop, "plain", files={"plain.py": text}), *others, imports=("plain",))
    assert caught.value.code == "build/import-failed"
    return caught.value


def cure(error: BuildError) -> str:
    """The hint without the place of the log, which every failed build keeps."""
    hint, _, log = error.hint.partition("; log: ")
    assert Path(log).is_file()
    return hint


def test_a_module_that_is_missing_is_named_with_its_distribution(make: Make, shop: Path) -> None:
    error = broken(make, shop, "import yaml.reader\n")
    assert error.message == "plain does not import: ModuleNotFoundError: No module named 'yaml'"
    assert cure(error) == "the distribution pyyaml provides yaml: add it to the model's requirements"
    assert error.detail.splitlines()[-1] == "ModuleNotFoundError: No module named 'yaml'"
    assert "import yaml.reader" in error.detail


def test_a_package_that_lacks_something_is_named_with_its_version(make: Make, shop: Path) -> None:
    other = make_wheel(shop, "other", "2.5")
    error = broken(make, shop, "from other import gone\n", other)
    assert "cannot import name 'gone' from 'other'" in error.message
    assert cure(error) == (
        "other is of other 2.5: pin the version that the model was logged with, or lock with another --as-of"
    )


def test_a_system_library_that_is_missing_is_told(make: Make, shop: Path) -> None:
    text = "raise ImportError('libgomp.so.1: cannot open shared object file: No such file or directory')\n"
    assert cure(broken(make, shop, text)) == "install the system's package that has libgomp.so.1"


def test_any_other_exception_is_told(make: Make, shop: Path) -> None:
    error = broken(make, shop, "raise ValueError('numpy.dtype size changed')\n")
    assert error.message == "plain does not import: ValueError: numpy.dtype size changed"
    assert error.hint.startswith("two packages of the lock do not fit each other")


@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "SIGSEGV"),
        ("import os\nos._exit(3)\n", "exit code 3"),
    ],
)
def test_a_module_that_ends_the_interpreter_is_named(make: Make, shop: Path, text: str, ending: str) -> None:
    assert broken(make, shop, text).message == f"importing plain ended the interpreter ({ending})"


def test_an_import_that_exits_is_a_failure(make: Make, shop: Path) -> None:
    assert broken(make, shop, "raise SystemExit(0)\n").message.startswith("plain does not import: SystemExit")


def test_what_a_module_prints_spoils_nothing(make: Make, shop: Path) -> None:
    noisy = "import sys\nprint('{}')\nprint('x' * 100000, file=sys.stderr)\n"
    built = make(make_wheel(shop, "plain", files={"plain.py": noisy}), imports=("plain",))
    assert not built.hit


def test_hostile_words_are_made_visible(make: Make, shop: Path) -> None:
    error = broken(make, shop, "raise RuntimeError('\\x1b[2J\\u202egone')\n")
    assert "\x1b" not in str(error)
    assert "\u202e" not in str(error)


@pytest.mark.parametrize(
    ("module", "distribution"),
    [
        ("pkg_resources", "setuptools"),
        ("sklearn.utils", "scikit-learn"),
        ("torch", "torch"),
        ("google.protobuf", "protobuf"),
        ("some_thing.deep", "some-thing"),
    ],
)
def test_who_provides_a_module(module: str, distribution: str) -> None:
    assert distribution_for(module) == distribution


def test_a_hit_of_another_flavor_is_proved_too(make: Make, shop: Path) -> None:
    wheel = make_wheel(shop, "plain", files={"plain.py": "", "broken.py": "import not_there\n"})
    first = make(wheel, imports=("plain",))
    assert not first.hit
    assert make(wheel, imports=("plain",)).hit
    with pytest.raises(BuildError) as caught:
        make(wheel, imports=("plain", "broken"))
    assert caught.value.code == "build/import-failed"
    assert make(wheel, imports=("plain",)).environment == first.environment


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b'{"module": 1}',
        b'{"module": "m", "text": 5}',
        b"[" * 100_000,
        b'{"x": "' + b"y" * 2_000_000,
    ],
)
def test_what_a_package_makes_of_the_answer_is_no_failure_of_ours(tmp_path: Path, content: bytes) -> None:
    result = tmp_path / "result.json"
    result.write_bytes(content)
    assert _read(result) == Broken(module="python")
