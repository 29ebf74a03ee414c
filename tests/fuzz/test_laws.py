"""The laws of the fuzzer over inputs that are nearly right; runs under pytest."""

from __future__ import annotations

import datetime
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from envbuilder.lock import Lock
from envbuilder.resolver.pylock import write_pylock
from envbuilder.store.manifest import FileMark, Manifest
from tests.fuzz import strategies
from tests.fuzz.laws import judge
from tests.fuzz.model_laws import NAMES
from tests.fuzz.package_laws import CHANNEL, RECORD
from tests.fuzz.samples import OWN
from tests.fuzz.text_laws import CUT
from tests.resolver.test_pylock import LOCKS

laws = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def texts_of(kind: str) -> tuple[str, ...]:
    return tuple(text for own, text in OWN if own == kind)


def encoded(kind: str, text: str) -> bytes:
    return kind.encode() + text.encode("utf-8", "surrogatepass")


@laws
@given(strategies.requirement_files())
def test_requirement_files(content: bytes) -> None:
    judge(b"r" + content)


@laws
@given(strategies.conda_files())
def test_conda_files(text: str) -> None:
    judge(encoded("c", text))


@laws
@given(strategies.python_envs())
def test_python_envs(text: str) -> None:
    judge(encoded("p", text))


@laws
@given(strategies.mlmodels())
def test_mlmodels(text: str) -> None:
    judge(encoded("m", text))


@laws
@given(
    st.tuples(
        strategies.mlmodels().map(str.encode), strategies.conda_files().map(str.encode),
        strategies.requirement_files(), strategies.python_envs().map(str.encode), strategies.requirement_files(),
    ),
    st.none() | st.sampled_from(NAMES),
)  # fmt: skip
def test_models_of_several_files(files: tuple[bytes, ...], link: str | None) -> None:
    pieces = [bytes([number]) + content for number, content in enumerate(files)]
    if link:
        pieces.insert(0, b"L" + bytes([NAMES.index(link)]) + b"a.txt")
    judge(b"d" + b"\xff".join(pieces))


@laws
@given(st.one_of(strategies.SPECS, strategies.REQUIREMENTS, st.text(max_size=40)))
def test_specifications(text: str) -> None:
    judge(encoded("k", text))


@laws
@given(
    st.one_of(
        strategies.CHANNELS,
        strategies.joined(strategies.URLS, st.sampled_from(["/pkgs/main", "/t/x/r"])),
        st.text(max_size=40),
    )
)
def test_channels(text: str) -> None:
    judge(encoded("h", text))


@laws
@given(st.text(max_size=60) | strategies.joined(strategies.JUNK, strategies.JUNK, strategies.JUNK))
def test_escapes(text: str) -> None:
    judge(encoded("e", text))


@settings(laws, max_examples=300)
@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=12), max_size=5))
def test_a_planted_password_never_shows(parts: list[str]) -> None:
    judge(encoded("u", CUT.join(parts)))


@laws
@given(st.lists(st.sampled_from(texts_of("w")[0].splitlines()) | st.text(max_size=20)).map("\n".join))
def test_words_of_tools(text: str) -> None:
    judge(encoded("w", text))


@laws
@given(st.one_of(strategies.mangled(texts_of("q")), st.text(max_size=30)))
def test_what_is_typed(text: str) -> None:
    judge(encoded("q", text))


@laws
@given(strategies.damaged(texts_of("s")))
def test_records(text: str) -> None:
    judge(encoded("s", text))


@laws
@given(strategies.damaged(texts_of("b")) | strategies.mangled(texts_of("b")))
def test_baselines(text: str) -> None:
    judge(encoded("b", text))


@pytest.mark.parametrize("kind", ["l", "L", "P", "i", "t"])
@laws
@given(st.data())
def test_mangled_files(kind: str, data: st.DataObject) -> None:
    judge(encoded(kind, data.draw(strategies.mangled(texts_of(kind)))))


@laws
@given(LOCKS)
def test_locks(lock: Lock) -> None:
    judge(encoded("l", write_pylock(lock)))


TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
COUNTS = st.integers(0, 2**63)
MANIFESTS = st.builds(
    Manifest, env_id=TEXT, lock_id=TEXT, engine=TEXT, python_version=TEXT, interpreter=TEXT, platform=TEXT,
    marks=st.lists(
        st.builds(FileMark, path=TEXT, size=COUNTS, mtime_ns=COUNTS, sha256=TEXT), max_size=2
    ).map(tuple),
    floor=TEXT, packages=COUNTS, imports=st.lists(TEXT, max_size=2).map(tuple), files=COUNTS, size=COUNTS,
    files_digest=TEXT, built_at=st.datetimes(timezones=st.just(datetime.timezone.utc)),
)  # fmt: skip


@laws
@given(MANIFESTS)
def test_manifests(manifest: Manifest) -> None:
    assert Manifest.parse(manifest.to_json()) == manifest
    judge(b"s" + manifest.to_json())


CHANNEL_URLS = st.lists(
    st.sampled_from(["..", ".", "noarch", "linux-64", "main", "conda-forge", "pkgs", "%2e%2e", "a-1.0-0.conda", "", "t"]),
    min_size=1,
    max_size=4,
).map(lambda parts: "/".join([CHANNEL, *parts]))  # fmt: skip


@laws
@given(
    st.dictionaries(
        st.sampled_from([*RECORD, "timestamp", "size", "md5", "depends", "license"]),
        st.one_of(CHANNEL_URLS, st.text(max_size=8), st.integers(), st.none(), st.lists(st.integers(), max_size=2)),
    ),
    st.sampled_from(["..", "noarch", "main", "linux-64/.."]),
    st.sampled_from(["a-1.0-0.conda", "..", "../a.conda", "%2e%2e"]),
)  # fmt: skip
def test_records_of_channels(record: dict[str, object], subdir: str, file: str) -> None:
    judge(encoded("R", json.dumps(record)))
    whole = {"subdir": subdir, "fn": file, "url": f"{CHANNEL}/{subdir}/{file}"}
    judge(encoded("R", json.dumps(whole)))
