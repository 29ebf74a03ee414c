"""Both engines on an index of our own: one that stumbles, and one that has only sources."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from envbuilder.environment import Interpreter
from envbuilder.errors import ResolveError
from envbuilder.interpreters.choice import Interpreters
from envbuilder.lock import Target
from envbuilder.policy import Builds, Policy
from envbuilder.policyfile.patterns import read_pattern
from envbuilder.redact import SafeUrl
from envbuilder.request import EngineName, Request
from envbuilder.resolver.engine import Answer, Engine, Failure, FailureKind, Question, Solution
from envbuilder.resolver.engines import engine_for
from envbuilder.resolver.resolution import resolve
from envbuilder.settings import Settings
from tests.builder.conftest import engine, host, running, shop
from tests.builder.wheelsmith import make_sdist, make_wheel
from tests.resolver.toy import rewritten
from tests.webserver import SECRET, Server, serving, write_page

__all__ = ["engine", "host", "running", "shop"]


@pytest.fixture
def server(shop: Path) -> Iterator[Server]:
    """Its index has a wheel, ``plain``, and two source distributions, ``built``, that leave their marks."""
    write_page(shop, "plain", [make_wheel(shop, "plain")])
    trap = f"open({str(shop / 'mark')!r} + VERSION, 'w').close()"
    write_page(shop, "built", [make_sdist(shop, "built", version, trap=trap) for version in ("1.0", "2.0")])
    for name in ("pip", "setuptools", "wheel"):
        write_page(shop, name, [make_wheel(shop, name)])
    with serving(shop) as one:
        yield one


@pytest.fixture
def with_builds(engine: str, server: Server, host: Settings, tmp_path: Path) -> Callable[[Builds], Engine]:
    """Make the engine for that index under a policy."""
    settings = dataclasses.replace(host, offline=False, index=SafeUrl(f"{server.url}/simple"))
    name: EngineName = "uv" if engine == "uv" else "pip"

    def make(builds: Builds) -> Engine:
        return engine_for(name, settings=settings, cache=tmp_path / "cache", policy=Policy(builds=builds))

    return make


def ask(one: Engine, running: Interpreter, *names: str) -> Answer:
    target = Target(python=running.version, platform=running.platform, floor=running.floor)
    return one.solve(Question(requirements=names, target=target, interpreter=running))


@pytest.mark.parametrize("trouble", ["failures", "drops"])
def test_an_index_that_stumbles_is_asked_again(
    with_builds: Callable[[Builds], Engine], server: Server, running: Interpreter, trouble: str
) -> None:
    setattr(server, trouble, 2)
    answer = ask(with_builds(Builds()), running, "plain")
    assert isinstance(answer, Solution), answer.text
    assert getattr(server, trouble) == 0


def test_an_index_that_stays_down_has_no_say_in_what_there_is(
    with_builds: Callable[[Builds], Engine], server: Server, running: Interpreter
) -> None:
    server.failures = 99
    answer = ask(with_builds(Builds()), running, "plain")
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.NETWORK


def test_an_index_that_wants_a_password_has_no_say_either(
    with_builds: Callable[[Builds], Engine], server: Server, running: Interpreter
) -> None:
    server.guarded = True
    answer = ask(with_builds(Builds()), running, "plain")
    assert isinstance(answer, Failure)
    assert (answer.kind, "401" in answer.text) == (FailureKind.NETWORK, True), answer.text


def test_why_a_guarded_index_cannot_be_reached_is_told_without_its_password(
    engine: str, host: Settings, running: Interpreter, tmp_path: Path
) -> None:
    index = SafeUrl(f"http://user:{SECRET}@127.0.0.1:9/simple")
    settings = dataclasses.replace(host, offline=False, index=index)
    name: EngineName = "uv" if engine == "uv" else "pip"
    answer = ask(engine_for(name, settings=settings, cache=tmp_path / "cache"), running, "plain")
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.NETWORK
    assert "cannot fetch http://127.0.0.1:9/simple/plain/: [Errno 111] Connection refused" in answer.text
    assert SECRET not in answer.text
    assert ".invalid" not in answer.text


@pytest.mark.parametrize(
    "builds", [Builds(sdist="never"), Builds(sdist=(read_pattern("plain"), read_pattern("other")))]
)
def test_what_may_not_be_built_is_not(
    with_builds: Callable[[Builds], Engine], host: Settings, running: Interpreter, shop: Path, builds: Builds
) -> None:
    one = with_builds(builds)
    answer = ask(one, running, "built", "plain")
    assert isinstance(answer, Failure)
    assert (answer.kind, "built" in answer.packages) == (FailureKind.NO_SOLUTION, True)
    interpreters = Interpreters(settings=host, folder=host.home)
    model = rewritten("built==1.0", python=(running.version,), created=None)
    with pytest.raises(ResolveError):
        resolve(
            model, request=Request(as_of="now"), engine=one, interpreters=interpreters,
            policy=Policy(builds=builds),
        )  # fmt: skip
    assert list(shop.glob("mark*")) == []


def test_what_is_listed_is_built(
    with_builds: Callable[[Builds], Engine], running: Interpreter, shop: Path
) -> None:
    answer = ask(with_builds(Builds(sdist=(read_pattern("built"),))), running, "built", "plain")
    assert isinstance(answer, Solution), answer.text
    assert [path.name for path in shop.glob("mark*")] == ["mark2.0"]


def test_no_other_release_than_the_listed_one_is_built(
    with_builds: Callable[[Builds], Engine], running: Interpreter, shop: Path
) -> None:
    answer = ask(with_builds(Builds(sdist=(read_pattern("built==1.0"),))), running, "built", "plain")
    assert isinstance(answer, Solution), answer.text
    assert [candidate.version for candidate in answer.candidates] == ["1.0", "1.0"]
    assert [path.name for path in shop.glob("mark*")] == ["mark1.0"]
