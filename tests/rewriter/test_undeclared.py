"""What a model needs and no file names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from envbuilder.findings import Effect, Origin
from envbuilder.policy import DEFAULT
from envbuilder.reader.matchspec import read_matchspec
from envbuilder.rewriter.undeclared import add_libraries, add_mlflow
from envbuilder.spec import EnvSpec, Flavor, Provenance, PypiName, PypiRequirement

SPOT = Origin(file="MLmodel", line=3, column=3)


def spec_of(*names: str, loader: str = "mlflow.sklearn", version: str | None = None) -> EnvSpec:
    return EnvSpec(
        python=(),
        pypi=tuple(PypiRequirement(name=PypiName(name), origin=SPOT) for name in names),
        flavors=(
            Flavor(name="python_function", loader_module=loader, origin=SPOT),
            Flavor(name="sklearn", library_version="0.22.1", origin=SPOT),
        ),
        provenance=Provenance(model="m", mlflow_version=version),
    )


@pytest.mark.parametrize(
    ("version", "added"),
    [
        ("2.9.2", "mlflow==2.9.2"),
        (None, "mlflow"),
        ("2.0.1.dev0", "mlflow"),
        ("not a version", "mlflow"),
    ],
)
def test_mlflow_is_added_in_the_version_that_mlmodel_tells(version: str | None, added: str) -> None:
    spec, changes = add_mlflow(spec_of("scikit-learn", version=version), DEFAULT)
    assert [item.text for item in spec.pypi] == ["scikit-learn", added]
    assert [(c.code, c.effect, c.origin) for c in changes] == [
        ("rewrite/undeclared-mlflow", Effect.ADAPTED, SPOT)
    ]
    assert add_mlflow(spec, DEFAULT) == (spec, ())


@pytest.mark.parametrize(
    "spec",
    [
        spec_of("mlflow"),
        spec_of("mlflow-skinny"),
        spec_of(loader="my_own_code"),
        spec_of(loader="mlflowish"),
        replace(spec_of(), conda=(read_matchspec("mlflow", SPOT),)),
        replace(spec_of(), flavors=()),
    ],
)
def test_mlflow_is_not_added_where_it_is_named_or_not_needed(spec: EnvSpec) -> None:
    assert add_mlflow(spec, DEFAULT) == (spec, ())


def test_the_flavor_s_library_is_added() -> None:
    spec, changes = add_libraries(spec_of("mlflow"), DEFAULT)
    assert [item.text for item in spec.pypi] == ["mlflow", "scikit-learn==0.22.1"]
    assert [c.message for c in changes] == [
        "no file names scikit-learn, which the flavor sklearn is made with; scikit-learn==0.22.1 is added"
    ]
    assert add_libraries(spec, DEFAULT) == (spec, ())


def test_a_model_whose_files_name_nothing_is_degraded() -> None:
    assert [c.effect for c in add_mlflow(spec_of(), DEFAULT)[1]] == [Effect.DEGRADED]


@pytest.mark.parametrize(
    ("flavor", "named"),
    [("keras", "tensorflow"), ("tensorflow", "tensorflow-cpu"), ("prophet", "fbprophet"), ("crate", "x")],
)
def test_a_stand_in_does(flavor: str, named: str) -> None:
    spec = replace(spec_of(named), flavors=(Flavor(name=flavor, origin=SPOT),))
    assert add_libraries(spec, DEFAULT) == (spec, ())
