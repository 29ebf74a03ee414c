"""The key of a spec: what changes it, what does not, and what it has always been."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envbuilder.findings import Origin
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.reader.pep508 import name_of, requirement, split_extras
from envbuilder.redact import SafeUrl
from envbuilder.rewriter.identity import canonical_specifier, spec_id_of
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.spec import (
    Channel,
    CondaRequirement,
    DirectReference,
    EnvSpec,
    Flavor,
    Option,
    Provenance,
    PypiName,
    PypiRequirement,
    PythonRequest,
    ReferenceKind,
)

GOLDEN = Path(__file__).parent / "golden" / "spec_ids.json"
SPOT = Origin(file="conda.yaml", line=7, column=5)
ELSEWHERE = Origin(file="requirements.txt", line=99)


def pip(text: str, origin: Origin = SPOT) -> PypiRequirement:
    name, rest = name_of(text, origin)
    extras, rest = split_extras(rest, origin)
    return requirement(name, extras, rest, origin)


def wheel(path: str, digest: str = "sha256:" + "0" * 64) -> DirectReference:
    return DirectReference(
        name=PypiName("x"), kind=ReferenceKind.PATH, url=SafeUrl(path), digest=digest, origin=SPOT
    )


BASE = EnvSpec(
    python=(PythonRequest(text="3.8.8", origin=SPOT), PythonRequest(text="3.7", origin=ELSEWHERE)),
    seeds=(pip("pip<=21.0.1"), pip("setuptools")),
    pypi=(pip("mlflow"), pip("scikit-learn==0.23.2"), pip("torch[a,b]>=1.9,<2 ; python_version < '3.9'")),
    constraints=(pip("numpy<1.24"),),
    conda=(read_matchspec("in-house=1.2=py_0", SPOT), read_matchspec("conda-forge::other", SPOT)),
    direct=(wheel("code/x-1.0-py3-none-any.whl"),),
    options=(Option(name="--pre", value="", origin=SPOT),),
    channels=(Channel(text="conda-forge", origin=SPOT), Channel(text="nodefaults", origin=SPOT)),
    provenance=Provenance(model="m", mlflow_version="1.14.0"),
)

SAME: dict[str, EnvSpec] = {
    "order": replace(
        BASE, pypi=BASE.pypi[::-1], conda=BASE.conda[::-1], seeds=BASE.seeds[::-1], direct=BASE.direct * 2
    ),
    "places": replace(BASE, pypi=tuple(replace(item, origin=ELSEWHERE) for item in BASE.pypi)),
    "spelling": replace(
        BASE,
        pypi=(
            pip("MLflow"),
            pip("Scikit_Learn == 0.23.2.0"),
            pip('torch[B,a]<2.0, >=1.9.0;python_version<"3.9"'),
        ),
    ),
    "provenance": replace(BASE, provenance=Provenance(model="n", mlflow_version="2.0.0", run_id="r")),
    "places of options": replace(
        BASE, options=(*BASE.options, Option(name="--index-url", value="https://example.org", origin=SPOT))
    ),
    "a python that is overruled": replace(BASE, python=BASE.python[:1]),
    "spelling of python": replace(BASE, python=(PythonRequest(text="==3.8.8", origin=SPOT),)),
    "spelling of channels": replace(
        BASE,
        channels=(Channel(text="https://conda.anaconda.org/Conda-Forge/"), Channel(text="NoDefaults")),
    ),
    "where the model keeps a wheel": replace(BASE, direct=(wheel("wheels/x-1.0-py3-none-any.whl"),)),
    "flavors": replace(BASE, flavors=(Flavor(name="sklearn", origin=SPOT),)),
}

OTHER: dict[str, EnvSpec] = {
    "base": BASE,
    "python": replace(BASE, python=(PythonRequest(text="3.8.9", origin=SPOT),)),
    "no python": replace(BASE, python=()),
    "version": replace(BASE, pypi=(*BASE.pypi[:1], pip("scikit-learn==0.24.2"), *BASE.pypi[2:])),
    "arbitrary equality": replace(BASE, pypi=(*BASE.pypi[:1], pip("scikit-learn===0.23.2"), *BASE.pypi[2:])),
    "prefix": replace(BASE, pypi=(*BASE.pypi[:1], pip("scikit-learn==0.23.*"), *BASE.pypi[2:])),
    "compatible": replace(BASE, pypi=(*BASE.pypi[:1], pip("scikit-learn~=0.23.0"), *BASE.pypi[2:])),
    "compatible shorter": replace(BASE, pypi=(*BASE.pypi[:1], pip("scikit-learn~=0.23"), *BASE.pypi[2:])),
    "one less": replace(BASE, pypi=BASE.pypi[1:]),
    "extras": replace(BASE, pypi=(*BASE.pypi[:2], pip("torch[a]>=1.9,<2 ; python_version < '3.9'"))),
    "marker": replace(BASE, pypi=(*BASE.pypi[:2], pip("torch[a,b]>=1.9,<2"))),
    "hashes": replace(BASE, pypi=(replace(BASE.pypi[0], hashes=("sha256:" + "1" * 64,)), *BASE.pypi[1:])),
    "not primary": replace(BASE, pypi=(replace(BASE.pypi[0], primary=False), *BASE.pypi[1:])),
    "seeds": replace(BASE, seeds=BASE.seeds[:1]),
    "constraints": replace(BASE, constraints=()),
    "a constraint that is a requirement": replace(BASE, constraints=(), pypi=(*BASE.pypi, pip("numpy<1.24"))),
    "conda build": replace(BASE, conda=(read_matchspec("in-house=1.2=py_1", SPOT), *BASE.conda[1:])),
    "conda channel": replace(BASE, conda=(*BASE.conda[:1], read_matchspec("bioconda::other", SPOT))),
    "order of channels": replace(BASE, channels=BASE.channels[::-1]),
    "bytes of a wheel": replace(BASE, direct=(wheel("code/x-1.0-py3-none-any.whl", "sha256:" + "2" * 64),)),
    "name of a wheel": replace(BASE, direct=(wheel("code/x-1.1-py3-none-any.whl"),)),
    "a steering option": replace(BASE, options=()),
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_wish_has_the_same_key(name: str) -> None:
    assert SAME[name] != BASE
    assert spec_id_of(SAME[name]) == spec_id_of(BASE)


def test_every_other_wish_has_another_key() -> None:
    assert len({spec_id_of(spec) for spec in OTHER.values()}) == len(OTHER)


def test_credentials_are_no_part_of_it() -> None:
    def located(url: str) -> EnvSpec:
        reference = DirectReference(name=None, kind=ReferenceKind.ARCHIVE, url=SafeUrl(url), origin=SPOT)
        return replace(BASE, direct=(reference,))

    one, two = located("https://user:one@example.org/x.whl"), located("https://two@example.org/x.whl?token=3")
    assert spec_id_of(one) == spec_id_of(two) != spec_id_of(located("https://example.org/y.whl"))


def test_keys_are_what_they_have_always_been() -> None:
    """A change here makes every store forget its resolutions: raise SCHEMA and write the file anew."""
    assert {name: spec_id_of(spec) for name, spec in OTHER.items()} == json.loads(GOLDEN.read_text("utf-8"))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("== 1.0", "==1"),
        (">=1.0,<2", "<2,>=1"),
        ("==3.0.0.rc8", "==3rc8"),
        ("==1.0.*", "==1.0.*"),
        ("~=1.0", "~=1.0"),
        ("===1.0", "===1.0"),
        ("=1.0", "=1.0"),
    ],
)
def test_specifiers(text: str, canonical: str) -> None:
    assert canonical_specifier(text) == canonical


NAMES = st.sampled_from(
    ["mlflow", "sklearn", "scikit-learn", "numpy", "torch", "dataclasses", "Typing_Extensions"]
)
VERSIONS = st.sampled_from(
    ["", "==1.0", "=3.0.3", "==0.0", "==1.9.0+cu102", ">=1,<2", "==0.8", "~=1.1", "==1.*", "===2"]
)
CONDA = st.sampled_from(
    [
        "numpy=1.18", "numpy==1.18.5=py_0", "pytorch", "openssl=1.1.1l", "defaults::pandas=1", "in-house", "mkl",
        "scikit-learn=0.22.1", "typing_extensions", "numpy 1.1|1.2", "blas=*=*mkl*", "x[channel=main,md5=0]",
    ]
)  # fmt: skip
CHANNELS = st.sampled_from(["defaults", "conda-forge", "anaconda", "pytorch", "nodefaults", "pkgs/main"])


@st.composite
def specs(draw: st.DrawFn) -> EnvSpec:
    pypi = tuple(pip(draw(NAMES) + draw(VERSIONS)) for _ in range(draw(st.integers(0, 4))))
    conda: tuple[CondaRequirement, ...] = tuple(
        read_matchspec(draw(CONDA), SPOT) for _ in range(draw(st.integers(0, 4)))
    )
    channels = tuple(Channel(text=text, origin=SPOT) for text in draw(st.lists(CHANNELS, max_size=3)))
    flavors = (
        Flavor(name="python_function", loader_module="mlflow.sklearn", origin=SPOT),
        Flavor(name="sklearn", library_version=draw(st.sampled_from(["", "0.22.1"])), origin=SPOT),
    )
    return EnvSpec(
        python=(PythonRequest(text=draw(st.sampled_from(["3.8.8", "3.6", ">=3.7"])), origin=SPOT),),
        pypi=pypi, conda=conda, channels=channels, flavors=draw(st.sampled_from([(), flavors])),
        provenance=Provenance(model="m"), conda_file=draw(st.sampled_from([None, "conda.yaml"])),
    )  # fmt: skip


@settings(deadline=None)
@given(specs())
def test_rewriting_twice_changes_nothing_more(spec: EnvSpec) -> None:
    once = rewrite(spec)
    twice = rewrite(once.spec)
    assert twice.changes == ()
    assert twice.spec == once.spec
    assert twice.spec_id == once.spec_id


@settings(deadline=None)
@given(specs(), st.randoms(use_true_random=False))
def test_order_case_and_places_do_not_change_the_key(spec: EnvSpec, random: Random) -> None:
    pypi = [replace(item, origin=ELSEWHERE) for item in spec.pypi]
    random.shuffle(pypi)
    assert spec_id_of(replace(spec, pypi=tuple(pypi), conda=spec.conda[::-1])) == spec_id_of(spec)
