"""The file that others install a model's dependencies from."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import envbuilder
from envbuilder.errors import EnvbuilderError, PolicyError, UsageError
from envbuilder.policy import Policy, Sources
from envbuilder.settings import Settings
from tests.conftest import MODELS


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "store", user_home=tmp_path)


def lines(path: Path) -> list[str]:
    return [line for line in path.read_text("utf-8").splitlines() if not line.startswith("#")]


@pytest.mark.parametrize("name", ["pyfunc-2.22", "sklearn-conda-only", "seed-sklearn", "xgboost-2.10"])
def test_every_line_is_a_requirement_of_the_rewritten_spec(name: str, settings: Settings) -> None:
    path = envbuilder.get_model_dependencies(MODELS / name, settings=settings)
    assert path.name == "requirements.txt"
    assert path.is_relative_to(settings.home)
    spec = envbuilder.rewrite(envbuilder.parse(MODELS / name)).spec
    assert [str(Requirement(line)) for line in lines(path)] == sorted(
        str(Requirement(item.text)) for item in spec.pypi
    )


def test_the_same_text_stands_in_the_same_place(settings: Settings, tmp_path: Path) -> None:
    first = envbuilder.get_model_dependencies(MODELS / "pyfunc-2.22", settings=settings)
    copy = shutil.copytree(MODELS / "pyfunc-2.22", tmp_path / "copy")
    assert envbuilder.get_model_dependencies(copy, settings=settings) == first
    text = first.read_text("utf-8")
    first.write_text("evil\n")
    assert envbuilder.get_model_dependencies(copy, settings=settings).read_text("utf-8") == text


def test_the_conda_file_is_the_rewritten_one(settings: Settings) -> None:
    path = envbuilder.get_model_dependencies(MODELS / "seed-sklearn", "conda", settings=settings)
    assert path.name == "conda.yaml"
    text = path.read_text("utf-8")
    assert "conda-forge" in text
    assert "- defaults" not in text


def model_of(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.txt").write_text(text)
    return folder


def test_constraints_stand_beside_it(settings: Settings, tmp_path: Path) -> None:
    model = model_of(
        tmp_path / "m", requirements="-c constraints.txt\nsix==1.16.0\n", constraints="wheel<1\n"
    )
    path = envbuilder.get_model_dependencies(model, settings=settings)
    assert lines(path) == ["-c constraints.txt", "six==1.16.0"]
    assert lines(path.parent / "constraints.txt") == ["wheel<1"]


def test_options_of_the_model_are_not_handed_on(settings: Settings, tmp_path: Path) -> None:
    text = "--extra-index-url https://user:secret@example.org/simple\nsix==1.16.0\n"
    path = envbuilder.get_model_dependencies(model_of(tmp_path / "m", requirements=text), settings=settings)
    assert lines(path) == ["six==1.16.0"]
    assert "example.org" not in path.read_text("utf-8")


def test_direct_references_are_the_policys_to_open(settings: Settings, tmp_path: Path) -> None:
    url = f"https://example.org/six-1.16.0-py2.py3-none-any.whl#sha256={'0' * 64}"
    model = model_of(tmp_path / "m", requirements=f"six @ {url}\n")
    with pytest.raises(PolicyError) as caught:
        envbuilder.get_model_dependencies(model, settings=settings)
    assert caught.value.code == "source/direct-url"
    opened = Policy(sources=Sources(url="allow"))
    assert lines(envbuilder.get_model_dependencies(model, policy=opened, settings=settings)) == [
        f"six @ {url}"
    ]


def test_what_there_is_no_file_of_is_told(settings: Settings, tmp_path: Path) -> None:
    model = model_of(tmp_path / "m", requirements="six==1.16.0\n")
    with pytest.raises(UsageError, match="no conda file"):
        envbuilder.get_model_dependencies(model, "conda", settings=settings)
    with pytest.raises(EnvbuilderError, match="no format 'poetry'"):
        envbuilder.get_model_dependencies(model, "poetry", settings=settings)  # type: ignore[arg-type]


@pytest.mark.index
def test_the_locked_one_has_every_package_with_its_hash(warm_home: Path) -> None:
    settings = replace(Settings.from_environ(), home=warm_home)
    path = envbuilder.get_model_dependencies(MODELS / "pyfunc-2.22", locked=True, settings=settings)
    text = path.read_text("utf-8")
    assert text.count(" \\\n    --hash=sha256:") == 48
    assert "\nmlflow-skinny==2.22.0 " in text
