"""Records come back as they were saved, or not at all."""

from __future__ import annotations

import contextlib
import datetime
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.digests import digest
from envbuilder.findings import Change, Effect, Origin
from envbuilder.lock import CondaPackage, Lock
from envbuilder.redact import SafeUrl
from envbuilder.spec import CondaName, EnvSpec, Provenance, Rewritten
from envbuilder.store.fields import Fields, Unreadable, change_from, change_json
from envbuilder.store.records import RequestRecord
from envbuilder.store.store import Store
from tests.store.conftest import Start
from tests.store.fakes import lock

REWRITING = Change(
    code="channel/restricted", message="gone", effect=Effect.NONE, before="defaults", after="conda-forge",
    origin=Origin(file="conda.yaml", line=2, column=3),
)  # fmt: skip
RESOLVING = Change(code="python/patch", message="another patch", effect=Effect.ADAPTED)
KEY = digest("key")
CONDA = CondaPackage(
    name=CondaName("numpy"), version="1.20", build="py38_0", channel="https://conda.anaconda.org/conda-forge",
    subdir="linux-64", filename="numpy-1.20-py38_0.conda", sha256="1" * 64, md5="2" * 32, depends=("python",),
    url=SafeUrl("https://conda.anaconda.org/conda-forge/linux-64/numpy-1.20-py38_0.conda"),
)  # fmt: skip


def rewritten(*changes: Change) -> Rewritten:
    spec = EnvSpec(python=(), provenance=Provenance(model="m"))
    return Rewritten(spec=spec, original=spec, changes=changes, spec_id=digest("spec"))


def resolved(*changes: Change) -> Lock:
    as_of = datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    return replace(lock(), spec_id=digest("spec"), changes=changes, as_of=as_of)


def request() -> RequestRecord:
    moment = datetime.datetime(2024, 1, 2, tzinfo=datetime.timezone.utc)
    return RequestRecord(
        model="/m\udcff", files=(("MLmodel", "0" * 64),), absent=("conda.yml",), spec_id=digest("s"),
        lock_id=digest("l"), env_id=digest("e"), engine="uv", python_requested=None, as_of=moment,
        changes=(REWRITING, RESOLVING), answered_at=moment,
    )  # fmt: skip


def test_a_request_comes_back(store: Store) -> None:
    store.records.save_request(KEY, request())
    assert store.records.find_request(KEY) == request()
    assert list(store.records.requests()) == [request()]
    assert list(store.layout.tmp.iterdir()) == []


def test_a_request_of_another_key_with_the_same_start_is_not_taken_for_it(store: Store) -> None:
    store.records.save_request(KEY, request())
    assert store.records.find_request(KEY[:20] + digest("other")[20:]) is None


def test_a_request_of_the_wrong_shape_is_none(store: Store) -> None:
    store.records.save_request(KEY, request())
    (path,) = store.layout.record("requests").iterdir()
    whole = json.loads(path.read_bytes())
    for name in whole:
        path.write_text(json.dumps({**whole, name: {"a": 1}}))
        assert store.records.find_request(KEY) is None
        path.write_text(json.dumps({key: value for key, value in whole.items() if key != name}))
        missing = store.records.find_request(KEY)
        assert missing is None or name in ("as_of", "python_requested")
    path.write_bytes(path.read_bytes()[:-9])
    assert store.records.find_request(KEY) is None


def test_a_lock_comes_back_and_the_first_one_stays(store: Store) -> None:
    path = store.records.save_lock(resolved(RESOLVING))
    assert store.records.load_lock(resolved().lock_id) == resolved(RESOLVING)
    before = path.read_bytes()
    store.records.save_lock(resolved())
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"", b"\xff", b"lock-version = 3", b"["])
def test_a_damaged_lock_is_none_and_is_written_again(store: Store, content: bytes) -> None:
    path = store.records.save_lock(resolved())
    whole = path.read_bytes()
    path.write_bytes(content)
    assert store.records.load_lock(resolved().lock_id) is None
    store.records.save_lock(resolved())
    assert path.read_bytes() == whole


def test_a_lock_of_conda_packages_comes_back_as_another_file(store: Store) -> None:
    saved = replace(resolved(REWRITING), conda=(CONDA,), engine="conda")
    path = store.records.save_lock(saved)
    assert path.name == "conda-lock.yml"
    assert store.records.load_lock(saved.lock_id) == saved
    path.write_text(path.read_text().replace("1.20", "1.21"))
    assert store.records.load_lock(saved.lock_id) is None


def test_a_lock_with_another_hash_in_it_is_none(store: Store) -> None:
    path = store.records.save_lock(resolved())
    path.write_text(path.read_text().replace("0" * 64, "1" * 64))
    assert store.records.load_lock(resolved().lock_id) is None


def test_a_resolution_is_told_as_the_answer_to_the_model_that_asks(store: Store) -> None:
    store.records.save_resolution(KEY, rewritten(REWRITING), resolved(REWRITING, RESOLVING))
    elsewhere = replace(REWRITING, origin=Origin(file="conda.yaml", line=9))
    found = store.records.find_resolution(KEY, rewritten(elsewhere), ("sklearn",))
    assert found == replace(resolved(elsewhere, RESOLVING), imports=("sklearn",))
    assert store.records.find_resolution(digest("other"), rewritten(), ()) is None


def test_a_resolution_whose_lock_is_gone_is_none(store: Store) -> None:
    store.records.save_resolution(KEY, rewritten(), resolved())
    (path,) = store.layout.record("locks").glob("*/pylock.toml")
    path.unlink()
    assert store.records.find_resolution(KEY, rewritten(), ()) is None


def test_a_spec_is_kept_for_people(store: Store) -> None:
    store.records.save_spec(rewritten(REWRITING))
    (path,) = store.layout.record("specs").iterdir()
    kept = json.loads(path.read_bytes())
    assert kept["spec_id"] == digest("spec")
    assert kept["changes"][0]["before"] == "defaults"


def test_what_a_killed_writer_left_goes_with_the_next_flight(store: Store, start: Start) -> None:
    child = start("""
    import os, signal
    import envbuilder.store.files as files
    files.os.fsync = lambda _: os.kill(os.getpid(), signal.SIGKILL)
    files.replace_file(store.root / "failed" / "x.json", b"{}", tmp=store.layout.tmp)
    """)
    child.wait(timeout=60)
    assert len(list(store.layout.tmp.iterdir())) == 1
    with store.turn(KEY):
        pass
    assert list(store.layout.tmp.iterdir()) == []
    assert list((store.root / "failed").iterdir()) == []


def test_a_live_writer_is_left_alone(store: Store, start: Start) -> None:
    child = start("""
    import envbuilder.store.files as files
    def wait(_):
        print("there", flush=True)
        sys.stdin.readline()
    files.os.fsync = wait
    files.replace_file(store.root / "failed" / "x.json", b"{}", tmp=store.layout.tmp)
    """)
    assert child.stdout is not None
    assert child.stdin is not None
    child.stdout.readline()
    with store.turn(KEY):
        pass
    child.stdin.write("\n")
    child.stdin.flush()
    assert child.wait(timeout=60) == 0
    assert (store.root / "failed" / "x.json").read_bytes() == b"{}"


TEXT = st.text(max_size=20)
CHANGES = st.builds(
    Change, code=TEXT, message=TEXT, effect=st.sampled_from(Effect), before=TEXT, after=TEXT,
    origin=st.none() | st.builds(Origin, file=TEXT, line=st.integers(0, 9), column=st.integers(0, 9)),
)  # fmt: skip


@given(CHANGES)
def test_any_change_comes_back(change: Change) -> None:
    assert change_from(Fields(json.loads(json.dumps(change_json(change))))) == change


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=10,
)
NAMES = ("code", "message", "effect", "before", "after", "origin")


@given(JSON | st.fixed_dictionaries(dict.fromkeys(NAMES, JSON)))
def test_whatever_stands_in_a_file_nothing_but_unreadable_escapes(value: object) -> None:
    with contextlib.suppress(Unreadable):
        change_from(Fields.parse(json.dumps(value).encode(), schema=1))
    with contextlib.suppress(Unreadable):
        change_from(Fields(value))


def test_a_record_is_never_seen_half(store: Store, tmp_path: Path) -> None:
    store.records.save_request(KEY, request())
    (path,) = store.layout.record("requests").iterdir()
    before = path.stat().st_ino
    store.records.save_request(KEY, replace(request(), model="other"))
    assert path.stat().st_ino != before
