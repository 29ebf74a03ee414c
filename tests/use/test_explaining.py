"""An explanation names every wish with its place and goes as far as the model does."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from envbuilder.errors import InputRefused, ResolveError
from envbuilder.findings import Finding, Level
from envbuilder.lock import CondaPackage
from envbuilder.policy import DEFAULT
from envbuilder.reader.model import read_model
from envbuilder.redact import SafeUrl
from envbuilder.request import Request
from envbuilder.settings import Settings
from envbuilder.spec import CondaName, PypiName
from envbuilder.store.manifest import FOLDER
from envbuilder.store.remarks import NAME, findings_text
from envbuilder.use.engine_choice import rewritten_for
from envbuilder.use.explaining import explain
from envbuilder.use.restoration import restore
from tests.store import fakes
from tests.use.conftest import FakeInterpreters, Stages


@pytest.fixture(autouse=True)
def _interpreters(monkeypatch: pytest.MonkeyPatch, stages: Stages) -> None:
    monkeypatch.setattr("envbuilder.use.explaining.Interpreters", FakeInterpreters)


def test_every_wish_has_its_place(model: Path, settings: Settings) -> None:
    (model / "conda.yaml").write_text("channels:\n- defaults\ndependencies:\n- python=3.8.2\n- libgcc\n")
    told = {(wish.kind, wish.text, str(wish.origin), wish.decides) for wish in explain(
        model, settings=settings).wishes}  # fmt: skip
    assert {
        ("python", "3.8.8", "python_env.yaml:1:9", True),
        ("python", "3.8.2", "conda.yaml:4:3", False),
        ("requirement", "thing==1.0", "requirements.txt:2:1", True),
        ("requirement", "other", "more.txt:1:1", True),
        ("channel", "defaults", "conda.yaml:2:3", True),
    } <= told


def test_the_keys_are_those_of_the_environment(model: Path, settings: Settings, stages: Stages) -> None:
    before = explain(model, settings=settings)
    assert before.environment is None
    restored = restore(model, settings=settings)
    told = explain(model, settings=settings)
    assert told.environment == restored.environment
    values = {key.name: key.value for key in told.keys}
    assert values == {
        "spec_id": restored.spec_id, "lock_id": restored.lock_id, "env_id": restored.environment.env_id,
    }  # fmt: skip
    assert (told.changes, told.fidelity) == (restored.changes, restored.fidelity)
    assert stages.resolutions == 1
    parts = {key.name: dict(key.made_of) for key in told.keys}
    assert parts["spec_id"]["requirements"] == "mlflow==2.9.2, other, thing==1.0"
    assert parts["env_id"]["interpreter's bytes"] == stages.interpreter.binary_digest


def test_a_package_tells_the_lines_that_ask_for_it(model: Path, settings: Settings) -> None:
    (package,) = explain(model, settings=settings).packages
    assert (package.name, package.version) == ("thing", "1.0")
    assert [str(origin) for origin in package.asked_at] == ["requirements.txt:2:1"]


def test_without_a_lock_it_tells_what_it_knows_and_why_it_ends(
    model: Path, settings: Settings, stages: Stages
) -> None:
    stages.error = ResolveError("no way")
    told = explain(model, settings=settings)
    assert told.stopped_by is not None
    assert told.stopped_by.message == "no way"
    assert [key.name for key in told.keys] == ["spec_id"]
    assert len(told.wishes) == 4


def test_for_another_platform_there_is_no_environment(
    model: Path, settings: Settings, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("envbuilder.use.explaining.host_platform", lambda: "linux-riscv64")
    told = explain(model, settings=settings, request=Request(platform="linux-x86_64"))
    assert [key.name for key in told.keys] == ["spec_id", "lock_id"]


def test_refused_input_is_an_error(model: Path, settings: Settings) -> None:
    (model / "python_env.yaml").write_text("python: !!python/name:os.system 3.8\n")
    with pytest.raises(InputRefused):
        explain(model, settings=settings)


def test_what_the_environment_does_unasked_is_told(model: Path, settings: Settings) -> None:
    finding = Finding(code="build/pth-file", level=Level.NOTE, message="x.pth is read", subject="x.pth")
    assert explain(model, settings=settings).remarks == ()
    restored = restore(model, settings=settings)
    (restored.environment.prefix / FOLDER / NAME).write_bytes(findings_text([finding]))
    assert explain(model, settings=settings).remarks == (finding,)


def test_the_engine_has_its_reason_with_a_lock_and_without(
    model: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lock_model(*_: object, **__: object) -> None:
        raise ResolveError("no way")

    assert explain(model, settings=settings).choice.reason == "nothing but Python is asked of conda"
    (model / "conda.yaml").write_text("channels:\n- conda-forge\ndependencies:\n- python=3.8.8\n- samtools\n")
    monkeypatch.setattr("envbuilder.use.explaining.lock_model", lock_model)
    told = explain(model, settings=settings)
    assert (told.choice.engine, told.choice.names) == ("conda", ("samtools",))
    assert told.stopped_by is not None


def test_packages_of_channels_tell_the_lines_that_ask_for_them_or_for_what_they_bring(
    model: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def package(name: str, distribution: str | None = None) -> CondaPackage:
        filename, channel = f"{name}-1-0.conda", "https://conda.anaconda.org/conda-forge"
        return CondaPackage(
            name=CondaName(name), version="1", build="0", channel=channel, subdir="linux-64",
            filename=filename, url=SafeUrl(f"{channel}/linux-64/{filename}"), sha256="0" * 64,
            distribution=PypiName(distribution) if distribution else None,
        )  # fmt: skip

    (model / "conda.yaml").write_text("channels:\n- conda-forge\ndependencies:\n- python=3.8.8\n- samtools\n")
    packages = (package("libz"), package("python"), package("samtools"), package("thing-base", "thing"))
    lock = replace(fakes.lock(), conda=packages, artifacts=(), engine="conda")
    rewritten, choice = rewritten_for(read_model(model), request=Request(), policy=DEFAULT)
    locked = SimpleNamespace(lock=lock, rewritten=rewritten, choice=choice)
    monkeypatch.setattr("envbuilder.use.explaining.lock_model", lambda *_, **__: locked)
    told = explain(model, settings=settings)
    assert {package.name: [str(origin) for origin in package.asked_at] for package in told.packages} == {
        "libz": [],
        "python": ["python_env.yaml:1:9"],
        "samtools": ["conda.yaml:5:3"],
        "thing-base": ["requirements.txt:2:1"],
    }
    parts = {key.name: dict(key.made_of) for key in told.keys}
    assert parts["lock_id"]["conda packages"].startswith("4, each by name")
    assert parts["env_id"]["installer"] == "conda"
