"""What environments share with the package caches: collected with the last of them, and never relinked when damaged."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.limits import Limits
from envbuilder.lock import Artifact
from envbuilder.redact import SafeUrl
from envbuilder.settings import Settings
from envbuilder.store import faults, glance
from envbuilder.store.collect import collect
from envbuilder.store.files import remove_tree
from envbuilder.store.packages import units, uv_lock
from envbuilder.store.store import Store
from envbuilder.store.verify import verify
from tests.builder.conftest import Make
from tests.builder.wheelsmith import make_sdist, make_wheel
from tests.webserver import Server, serving


@pytest.fixture
def engine() -> str:
    return "uv"


def import_of(python: Path, module: str) -> str:
    argv = [str(python), "-I", "-c", f"import {module}; print({module}.VERSION)"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def kinds(store: Store) -> dict[str, int]:
    found = [unit.kind for unit in units(store.layout)]
    return {kind: found.count(kind) for kind in ("wheel", "bytecode", "file")}


def age(store: Store) -> None:
    """Let everything in the store be as old as a day."""
    moment = time.time() - 86400
    for unit in units(store.layout):
        os.utime(unit.path, (moment, moment))
    for lock in (store.root / "lk").glob("*.use"):
        os.utime(lock, (moment, moment))


def test_packages_go_with_the_last_environment_and_come_back(make: Make, shop: Path, store: Store) -> None:
    both, more = make_wheel(shop, "plain"), make_wheel(shop, "more")
    first, second = make(both), make(both, more)
    make(make_sdist(shop, "built")).lease.close()
    first.lease.close()
    before = kinds(store)
    assert before == {"wheel": 3, "bytecode": 3, "file": 1}
    age(store)
    told = collect(store.layout, Limits(max_size=0), dry_run=True)
    assert kinds(store) == before
    done = collect(store.layout, Limits(max_size=0))
    assert (done.freed, done.packages) == (told.freed, told.packages)
    assert kinds(store) == {"wheel": 2, "bytecode": 2, "file": 0}
    second.lease.close()
    age(store)
    collect(store.layout, Limits(max_size=0))
    assert kinds(store) == {"wheel": 0, "bytecode": 0, "file": 0}
    assert import_of(make(both).environment.python, "plain") == "1.0"
    assert not make(make_sdist(shop, "built")).hit


def test_fresh_packages_and_those_under_a_running_uv_stay(make: Make, shop: Path, store: Store) -> None:
    make(make_wheel(shop, "plain")).lease.close()
    collect(store.layout, Limits(max_size=0), grace=0.0, now=time.time() + 10_000)
    assert kinds(store)["wheel"] == 0
    make(make_wheel(shop, "other")).lease.close()
    age(store)
    with uv_lock(store.layout) as held:
        assert held
        done = collect(store.layout, Limits(max_size=0))
    assert kinds(store)["wheel"] == 1
    assert done.packages == 1
    make(make_wheel(shop, "third")).lease.close()
    collect(store.layout, Limits())
    assert kinds(store)["wheel"] == 1


@pytest.mark.parametrize("case", ["flipped", "truncated"])
def test_a_file_damaged_in_the_cache_too_is_not_linked_again(
    make: Make, shop: Path, store: Store, case: str
) -> None:
    wheel = make_wheel(shop, "plain")
    first = make(wheel)
    first.lease.close()
    (module,) = first.environment.prefix.glob("lib/python*/site-packages/plain.py")
    assert module.stat().st_nlink > 1
    module.chmod(0o644)
    before, content = module.stat(), module.read_bytes()
    module.write_bytes(content.replace(b"1.0", b"6.6") if case == "flipped" else content[:3])
    os.utime(module, ns=(before.st_atime_ns, before.st_mtime_ns))
    (item,) = verify(store.layout, deep=True)
    assert [damage.path for damage in item.damage] == [str(module.relative_to(first.environment.prefix))]
    again = make(wheel)
    assert not again.hit
    assert import_of(again.environment.python, "plain") == "1.0"


def test_a_hit_that_is_damaged_is_built_again_at_once(make: Make, shop: Path, store: Store) -> None:
    wheel = make_wheel(shop, "plain")
    first = make(wheel)
    (module,) = first.environment.prefix.glob("lib/python*/site-packages/plain.py")
    module.chmod(0o644)
    module.write_bytes(b"VERSION = 'another'\n")
    glance._whole.clear()
    again = make(wheel)
    assert not again.hit
    assert import_of(again.environment.python, "plain") == "1.0"
    assert first.environment.prefix.exists()


def test_a_kill_between_pointers_and_wheels_leaves_a_cache_that_works(
    make: Make, shop: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def hook(point: str) -> None:
        if point == "unpointed":
            raise Killed

    wheel = make_wheel(shop, "plain")
    make(wheel).lease.close()
    age(store)
    monkeypatch.setattr(faults, "hook", hook)
    with pytest.raises(Killed):
        collect(store.layout, Limits(max_size=0))
    monkeypatch.setattr(faults, "hook", None)
    built = make(wheel)
    assert import_of(built.environment.python, "plain") == "1.0"
    built.lease.close()
    age(store)
    collect(store.layout, Limits(max_size=0))
    assert kinds(store)["wheel"] == 0


def served(server: Server, shop: Path, name: str) -> Artifact:
    """Return a wheel that lies in the shop, to be had from its server."""
    wheel = make_wheel(shop, name)
    return replace(wheel, url=SafeUrl(f"{server.url}/{wheel.filename}"))


def test_what_the_cache_has_is_not_asked_for_again(
    make: Make, shop: Path, host: Settings, store: Store
) -> None:
    with serving(shop) as server:
        one, two = (served(server, shop, name) for name in ("one", "two"))
        online = replace(host, offline=False)
        make(one, settings=online).lease.close()
        asked = len(server.seen)
        assert asked
        (prefix,) = store.layout.environments.iterdir()
        remove_tree(prefix)
        make(one, settings=online).lease.close()
        assert len(server.seen) == asked
        make(one, two, settings=online).lease.close()
        fetched = [path for path, _ in server.seen[asked:]]
        assert fetched
        assert all("two" in path for path in fetched)


def test_marks_of_wheels_that_left_the_cache_do_no_harm(
    make: Make, shop: Path, host: Settings, store: Store
) -> None:
    with serving(shop) as server:
        one, two = (served(server, shop, name) for name in ("one", "two"))
        online = replace(host, offline=False)
        make(one, settings=online).lease.close()
        remove_tree(store.uv_cache)
        prefix = make(one, two, settings=online).environment.prefix
        assert import_of(prefix / "bin" / "python", "one") == import_of(prefix / "bin" / "python", "two")
