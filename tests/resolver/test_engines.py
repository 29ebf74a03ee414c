"""The same questions to both engines, on a real index."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from envbuilder.environment import Interpreter
from envbuilder.errors import ToolError, UsageError
from envbuilder.interpreters.choice import Interpreters
from envbuilder.lock import Artifact, Target
from envbuilder.policy import Builds, Policy, Sources
from envbuilder.policyfile.patterns import read_pattern
from envbuilder.redact import SafeUrl
from envbuilder.request import EngineName, Request
from envbuilder.resolver.engine import Engine, Failure, FailureKind, Lack, Question, Solution
from envbuilder.resolver.engines import engine_for
from envbuilder.resolver.resolution import resolve
from envbuilder.settings import Settings
from tests.resolver.toy import day, rewritten

ENGINES: tuple[EngineName, ...] = ("uv", "pip")
DATED = day("2023-12-20")

Ask = Callable[..., "Solution | Failure"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


@pytest.fixture(scope="module")
def settings(home: Path) -> Settings:
    return dataclasses.replace(Settings.from_environ(), home=home, python_downloads=False)


@pytest.fixture(scope="module")
def interpreters(settings: Settings, home: Path) -> Interpreters:
    return Interpreters(settings=settings, folder=home)


@pytest.fixture(scope="module")
def running(interpreters: Interpreters) -> Interpreter:
    return interpreters.choose(".".join(map(str, sys.version_info[:3])))


@pytest.fixture(scope="module", params=ENGINES)
def engine(request: pytest.FixtureRequest, settings: Settings, home: Path) -> Engine:
    return engine_for(request.param, settings=settings, cache=home / "cache")


@pytest.fixture
def ask(engine: Engine, running: Interpreter) -> Ask:
    target = Target(python=running.version, platform=running.platform, floor=running.floor)

    def call(*requirements: str, **more: object) -> Solution | Failure:
        question = Question(requirements=requirements, target=target, interpreter=running)
        return engine.solve(dataclasses.replace(question, **more))  # type: ignore[arg-type]

    return call


def versions(answer: Solution | Failure) -> dict[str, str]:
    assert isinstance(answer, Solution), answer
    return {candidate.name: candidate.version for candidate in answer.candidates}


def file_of(answer: Solution | Failure, name: str, suffix: str) -> Artifact:
    assert isinstance(answer, Solution), answer
    (found,) = [c for c in answer.candidates if c.name == name]
    return next(f for f in found.files if f.filename.endswith(suffix))


@pytest.mark.index
def test_the_day_and_the_dependencies(ask: Ask) -> None:
    answer = ask("jinja2==3.1.2", cutoff=DATED)
    assert versions(answer) == {"jinja2": "3.1.2", "markupsafe": "2.1.3"}
    wheel = file_of(answer, "jinja2", "-py3-none-any.whl")
    assert wheel.sha256 == "6088930bfe239f0e6710546ab9c19c9ef35e29792895fed6e6e31a023a182a61"
    assert wheel.uploaded is not None
    assert wheel.uploaded.date().isoformat() == "2022-04-28"
    assert wheel.url.secret.startswith("https://")


@pytest.mark.index
def test_without_a_day(ask: Ask) -> None:
    assert versions(ask("six==1.15.0", "idna")) != versions(
        ask("six==1.15.0", "idna", cutoff=day("2021-01-01"))
    )


@pytest.mark.index
def test_without_dependencies(ask: Ask) -> None:
    assert versions(ask("jinja2==3.1.2", "six<1.15", dependencies=False)) == {
        "jinja2": "3.1.2",
        "six": "1.14.0",
    }


@pytest.mark.index
def test_constraints_markers_and_extras(ask: Ask) -> None:
    answer = ask(
        "requests[socks]==2.31.0",
        "colorama ; sys_platform == 'win32'",
        constraints=("idna==3.4",),
        cutoff=DATED,
    )
    found = versions(answer)
    assert found["idna"] == "3.4"
    assert found["pysocks"] == "1.7.1"
    assert "colorama" not in found


@pytest.mark.index
def test_the_seeds_are_no_exception(ask: Ask) -> None:
    assert versions(ask("pip", "setuptools", "wheel", cutoff=DATED)) == {
        "pip": "23.3.2", "setuptools": "69.0.2", "wheel": "0.42.0",
    }  # fmt: skip


@pytest.mark.index
@pytest.mark.parametrize("dependencies", [True, False])
@pytest.mark.parametrize("line", ["six==99.1", "no-such-distribution-here==1.0"])
def test_what_is_not_there_is_named(ask: Ask, line: str, dependencies: bool) -> None:
    answer = ask("idna==3.4", line, dependencies=dependencies)
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.NO_SOLUTION
    assert line.partition("=")[0] in answer.packages
    assert "idna" not in answer.packages


@pytest.mark.index
def test_what_a_single_pin_lacks(ask: Ask) -> None:
    def lack(line: str) -> Lack | None:
        answer = ask(line, dependencies=False)
        assert isinstance(answer, Failure)
        return answer.lack

    assert lack("six==99.1") is Lack.VERSION
    assert lack("no-such-distribution-here==1.0") is Lack.NAME
    assert lack("pywin32==300") in (Lack.PLATFORM, Lack.PYTHON)
    assert lack("tensorflow==2.4.0") is Lack.PYTHON


@pytest.mark.index
def test_a_contradiction_names_both_sides(ask: Ask) -> None:
    answer = ask("jinja2==3.1.2", "markupsafe==1.1.1", cutoff=DATED)
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.NO_SOLUTION
    assert "markupsafe" in answer.packages


@pytest.mark.index
def test_a_direct_reference_is_one_file_with_its_digest(ask: Ask) -> None:
    wheel = file_of(ask("six==1.16.0", dependencies=False), "six", ".whl")
    answer = ask(f"six @ {wheel.url.secret}#sha256={wheel.sha256}", "idna==3.4")
    assert versions(answer) == {"idna": "3.4", "six": "1.16.0"}
    assert file_of(answer, "six", ".whl").sha256 == wheel.sha256


@pytest.mark.index
def test_an_index_that_is_not_there_is_a_matter_of_the_network(
    engine: Engine, settings: Settings, running: Interpreter, tmp_path: Path
) -> None:
    sources = Sources(indexes=(SafeUrl("http://user:s3cret@127.0.0.1:9/simple"),))
    other = engine_for(
        "uv" if engine.name == "uv" else "pip",
        settings=settings,
        cache=tmp_path,
        policy=Policy(sources=sources),
    )
    target = Target(python=running.version, platform=running.platform, floor=running.floor)
    answer = other.solve(
        Question(requirements=("six",), target=target, interpreter=running, dependencies=False)
    )
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.NETWORK
    assert "s3cret" not in answer.text


@pytest.mark.index
def test_both_give_the_same_lock(
    settings: Settings, home: Path, interpreters: Interpreters, running: Interpreter
) -> None:
    model = rewritten("requests==2.31.0", "termcolor==1.1.0", python=(running.version,), created="2023-12-20")
    locks = [
        resolve(
            model, request=Request(engine=name), interpreters=interpreters,
            engine=engine_for(name, settings=settings, cache=home / "cache"),
        )
        for name in ENGINES
    ]  # fmt: skip
    assert locks[0].lock_id == locks[1].lock_id
    assert [lock.engine for lock in locks] == ["uv", "pip"]
    assert {change.code for change in locks[0].changes} == {"build/from-source"}


@pytest.mark.index
def test_a_policy_against_builds_keeps_code_from_running(
    engine: Engine, settings: Settings, home: Path, running: Interpreter
) -> None:
    def asked(builds: Builds) -> Solution | Failure:
        never = engine_for(
            "uv" if engine.name == "uv" else "pip", settings=settings, cache=home / "cache",
            policy=Policy(builds=builds),
        )  # fmt: skip
        target = Target(python=running.version, platform=running.platform, floor=running.floor)
        return never.solve(Question(requirements=("termcolor==1.1.0",), target=target, interpreter=running))

    assert isinstance(asked(Builds(sdist="never")), Failure)
    assert versions(asked(Builds(sdist=(read_pattern("termcolor"),)))) == {"termcolor": "1.1.0"}


@pytest.mark.index
@pytest.mark.parametrize("minor", ["3.6", "3.8"])
def test_uv_resolves_for_pythons_older_than_any_dated_pip(
    settings: Settings, home: Path, interpreters: Interpreters, minor: str
) -> None:
    model = rewritten("six", python=(minor,), created="2021-01-01")
    engine = engine_for("uv", settings=settings, cache=home / "cache")
    lock = resolve(model, request=Request(platform="linux-aarch64"), engine=engine, interpreters=interpreters)
    assert {a.name: a.version for a in lock.artifacts} == {
        "pip": "20.3.3", "setuptools": "51.1.1", "six": "1.15.0", "wheel": "0.36.2",
    }  # fmt: skip


def test_pip_says_what_it_cannot_do(settings: Settings, tmp_path: Path, running: Interpreter) -> None:
    pip = engine_for("pip", settings=settings, cache=tmp_path)
    target = Target(python="3.8.18", platform=running.platform, floor=running.floor)
    old = dataclasses.replace(running, version="3.8.18")
    with pytest.raises(UsageError, match=r"as of a day for python 3\.8") as caught:
        pip.solve(Question(requirements=("six",), target=target, interpreter=old, cutoff=DATED))
    assert caught.value.code == "engine/pip-undated"
    with pytest.raises(UsageError, match=r"from here") as caught:
        pip.solve(Question(requirements=("six",), target=target))
    assert caught.value.code == "engine/pip-foreign"
    offline = engine_for("pip", settings=dataclasses.replace(settings, offline=True), cache=tmp_path)
    with pytest.raises(UsageError) as caught:
        offline.solve(Question(requirements=("six",), target=target, interpreter=running))
    assert caught.value.code == "engine/pip-offline"
    two = Policy(
        sources=Sources(indexes=(SafeUrl("https://example.org/a"), SafeUrl("https://example.org/b")))
    )
    with pytest.raises(UsageError, match="several indexes"):
        engine_for("pip", settings=settings, cache=tmp_path, policy=two)


def test_conda_is_no_engine_yet(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        engine_for("conda", settings=settings, cache=tmp_path)


def test_auto_is_uv_or_else_pip(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert engine_for("auto", settings=settings, cache=tmp_path).name == "uv"
    monkeypatch.setattr("envbuilder.resolver.uv.uv_binary", _no_uv)
    assert engine_for("auto", settings=settings, cache=tmp_path).name == "pip"


def _no_uv(_: Settings) -> Path:
    raise ToolError("uv was not found")
