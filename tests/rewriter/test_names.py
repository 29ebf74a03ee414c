"""The table of names: against a public mapping, and against every conda name of real models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Effect
from envbuilder.policy import DEFAULT, Policy
from envbuilder.reader.model import read_model
from envbuilder.rewriter.forge import lacking
from envbuilder.rewriter.names import (
    VIRTUAL,
    Absent,
    Distribution,
    Undecided,
    answer_for,
    normalised,
    stand_ins,
    table,
)
from envbuilder.spec import CondaName, PypiName

SHARED = Path(__file__).parents[3] / "shared"
MAPPING = SHARED / "conda-data" / "mapping" / "compressed_mapping.json"

DIFFERENT_ON_PURPOSE = {
    "faiss": "the index's faiss is another build of long ago; faiss-cpu follows the releases",
    "faiss-cpu": "a metapackage for conda, a distribution on the index",
    "conda": "the index has only the 4.3 of 2017, a source distribution",
    "faiss-gpu": "a metapackage for conda, a distribution on the index",
    "flit-core": "the mapping saw a vendored tomli",
    "jaxlib": "the mapping saw a plugin",
    "mamba": "the index's mamba is an unrelated test tool",
    "mkl-service": "of no use without conda's numpy",
    "mkl_fft": "of no use without conda's numpy",
    "mkl_random": "of no use without conda's numpy",
    "modin-all": "a metapackage for what the index calls an extra",
    "modin-dask": "a metapackage for what the index calls an extra",
    "modin-ray": "a metapackage for what the index calls an extra",
    "opencv": "a metapackage; what Python imports of it is opencv-python",
    "psycopg2": "the index's psycopg2 has to be built; psycopg2-binary is the same module with its library",
    "py-xgboost-cpu": "a metapackage of py-xgboost",
    "py-xgboost-gpu": "a metapackage of py-xgboost",
    "pytorch-gpu": "a metapackage of pytorch",
    "ray-all": "a metapackage for what the index calls an extra",
    "ray-data": "a metapackage for what the index calls an extra",
    "ray-default": "a metapackage for what the index calls an extra",
    "ray-rllib": "a metapackage for what the index calls an extra",
    "ray-serve": "a metapackage for what the index calls an extra",
    "ray-train": "a metapackage for what the index calls an extra",
    "ray-tune": "a metapackage for what the index calls an extra",
    "tensorflow-cpu": "a metapackage of tensorflow",
    "tensorflow-gpu": "a metapackage of tensorflow",
    "typing-extensions": "a metapackage of typing_extensions",
    "uvicorn-standard": "a metapackage for what the index calls an extra",
}

needs_mapping = pytest.mark.skipif(not MAPPING.is_file(), reason="the mapping lies outside the repository")


@pytest.fixture(scope="module")
def mapping() -> dict[str, str | None]:
    loaded: dict[str, str | None] = json.loads(MAPPING.read_text("utf-8"))
    return loaded


def agrees(answer: Any, pypi: str | None) -> bool:
    match answer:
        case Absent():
            return pypi is None
        case Distribution(name=name):
            return pypi is not None and normalised(pypi) == name
    return False


@needs_mapping
def test_every_entry_agrees_with_the_public_mapping_or_says_why(mapping: dict[str, str | None]) -> None:
    differing = {
        name for name, answer in table().items() if name in mapping and not agrees(answer, mapping[name])
    }
    assert differing == set(DIFFERENT_ON_PURPOSE)


@needs_mapping
def test_what_becomes_of_names_that_conda_forge_lacks_is_decided(mapping: dict[str, str | None]) -> None:
    lacked = {name for name in table() if name not in mapping and not name.startswith("__")}
    assert lacked <= lacking().keys()


@pytest.mark.skipif(not (SHARED / "corpus").is_dir(), reason="the corpus lies outside the repository")
def test_every_conda_name_of_real_models_is_decided() -> None:
    undecided = set()
    for folder in (SHARED / "corpus").glob("*/*"):
        try:
            spec = read_model(folder)
        except EnvbuilderError:
            continue
        undecided |= {i.name for i in spec.conda if isinstance(answer_for(i.name, DEFAULT), Undecided)}
    # One file asks for it in jest; no channel has it.
    assert undecided == {"test4"}


@pytest.mark.parametrize(
    ("conda", "expected"),
    [
        ("pytorch", Distribution(name=PypiName("torch"))),
        ("py-xgboost", Distribution(name=PypiName("xgboost"))),
        ("pytables", Distribution(name=PypiName("tables"))),
        ("typing_extensions", Distribution(name=PypiName("typing-extensions"))),
        ("ray-tune", Distribution(name=PypiName("ray"), extras=("tune",))),
        ("py-opencv", Distribution(name=PypiName("opencv-python"), longer=True)),
        ("pywin32", Distribution(name=PypiName("pywin32"), marker="sys_platform == 'win32'")),
        ("in-house", Undecided()),
        ("__of_next_year", VIRTUAL),
    ],
)
def test_answers(conda: str, expected: object) -> None:
    assert answer_for(CondaName(conda), DEFAULT) == expected


def test_absent_packages_tell_their_effect() -> None:
    effects = {}
    for name in ("_libgcc_mutex", "openssl", "cudatoolkit", "mkl_fft", "openjdk"):
        answer = answer_for(CondaName(name), DEFAULT)
        assert isinstance(answer, Absent)
        effects[name] = answer.effect
    assert list(effects.values()) == [
        Effect.NONE,
        Effect.ADAPTED,
        Effect.ADAPTED,
        Effect.ADAPTED,
        Effect.DEGRADED,
    ]


def test_the_policy_wins_over_the_table() -> None:
    policy = Policy(names=(("PyTorch", "torch-nightly"), ("numpy", " ")))
    assert answer_for(CondaName("pytorch"), policy) == Distribution(name=PypiName("torch-nightly"))
    assert isinstance(answer_for(CondaName("numpy"), policy), Absent)
    assert isinstance(answer_for(CondaName("x"), Policy(names=(("x", "no name!"),))), Undecided)


def test_the_policy_s_names_are_part_of_its_key() -> None:
    assert Policy(names=(("a", "b"),)).resolution_key != DEFAULT.resolution_key


def test_stand_ins() -> None:
    assert "mlflow-skinny" in stand_ins(PypiName("mlflow"))
    assert stand_ins(PypiName("numpy")) == frozenset()
