"""What a store holds, told for people."""

from __future__ import annotations

import datetime
import os
from dataclasses import replace

from envbuilder.digests import digest
from envbuilder.store.manifest import FOLDER, NAME
from envbuilder.store.store import Store
from tests.store.fakes import ENV_ID, make
from tests.store.test_records import request


def test_an_empty_store_lists_nothing(store: Store) -> None:
    assert store.list_environments() == ()


def test_an_environment_is_listed_with_its_users(store: Store) -> None:
    made = make(store)
    for model in ("/b", "/a", "/a"):
        store.records.save_request(digest(model), replace(request(), model=model, env_id=ENV_ID))
    with store.lease(ENV_ID):
        (listed,) = store.list_environments()
    assert (listed.env_id, listed.prefix, listed.models) == (ENV_ID, made.prefix, ("/a", "/b"))
    assert (listed.in_use, listed.packages, listed.built_at) == (True, 1, made.built_at)
    assert listed.size == sum(
        path.stat().st_size
        for path in made.prefix.rglob("*")
        if path.is_file() and not path.is_symlink() and FOLDER not in path.parts
    )
    (listed,) = store.list_environments()
    assert not listed.in_use


def test_the_last_used_comes_first_and_unfinished_ones_not_at_all(store: Store) -> None:
    first, second, third = (digest(name) for name in "abc")
    for env_id in (first, second, third):
        make(store, env_id)
        store.lease(env_id).close()
    os.utime(store.layout.use_lock(first), (5, 5))
    (store.layout.generations(third)[0] / FOLDER / NAME).write_text("broken")
    listed = store.list_environments()
    assert [item.env_id for item in listed] == [second, first]
    assert listed[1].used_at == datetime.datetime.fromtimestamp(5, datetime.timezone.utc)


def test_one_that_was_never_leased_was_last_used_when_it_was_built(store: Store) -> None:
    made = make(store)
    (listed,) = store.list_environments()
    assert (listed.used_at, listed.in_use) == (made.built_at, False)
