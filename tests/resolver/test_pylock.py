"""pylock.toml: what is written is read back, packaging and installers accept it, and it holds no secret."""

from __future__ import annotations

import datetime
import sys
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.pylock import Pylock
from packaging.version import Version

from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Change, Effect, Origin
from envbuilder.lock import Artifact, Commit, Kind, LinkedArchive, Lock, ModelFile, ModelTree, Source
from envbuilder.redact import SafeUrl
from envbuilder.resolver.pylock import read_pylock, write_pylock
from tests.resolver.toy import LINUX, day, sdist, wheel

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TEXT = st.text(st.characters(codec="utf-8"), max_size=40)
NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,5})?", fullmatch=True)
VERSIONS = st.from_regex(r"[0-9]{1,3}\.[0-9]{1,3}(\.post[1-9])?", fullmatch=True).map(
    lambda text: str(Version(text))
)
TIMES = st.none() | st.datetimes(
    min_value=datetime.datetime(2005, 1, 1),  # noqa: DTZ001  (made aware below)
    max_value=datetime.datetime(2030, 1, 1),  # noqa: DTZ001
).map(lambda t: t.replace(tzinfo=datetime.timezone.utc))
ORIGINS = st.none() | st.builds(Origin, file=TEXT, line=st.integers(0, 9999), column=st.integers(0, 9999))
CHANGES = st.builds(
    Change, code=st.just("pin/vanished"), message=TEXT, effect=st.sampled_from(Effect), before=TEXT,
    after=TEXT, origin=ORIGINS,
)  # fmt: skip


PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
SOURCES: st.SearchStrategy[Source] = st.one_of(
    st.just(LinkedArchive()),
    st.builds(ModelFile, path=PATHS),
    st.builds(ModelTree, path=PATHS),
    st.builds(Commit, commit=st.from_regex("[0-9a-f]{40}", fullmatch=True), subdirectory=st.just("") | PATHS),
)


@st.composite
def artifacts(draw: st.DrawFn) -> tuple[Artifact, ...]:
    names = draw(st.lists(NAMES, unique=True, max_size=5))
    return tuple(
        replace(
            wheel(name, draw(VERSIONS)) if draw(st.booleans()) else sdist(name, draw(VERSIONS)),
            size=draw(st.integers(0, 2**40)), uploaded=draw(TIMES),
        )
        if draw(st.booleans())
        else brought(name, draw(VERSIONS), draw(SOURCES))
        for name in sorted(names)
    )  # fmt: skip


def brought(name: str, version: str, source: Source) -> Artifact:
    """An artifact of a model's own."""
    made = replace(wheel(name, version, uploaded=None), source=source)
    match source:
        case LinkedArchive():
            return made
        case ModelFile():
            return replace(made, url=SafeUrl(""))
        case ModelTree():
            return replace(made, url=SafeUrl(""), kind=Kind.SDIST, filename="source.tar.gz")
        case Commit():
            url = SafeUrl("https://example.org/x.git")
            return replace(made, url=url, kind=Kind.SDIST, filename="source.tar.gz")


LOCKS = st.builds(
    Lock, target=st.just(LINUX), artifacts=artifacts(), spec_id=st.just("a" * 64), engine=st.just("uv"),
    as_of=TIMES, changes=st.lists(CHANGES, max_size=3).map(tuple),
    imports=st.lists(st.sampled_from(["mlflow.sklearn", "sklearn"]), max_size=2).map(tuple),
)  # fmt: skip
LOCK = Lock(
    target=LINUX, artifacts=(wheel("six", "1.16"), sdist("termcolor", "1.1.0")), spec_id="a" * 64, engine="uv",
    as_of=day("2021-06-01"),
)  # fmt: skip


@given(LOCKS)
def test_what_is_written_is_read_back(lock: Lock) -> None:
    text = write_pylock(lock)
    assert read_pylock(text) == lock
    assert write_pylock(read_pylock(text)) == text


@given(LOCKS)
def test_packaging_accepts_it_and_finds_one_file_each(lock: Lock) -> None:
    pylock = Pylock.from_dict(tomllib.loads(write_pylock(lock)))
    pylock.validate()
    environment = {
        "sys_platform": "linux", "platform_machine": "x86_64", "implementation_name": "cpython",
        "python_full_version": "3.8.18", "python_version": "3.8",
    }  # fmt: skip
    assert pylock.environments is not None
    assert all(marker.evaluate(environment) for marker in pylock.environments)
    for package in pylock.packages:
        others = (package.sdist, package.archive, package.directory, package.vcs)
        assert len(package.wheels or ()) + sum(other is not None for other in others) == 1


def test_credentials_stay_out() -> None:
    url = SafeUrl("https://user:hunter2@example.org/t/s3cret/six-1.16-py3-none-any.whl?token=abcdef")
    text = write_pylock(replace(LOCK, artifacts=(replace(LOCK.artifacts[0], url=url),)))
    assert "https://example.org/six-1.16-py3-none-any.whl" in text
    assert not any(secret in text for secret in ("user", "hunter2", "s3cret", "abcdef"))


@given(st.text())
def test_any_text_is_a_lock_or_an_error(text: str) -> None:
    with pytest.raises(EnvbuilderError) as caught:
        read_pylock(text)
    assert caught.value.code == "lock/unreadable"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("schema = 1", "schema = 2"),
        ("[tool.envbuilder]", "[tool.other]"),
        ('lock-version = "1.0"', 'lock-version = "9.0"'),
        ('spec-id = "', 'spec-id-is-gone = "'),
        ('python = "3.8.18"', "python = 3"),
        ("sha256 = ", "md5 = "),
        ('name = "termcolor"\nversion = "1.1.0"\n', 'name = "termcolor"\n'),
    ],
)
def test_a_damaged_lock_is_an_error(before: str, after: str) -> None:
    text = write_pylock(LOCK)
    assert before in text
    with pytest.raises(EnvbuilderError) as caught:
        read_pylock(text.replace(before, after))
    assert caught.value.code == "lock/unreadable"


@pytest.mark.parametrize(
    ("source", "right", "wrong"),
    [
        (ModelFile(path="x.whl"), "{sha256}", "1" * 64),
        (ModelTree(path="x"), "{sha256}", "../../x"),
        (ModelTree(path="x"), 'kind = "sdist"', 'kind = "exe"'),
        (ModelTree(path="x"), "size = 20", 'size = "x"'),
        (Commit(commit="a" * 40), "a" * 40, "--upload-pack=touch"),
        (Commit(commit="a" * 40), 'type = "git"', 'type = "hg"'),
        (Commit(commit="a" * 40, subdirectory="in"), 'subdirectory = "in"', 'subdirectory = "../in"'),
    ],
)
def test_a_source_that_is_none(source: Source, right: str, wrong: str) -> None:
    artifact = replace(brought("x", "1.0", source), size=20)
    text = write_pylock(replace(LOCK, artifacts=(artifact,)))
    assert read_pylock(text).artifacts == (artifact,)
    right = right.format(sha256=artifact.sha256)
    assert right in text
    with pytest.raises(EnvbuilderError) as caught:
        read_pylock(text.replace(right, wrong, 1))
    assert caught.value.code == "lock/unreadable"
