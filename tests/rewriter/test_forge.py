"""What conda-forge lacks: replaced, left out or had from the index, by our own table."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from envbuilder.findings import Origin
from envbuilder.policy import DEFAULT, Policy
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.rewriter.forge import (
    Dropped,
    OnIndex,
    Renamed,
    elsewhere,
    keep_blas,
    lacking,
    replace_lacking,
)
from envbuilder.rewriter.matchspecs import rendered
from envbuilder.rewriter.names import Absent, Distribution, table
from envbuilder.spec import Channel, CondaName, EnvSpec, Provenance

SPOT = Origin(file="conda.yaml", line=5, column=5)
MAPPING = Path(__file__).parents[3] / "shared" / "conda-data" / "mapping" / "compressed_mapping.json"
needs_names = pytest.mark.skipif(not MAPPING.is_file(), reason="the names of conda-forge are not here")


def spec_of(*texts: str, channels: tuple[str, ...] = ("defaults",)) -> EnvSpec:
    named = tuple(Channel(text=name, origin=SPOT) for name in channels)
    wishes = tuple(read_matchspec(text, SPOT) for text in texts)
    return EnvSpec(python=(), conda=wishes, channels=named, provenance=Provenance(model="m"))


@pytest.mark.parametrize(
    ("text", "after", "effect"),
    [
        ("numpy-base=1.21.2=py39_0", ["numpy==1.21.2"], "adapted"),
        ("numpy-base>=1.19,<2", ["numpy>=1.19,<2"], "adapted"),
        ("tensorflow-mkl=2.3", ["tensorflow=2.3"], "adapted"),
        ("conda-forge::keras-base", ["conda-forge::keras"], "adapted"),
        ("anaconda=2020.11", [], "degraded"),
        ("_tflow_select=2.3.0=mkl", [], "none"),
        ("_libgcc_mutex=0.1=main", [], "none"),
        ("cupti=10.1", [], "adapted"),
        ("__glibc>=2.17", [], "none"),
        ("__of_next_year", [], "none"),
        ("icc_rt", [], "adapted"),
        ("cpuonly", [], "adapted"),
        ("pytorch-cuda=11.7", [], "adapted"),
        ("torchtriton", [], "adapted"),
        ("numpy=1.21.2", ["numpy=1.21.2"], ""),
        ("intel::numpy-base", ["intel::numpy-base"], ""),
        ("in-house", ["in-house"], ""),
    ],
)
def test_what_becomes_of_a_name(text: str, after: list[str], effect: str) -> None:
    spec, changes = replace_lacking(spec_of(text), DEFAULT)
    assert [rendered(item) for item in spec.conda] == after
    assert [(c.code, c.effect.value) for c in changes] == (
        [("rewrite/not-on-conda-forge", effect)] if effect else []
    )
    assert all(change.origin == SPOT for change in changes)
    assert replace_lacking(spec, DEFAULT) == (spec, ())


def test_the_changes_say_why() -> None:
    _, changes = replace_lacking(spec_of("numpy-base=1.21", "anaconda"), DEFAULT)
    assert [(change.message, change.after) for change in changes] == [
        ("numpy-base is a licensed channel's; conda-forge has it as numpy", "numpy=1.21"),
        (
            (
                "the conda package anaconda is left out: it stands for hundreds of packages of Anaconda's licensed"
                " distribution; what the model needs has to be named"
            ),
            "",
        ),
    ]


@pytest.mark.parametrize(
    ("texts", "after"),
    [
        (("numpy=1.21=py39h20f_0", "numpy-base=1.21=py39h79a_0"), ["numpy==1.21=py39h20f_0"]),
        (("numpy=1.20", "numpy-base=1.21"), ["numpy=1.20", "numpy=1.21"]),
    ],
)
def test_what_stands_there_by_its_new_name_already_is_asked_for_once(
    texts: tuple[str, ...], after: list[str]
) -> None:
    spec, changes = replace_lacking(spec_of(*texts, channels=("in-house",)), DEFAULT)
    assert [rendered(item) for item in spec.conda] == after
    assert len(changes) == 1


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("pytorch-cuda=11.7", ("pytorch", "nvidia", "conda-forge")),
        ("cpuonly", ("https://conda.anaconda.org/pytorch", "defaults")),
        ("numpy-base", ("intel",)),
        ("_libgcc_mutex=0.1", ("conda-forge",)),
    ],
)
def test_what_another_channel_of_the_file_has_is_left_alone(text: str, channels: tuple[str, ...]) -> None:
    spec = spec_of(text, channels=channels)
    assert replace_lacking(spec, DEFAULT) == (spec, ())


def test_what_only_the_index_has_comes_from_there() -> None:
    spec, (change,) = replace_lacking(spec_of("numpy", "py-mxnet=1.5.0"), DEFAULT)
    assert [item.name for item in spec.conda] == ["numpy"]
    assert [item.text for item in spec.pypi] == ["mxnet==1.5.0"]
    assert (change.code, change.effect.value) == ("rewrite/conda-package", "adapted")


def test_the_policy_s_names_hold_here_too() -> None:
    policy = Policy(names=(("In-House", "our-dist"), ("vim", "")))
    spec, changes = replace_lacking(spec_of("in-house=1.2", "vim", "numpy"), policy)
    assert [item.name for item in spec.conda] == ["numpy"]
    assert [item.text for item in spec.pypi] == ["our-dist==1.2.*"]
    assert [change.code for change in changes] == ["rewrite/conda-package", "rewrite/conda-only"]


@pytest.mark.parametrize(
    ("text", "channels", "after"),
    [
        ("blas=1.0=mkl", ("defaults",), "blas[build=*mkl]"),
        ("blas[build=openblas]", ("defaults",), "blas[build=*openblas]"),
        ("blas=*=*mkl", ("defaults",), "blas[build=*mkl]"),
        ("blas=1.0", ("defaults",), "blas"),
        ("defaults::blas=1.0=mkl", ("conda-forge",), "defaults::blas[build=*mkl]"),
        ("blas=2.116=mkl", ("conda-forge",), "blas==2.116=mkl"),
        ("numpy=1.0=mkl", ("defaults",), "numpy==1.0=mkl"),
    ],
)
def test_of_blas_the_choice_of_a_library_stays(text: str, channels: tuple[str, ...], after: str) -> None:
    spec, changes = keep_blas(spec_of(text, channels=channels), DEFAULT)
    assert rendered(spec.conda[0]) == after
    assert bool(changes) == (spec != spec_of(text, channels=channels))
    assert keep_blas(spec, DEFAULT) == (spec, ())


def test_the_table_agrees_with_itself() -> None:
    for name, answer in lacking().items():
        if isinstance(answer, Renamed):
            assert answer.name not in lacking()
            assert type(table()[name]) is type(table()[answer.name])
            assert table()[name] == table()[answer.name] or isinstance(table()[name], Absent)
        if isinstance(answer, Dropped):
            assert isinstance(table()[name], Absent)
        if isinstance(answer, OnIndex):
            assert isinstance(table()[name], Distribution)
    licensed = {name for name, answer in lacking().items() if isinstance(answer, Dropped) and answer.licensed}
    for names in elsewhere().values():
        assert names <= lacking().keys() - licensed


@needs_names
def test_conda_forge_lacks_these_names_and_has_what_takes_their_place() -> None:
    forge = json.loads(MAPPING.read_text("utf-8"))
    for name, answer in lacking().items():
        licensed = isinstance(answer, Dropped) and answer.licensed
        assert (name in forge) == licensed, name
        if isinstance(answer, Renamed):
            assert answer.name in forge


@needs_names
def test_what_only_a_conda_environment_has_is_on_conda_forge() -> None:
    forge = json.loads(MAPPING.read_text("utf-8"))
    programs = {name for name, answer in table().items() if isinstance(answer, Absent) and answer.of_conda}
    assert CondaName("openjdk") in programs
    assert {name for name in programs if name not in forge} == {"ninja-base", "redis"}  # by other names
