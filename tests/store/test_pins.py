"""Pins name environments, or models with all that they lead to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.digests import digest
from envbuilder.errors import StoreError
from envbuilder.store.pins import pin, pinned, unpin
from envbuilder.store.store import Store
from tests.store.fakes import ENV_ID, make
from tests.store.test_records import request

OTHER = digest("other")


def remember(store: Store, model: str, env_id: str) -> None:
    record = replace(request(), model=model, env_id=env_id)
    store.records.save_request(digest([model, env_id]), record)


def test_an_environment_is_pinned_by_the_start_of_its_id(store: Store) -> None:
    make(store)
    assert pin(store.layout, ENV_ID[:10], Path(ENV_ID[:10])).env_ids == (ENV_ID,)
    assert pinned(store.layout) == {ENV_ID}
    unpin(store.layout, ENV_ID[:20], Path("x"))
    assert pinned(store.layout) == set()


def test_or_by_its_folder(store: Store) -> None:
    prefix = make(store).prefix
    assert pin(store.layout, str(prefix), prefix).target == ENV_ID


def test_a_model_is_pinned_with_what_it_will_lead_to(store: Store, tmp_path: Path) -> None:
    model = tmp_path / "model"
    remember(store, str(model), ENV_ID)
    pin(store.layout, str(model), model)
    assert pinned(store.layout) == {ENV_ID}
    remember(store, str(model), OTHER)
    remember(store, "/another", digest("third"))
    assert pinned(store.layout) == {ENV_ID, OTHER}
    assert unpin(store.layout, str(model), model).env_ids == (ENV_ID,)
    assert pinned(store.layout) == set()


def test_what_the_store_does_not_know_cannot_be_pinned(store: Store, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        pin(store.layout, "nothing", tmp_path / "nothing")
    assert caught.value.code == "store/unknown-target"
    with pytest.raises(StoreError) as caught:
        unpin(store.layout, "nothing", tmp_path / "nothing")
    assert caught.value.code == "store/not-pinned"


def test_a_damaged_pin_is_none(store: Store) -> None:
    (store.layout.pins / "x.json").write_bytes(b"{")
    assert pinned(store.layout) == set()
