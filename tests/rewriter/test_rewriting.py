"""The rewrite stage as a whole: what comes out of specs that are built by hand."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from envbuilder.codes import catalogue
from envbuilder.errors import PolicyError
from envbuilder.findings import Fidelity, Origin, fidelity_of
from envbuilder.policy import Policy
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.rewriter import channels, forge, located, matchspecs, repairs, translation, undeclared
from envbuilder.rewriter.matchspecs import rendered
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.spec import (
    Channel,
    CondaRequirement,
    EnvSpec,
    Flavor,
    Provenance,
    PypiName,
    PypiRequirement,
    PythonRequest,
)

SPOT = Origin(file="conda.yaml", line=7, column=5)


def spec_of(*conda: CondaRequirement, channels: tuple[str, ...] = ("defaults",)) -> EnvSpec:
    return EnvSpec(
        python=(PythonRequest(text="3.8.8", origin=SPOT),),
        pypi=(PypiRequirement(name=PypiName("mlflow"), origin=SPOT),),
        conda=conda,
        channels=tuple(Channel(text=text, origin=SPOT) for text in channels),
        provenance=Provenance(model="m"),
        conda_file="conda.yaml",
    )


def conda(text: str) -> CondaRequirement:
    return read_matchspec(text, SPOT)


def test_conda_packages_become_requirements_or_go_with_a_reason() -> None:
    spec = spec_of(
        conda("pytorch=1.9.0=py3.8_cuda10.2_cudnn7.6.5_0"),
        conda("openssl=1.1.1l"),
        conda("_libgcc_mutex=0.1"),
        conda("openjdk"),
        conda("defaults::numpy>=1.19,<2"),
    )
    result = rewrite(spec)
    assert result.spec.conda == ()
    assert [r.text for r in result.spec.pypi] == ["mlflow", "torch==1.9.0", "numpy>=1.19,<2"]
    assert [(c.code, c.effect.value) for c in result.changes] == [
        ("rewrite/build-string", "adapted"),
        ("channel/restricted", "adapted"),
        ("channel/restricted", "adapted"),
        ("channel/implicit-defaults", "none"),
        ("rewrite/conda-package", "adapted"),
        ("rewrite/conda-only", "adapted"),
        ("rewrite/conda-only", "none"),
        ("rewrite/conda-only", "degraded"),
        ("rewrite/conda-package", "adapted"),
    ]


def test_for_a_conda_environment_they_stay_and_channels_builds_and_pip_lines_are_mended() -> None:
    spec = spec_of(
        conda("pytorch=1.9.0=py3.8_cuda10.2_cudnn7.6.5_0"),
        conda("openjdk"),
        conda("defaults::numpy>=1.19,<2"),
        conda("scikit-learn=0.24"),
    )
    sklearn = PypiRequirement(name=PypiName("sklearn"), origin=SPOT)
    python = PythonRequest(text="3.8.8", build="hdb3f193_5", origin=SPOT)
    torch = Flavor(name="pytorch", library_version="1.9.0", origin=SPOT)
    spec = replace(spec, pypi=(*spec.pypi, sklearn), python=(python,), flavors=(torch,))
    result = rewrite(spec, conda=True)
    assert [rendered(item) for item in result.spec.conda] == [
        "pytorch==1.9.0", "openjdk", "conda-forge::numpy>=1.19,<2", "scikit-learn=0.24"
    ]  # fmt: skip
    assert [r.text for r in result.spec.pypi] == ["mlflow"]
    assert [channel.text for channel in result.spec.channels] == ["conda-forge", "nodefaults"]
    assert result.spec.python[0].build == ""
    assert [(c.code, c.effect.value) for c in result.changes] == [
        ("rewrite/python-build", "adapted"),
        ("rewrite/build-string", "adapted"),
        ("channel/restricted", "adapted"),
        ("channel/restricted", "adapted"),
        ("channel/implicit-defaults", "none"),
        ("pin/dummy-package", "adapted"),
    ]
    again = rewrite(result.spec, conda=True)
    assert (again.spec, again.changes) == (result.spec, ())
    assert result.spec_id != rewrite(spec).spec_id


def test_a_conda_environment_keeps_the_builds_of_free_channels_but_python_s_and_has_a_channel_in_any_case() -> (
    None
):
    built = PythonRequest(text="3.9.7", build="hb7a2778_3_cpython", origin=SPOT)
    spec = replace(spec_of(conda("numpy=1.21.2=py39hdbf815f_0"), channels=("conda-forge",)), python=(built,))
    found = rewrite(spec, conda=True).spec
    assert found.python == (replace(built, build=""),)
    (change,) = (c for c in rewrite(spec, conda=True).changes if c.code == "rewrite/python-build")
    assert change.message == "python is asked for by its version; any build of 3.9.7 will do"
    assert rendered(found.conda[0]) == "numpy==1.21.2=py39hdbf815f_0"
    assert rewrite(spec).spec.python == found.python
    bare = rewrite(replace(spec_of(channels=()), conda_file=None), conda=True)
    assert [channel.text for channel in bare.spec.channels] == ["conda-forge", "nodefaults"]
    assert {change.effect.value for change in bare.changes} == {"none"}


def test_nobody_guesses_a_name_and_the_policy_decides_it() -> None:
    spec = spec_of(conda("in-house=1.2"))
    assert rewrite(spec).spec.conda == spec.conda
    named = rewrite(spec, policy=Policy(names=(("in-house", "In_House[fast]"),)))
    assert [r.text for r in named.spec.pypi] == ["mlflow", "in-house[fast]==1.2.*"]
    dropped = rewrite(spec, policy=Policy(names=(("in-house", ""),)))
    assert dropped.spec.conda == ()
    assert fidelity_of(dropped.changes) is Fidelity.DEGRADED


def test_strict_allows_no_substitution_and_lists_them() -> None:
    with pytest.raises(PolicyError) as caught:
        rewrite(spec_of(conda("pytorch=1.9.0")), strict=True)
    assert caught.value.code == "policy/strict"
    moved = "the conda package pytorch comes from the package index, as torch==1.9.0"
    assert str(caught.value).splitlines() == [
        "policy/strict: conda.yaml:7:5 2 substitutions would be needed, and none is allowed",
        "  conda.yaml:7:5: conda-forge takes the place of the licensed channel defaults (channel/restricted)",
        f"  conda.yaml:7:5: {moved} (rewrite/conda-package)",
        "hint: leave out --strict, or mend the model's files (`envbuilder rewrite` shows how)",
    ]


def test_strict_lets_pass_what_only_restates() -> None:
    assert rewrite(spec_of(channels=("conda-forge",)), strict=True).changes


def test_every_code_is_in_the_catalogue() -> None:
    modules = (channels, forge, located, matchspecs, repairs, translation, undeclared)
    codes = {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, str) and re.fullmatch(r"[a-z]+/[a-z-]+", value)
    }
    assert codes | {"policy/strict"} <= set(catalogue())
    assert len(codes) == 16
