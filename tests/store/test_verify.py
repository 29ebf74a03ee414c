"""Verifying finds damage, puts it aside, and the next request builds again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from envbuilder.digests import digest
from envbuilder.store.glance import Harm
from envbuilder.store.manifest import FOLDER, NAME
from envbuilder.store.store import Store
from envbuilder.store.verify import Verified, verify
from tests.store.fakes import ENV_ID, make
from tests.store.test_glance import flip, opened
from tests.store.test_store import made_with, replaced


def verdicts(store: Store, *, deep: bool = False) -> list[tuple[str, str]]:
    return [(item.env_id, item.verdict) for item in verify(store.layout, deep=deep)]


def only(store: Store, *, deep: bool = False) -> Verified:
    (item,) = verify(store.layout, deep=deep)
    return item


def test_whole_ones_are_left_as_they_are(store: Store) -> None:
    made = make(store)
    assert verdicts(store, deep=True) == [(ENV_ID, "whole")]
    assert store.find(ENV_ID) == made


def test_a_flipped_byte_needs_a_deep_look(store: Store) -> None:
    flip(make(store).prefix)
    assert only(store).verdict == "whole"
    item = only(store, deep=True)
    assert (item.verdict, [damage.harm for damage in item.damage]) == ("damaged", [Harm.CHANGED])


def test_a_damaged_one_that_nobody_uses_goes_to_the_trash(store: Store) -> None:
    made = make(store)
    opened(made.prefix).unlink()
    item = only(store)
    assert item.now_at
    assert item.now_at.parent == store.layout.trash
    assert store.find(ENV_ID) is None
    assert make(store).prefix == made.prefix
    assert only(store).verdict == "whole"


def test_one_in_use_stays_where_it_is_for_its_users_alone(store: Store) -> None:
    made = make(store)
    opened(made.prefix).unlink()
    with store.lease(ENV_ID):
        item = only(store)
        assert item.now_at == made.prefix
        assert (made.prefix / "bin" / "tool").exists()
        assert store.find(ENV_ID) is None
        assert make(store).prefix != made.prefix


def test_a_replaced_interpreter_is_damage(store: Store, tmp_path: Path) -> None:
    made_with(store, tmp_path / "py")
    replaced(tmp_path / "py" / "bin" / "python3", b"another of size")
    item = only(store)
    assert Harm.INTERPRETER in {damage.harm for damage in item.damage}
    assert store.find(ENV_ID) is None


@pytest.mark.parametrize("content", [b"", b"{", b'{"schema": 1}', b"\xff"])
def test_a_broken_manifest_is_damage(store: Store, content: bytes) -> None:
    (make(store).prefix / FOLDER / NAME).write_bytes(content)
    item = only(store)
    assert [damage.harm for damage in item.damage] == [Harm.MANIFEST]
    assert make(store).prefix == item.prefix


def test_what_a_newer_version_wrote_is_left_alone(store: Store) -> None:
    made = make(store)
    manifest = made.prefix / FOLDER / NAME
    manifest.write_text(json.dumps({**json.loads(manifest.read_bytes()), "schema": 2}))
    assert only(store, deep=True).verdict == "skipped"
    assert manifest.exists()


def test_only_those_that_are_named(store: Store) -> None:
    other = digest("other")
    make(store)
    make(store, other)
    (item,) = verify(store.layout, deep=False, only=[other[:12]])
    assert item.env_id == other
