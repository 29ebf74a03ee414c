"""Requests that lead nowhere and old tickets go with a collection; what still helps stays."""

from __future__ import annotations

import datetime
import os
import time
from pathlib import Path

import pytest

from envbuilder.digests import digest
from envbuilder.limits import Limits
from envbuilder.store.collect import collect
from envbuilder.store.records import RequestRecord
from envbuilder.store.store import Store
from tests.store.fakes import ENV_ID, make

DAY = 86400.0


def remembered(store: Store, name: str, env_id: str, days: float) -> Path:
    """Keep a request, answered so many days ago."""
    record = RequestRecord(
        model=f"/models/{name}", files=(), absent=(), spec_id=digest("s"), lock_id=digest("l"), env_id=env_id,
        engine="uv", python_requested=None, as_of=None, changes=(),
        answered_at=datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc),
    )  # fmt: skip
    key = digest(name)
    store.records.save_request(key, record)
    return aged(next(store.root.glob(f"requests/v1/{key[:20]}.json")), days)


def aged(path: Path, days: float) -> Path:
    moment = time.time() - days * DAY
    os.utime(path, (moment, moment))
    return path


def ticket(store: Store, name: str, days: float) -> Path:
    path = store.root / "requests" / "v1" / f"{name}.ticket"
    path.write_bytes(b"x")
    return aged(path, days)


@pytest.mark.parametrize("days", [1.1, -400])
def test_a_request_whose_environment_is_gone_goes(store: Store, days: float) -> None:
    path = remembered(store, "a", digest("gone"), days)
    collect(store.layout, Limits(), dry_run=True)
    assert path.exists()
    collect(store.layout, Limits())
    assert not path.exists()


def test_a_request_that_still_leads_somewhere_or_is_young_stays(store: Store) -> None:
    make(store, ENV_ID)
    kept = remembered(store, "a", ENV_ID, 400), remembered(store, "b", digest("gone"), 0.9)
    foreign = store.root / "requests" / "v1" / "foreign.json"
    foreign.write_text("{}")
    aged(foreign, 400)
    collect(store.layout, Limits())
    assert all(path.exists() for path in (*kept, foreign))


def test_a_ticket_goes_after_a_week(store: Store) -> None:
    old, ahead, young = (ticket(store, str(days), days) for days in (7.1, -8, 6.9))
    collect(store.layout, Limits())
    assert (old.exists(), ahead.exists(), young.exists()) == (False, False, True)
