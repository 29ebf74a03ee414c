"""How uv is driven: what it is told, and what it must never be told."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from envbuilder.errors import ToolError, UsageError
from envbuilder.lock import Kind, Target
from envbuilder.process import Finished
from envbuilder.redact import SafeUrl
from envbuilder.resolver import uv
from envbuilder.resolver.engine import Question
from envbuilder.resolver.uv import UvEngine, platform_name, read_candidates
from envbuilder.settings import Settings
from envbuilder.spec import PypiName
from tests.resolver.toy import LINUX, ToyInterpreters, day


class Recorder:
    """Stands for the process runner: keeps what a tool would have got."""

    def __init__(self) -> None:
        self.argv: list[str] = []
        self.variables: dict[str, str] = {}
        self.files: dict[str, str] = {}

    def __call__(
        self, argv: Sequence[str], *, directory: Path, variables: Mapping[str, str], **_: Any
    ) -> Finished:
        self.argv, self.variables = list(argv), dict(variables)
        self.files = {path.name: path.read_text() for path in directory.iterdir()}
        return Finished(argv=tuple(argv), returncode=0, stdout='lock-version = "1.0"\n'
                        'created-by = "uv"\npackages = []\n', stderr="", seconds=0.0)  # fmt: skip


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    recorder = Recorder()
    monkeypatch.setattr(uv, "run", recorder)
    return recorder


def settings(tmp_path: Path, **more: Any) -> Settings:
    return Settings(home=tmp_path, user_home=tmp_path, **more)


def question(**more: Any) -> Question:
    return dataclasses.replace(Question(requirements=("six",), target=LINUX), **more)


def test_the_question_as_arguments_and_files(recorder: Recorder, tmp_path: Path) -> None:
    UvEngine(settings=settings(tmp_path), cache=tmp_path).solve(
        question(
            constraints=("idna<3",), overrides=("six==1.16",), cutoff=day("2021-06-01"), exempt=(PypiName("new"),),
            dependencies=False, prereleases=True, interpreter=ToyInterpreters().choose("3.8.18"),
        )
    )  # fmt: skip
    text = " ".join(recorder.argv)
    assert "--exclude-newer 2021-06-01T00:00:00Z --exclude-newer-package new=false" in text
    assert "--python-version 3.8.18 --python /python3.8.18" in text
    assert "--python-platform" not in text
    assert "--no-deps" in text
    assert "--prerelease allow" in text
    assert recorder.files["requirements.in"] == "six\n"
    assert recorder.files["constraints.txt"] == "idna<3\n"
    assert recorder.files["overrides.txt"] == "six==1.16\n"
    assert recorder.argv[-2] == "--"


def test_credentials_reach_uv_through_a_file_only(recorder: Recorder, tmp_path: Path) -> None:
    first, last = SafeUrl("https://me:s3cret@example.org/a"), SafeUrl("https://t0ken@example.org/b")
    UvEngine(settings=settings(tmp_path), cache=tmp_path, index=(first, last)).solve(question())
    shown = " ".join(recorder.argv) + repr(recorder.variables)
    assert "s3cret" not in shown
    assert "t0ken" not in shown
    assert (
        recorder.files["configuration.toml"]
        == (
            "[[index]]\n"
            'url = "https://me:s3cret@example.org/a"\n\n'
            "[[index]]\n"
            'url = "https://t0ken@example.org/b"\ndefault = true\n'
        )
        or "default = true" in recorder.files["configuration.toml"]
    )


def test_the_hosts_index_counts_and_the_policys_wins(recorder: Recorder, tmp_path: Path) -> None:
    host = settings(tmp_path, index=SafeUrl("https://example.org/host"))
    UvEngine(settings=host, cache=tmp_path).solve(question())
    assert "https://example.org/host" in recorder.files["configuration.toml"]
    UvEngine(settings=host, cache=tmp_path, index=(SafeUrl("https://example.org/policy"),)).solve(question())
    assert "https://example.org/host" not in recorder.files["configuration.toml"]


@pytest.mark.parametrize(
    ("platform", "floor", "name"),
    [
        ("linux-x86_64", "glibc-2.36", "x86_64-manylinux_2_36"),
        ("linux-aarch64", "glibc-2.30", "aarch64-manylinux_2_28"),
        ("linux-x86_64", "musl-1.2", "x86_64-unknown-linux-musl"),
        ("macos-arm64", "macos-14.0", "aarch64-apple-darwin"),
        ("macos-x86_64", "macos-11.0", "x86_64-apple-darwin"),
    ],
)
def test_platforms_in_uvs_words(platform: str, floor: str, name: str) -> None:
    assert platform_name(Target(python="3.8.18", platform=platform, floor=floor)) == name


def test_a_platform_that_uv_does_not_know() -> None:
    with pytest.raises(UsageError, match="s390x"):
        platform_name(Target(python="3.8.18", platform="linux-s390x", floor="glibc-2.28"))


def test_no_uv_is_an_error_with_its_cure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "uv", None)
    with pytest.raises(ToolError, match="uv was not found") as caught:
        UvEngine(settings=settings(tmp_path), cache=tmp_path)
    assert "--engine pip" in caught.value.hint
    (tmp_path / "uv").touch()
    UvEngine(settings=settings(tmp_path, search_path=(tmp_path,)), cache=tmp_path)


LOCKED = """
lock-version = "1.0"
created-by = "uv"
[[packages]]
name = "np"
version = "1.0"
sdist = { url = "https://example.org/np-1.0.tar.gz", upload-time = 2020-01-01T00:00:00Z, size = 7, hashes = { sha256 = "aa" } }
wheels = [
  { url = "https://example.org/np-1.0-py3-none-any.whl", upload-time = 2020-01-02T00:00:00Z, hashes = { sha256 = "bb" } },
  { url = "https://example.org/np-1.0-py2.4.odd.whl", hashes = { sha256 = "cc" } },
]
[[packages]]
name = "direct"
version = "2.0"
archive = { url = "https://example.org/direct-2.0-py3-none-any.whl", hashes = { sha256 = "dd" } }
"""


def test_the_answer_is_read() -> None:
    direct, numpy = read_candidates(LOCKED)
    assert (numpy.name, numpy.version) == ("np", "1.0")
    assert [(f.kind, f.filename, f.sha256, f.size) for f in numpy.files] == [
        (Kind.WHEEL, "np-1.0-py3-none-any.whl", "bb", 0),
        (Kind.SDIST, "np-1.0.tar.gz", "aa", 7),
    ]
    assert numpy.files[1].uploaded == day("2020-01-01")
    assert [(f.filename, f.sha256) for f in direct.files] == [("direct-2.0-py3-none-any.whl", "dd")]


@pytest.mark.parametrize("text", ["", "[[", "packages = 3", 'lock-version = "1.0"\ncreated-by = "x"'])
def test_nonsense_is_a_tools_error(text: str) -> None:
    with pytest.raises(ToolError, match="cannot be read"):
        read_candidates(text)
