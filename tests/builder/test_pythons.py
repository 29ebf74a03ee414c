"""Pythons of conda-forge for a host that has none: a real one, through a mirror, and an environment made with it."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from envbuilder.builder.building import build
from envbuilder.builder.pythons import CondaWay, ways_of
from envbuilder.errors import InterpreterError
from envbuilder.interpreters.choice import Interpreters
from envbuilder.policy import Channels, Policy, Pythons
from envbuilder.redact import SafeUrl
from envbuilder.settings import Settings
from envbuilder.store.store import Store
from tests.builder.condasmith import MINOR, policy_for, small_channel
from tests.builder.conftest import lock_of
from tests.builder.wheelsmith import make_wheel

CONDA_ONLY = Pythons(order=("conda-forge",))


@pytest.fixture
def host(tmp_path: Path) -> Settings:
    """A host without a Python, where uv finds nothing to download."""
    return Settings(home=tmp_path / "store", user_home=tmp_path, python_mirror=(tmp_path / "none").as_uri())


@pytest.fixture
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    own = tmp_path_factory.getbasetemp()
    channel = small_channel(own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own)
    return policy_for(channel)


def interpreters(host: Settings, policy: Policy) -> Interpreters:
    store = Store.open(host.home)
    ways = ways_of(store, host, policy)
    return Interpreters(settings=host, folder=store.pythons, system=(), ways=ways)


def test_what_neither_the_host_nor_uv_has_comes_from_conda_forge(
    host: Settings, policy: Policy, tmp_path: Path
) -> None:
    chosen = interpreters(host, policy).choose(MINOR)
    assert chosen.version.startswith(f"{MINOR}.")
    assert chosen.source == "conda"
    store = Store.open(host.home)
    assert chosen.path.is_relative_to(store.pythons)
    assert list(store.layout.tmp.iterdir()) == []
    # It is there now: nobody is asked for it again.
    offline = dataclasses.replace(host, python_downloads=False)
    assert interpreters(offline, policy).choose(f"{MINOR}.2") == chosen
    wheel = make_wheel(tmp_path, "plain")
    lock = lock_of(chosen, wheel, imports=("plain",))
    with build(lock, interpreter=chosen, store=store, settings=dataclasses.replace(host, offline=True)).lease:
        pass


def test_what_conda_forge_has_not_is_told_beside_all_else(host: Settings, policy: Policy) -> None:
    only = dataclasses.replace(policy, python=CONDA_ONLY)
    with pytest.raises(InterpreterError) as caught:
        interpreters(host, only).choose("3.5")
    assert "conda-forge of 3.5: " in caught.value.detail
    assert "download by uv" not in caught.value.detail


def test_who_cannot_be_reached_is_not_asked_twice(host: Settings, tmp_path: Path) -> None:
    mirrors = (("conda-forge", (SafeUrl((tmp_path / "no-channel").as_uri()),)),)
    policy = Policy(python=CONDA_ONLY, channels=Channels(mirrors=mirrors))
    found = interpreters(host, policy)
    for told in ("conda-forge of 3.8.8: ", "conda-forge: not tried, "):
        with pytest.raises(InterpreterError) as caught:
            found.choose("3.8.8")
        lines = [line for line in caught.value.detail.splitlines() if "conda-forge" in line]
        assert len(lines) == 1
        assert lines[0].startswith(told)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"python_downloads": False}, "downloads of interpreters are switched off"),
        ({"offline": True, "python_mirror": None}, "offline"),
    ],
)
def test_nothing_is_fetched_where_settings_forbid_it(
    host: Settings, more: dict[str, object], why: str
) -> None:
    settings = dataclasses.replace(host, **more)  # type: ignore[arg-type]
    policy = Policy(python=CONDA_ONLY)
    with pytest.raises(InterpreterError) as caught:
        interpreters(settings, policy).choose(MINOR)
    assert f"conda-forge: not tried, {why}" in caught.value.detail


def test_a_channel_that_the_policy_leaves_out_is_none_for_pythons_either(host: Settings) -> None:
    policy = Policy(channels=Channels(allow=("bioconda",)))
    way = CondaWay(store=Store.open(host.home), settings=host, policy=policy)
    assert way.refusal() == "the policy's [channels] does not allow it"


def test_the_order_is_the_policys(host: Settings) -> None:
    store = Store.open(host.home)
    turned = Policy(python=Pythons(order=("conda-forge", "host")))
    assert [type(way).__name__ for way in ways_of(store, host, Policy())] == ["HostWay", "UvWay", "CondaWay"]
    assert [type(way).__name__ for way in ways_of(store, host, turned)] == ["CondaWay", "HostWay"]
    assert Policy().resolution_key != turned.resolution_key
