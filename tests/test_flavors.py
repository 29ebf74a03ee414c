from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.findings import Origin
from envbuilder.flavors import LIBRARIES, distribution_of, imports_of
from envbuilder.spec import Flavor


def flavor(name: str, loader: str = "") -> Flavor:
    return Flavor(name=name, loader_module=loader, origin=Origin(file="MLmodel", line=1))


def test_a_plain_sklearn_model() -> None:
    flavors = (flavor("python_function", "mlflow.sklearn"), flavor("sklearn"))
    assert imports_of(flavors) == ("mlflow.pyfunc", "mlflow.sklearn", "sklearn")


def test_a_module_is_named_once() -> None:
    assert imports_of((flavor("sklearn"), flavor("sklearn"))) == ("sklearn",)


@pytest.mark.parametrize(
    "loader",
    [
        "my_code.loader",
        "azureml.evaluate.mlflow.hftransformers",
        "mlflow_evil",
        "mlflow.x; import os",
        "mlflow.",
        "mlflow..sklearn",
        "mlflow.sklearn\n",
        "mlflow.sklé",
        "mlflow." + "a" * 200,
    ],
)
def test_a_loader_that_is_not_of_mlflow_is_never_imported(loader: str) -> None:
    assert imports_of((flavor("python_function", loader),)) == ("mlflow.pyfunc",)


def test_no_flavor_proves_nothing() -> None:
    assert imports_of(()) == ()
    assert imports_of((flavor("crate"),)) == ()


@pytest.mark.parametrize(
    ("name", "distribution"),
    [("sklearn", "scikit-learn"), ("pytorch", "torch"), ("gluon", "mxnet"), ("keras", "keras")],
)
def test_the_distribution_of_a_flavor(name: str, distribution: str) -> None:
    assert distribution_of(flavor(name)) == distribution


def test_a_flavor_of_nobody_has_no_distribution() -> None:
    assert distribution_of(flavor("python_function")) is None


def test_models_without_a_module_keras_pass() -> None:
    assert imports_of((flavor("keras"),)) == ()


@given(st.text(max_size=40), st.text(max_size=40))
def test_every_import_is_a_dotted_name(name: str, loader: str) -> None:
    for module in imports_of((flavor(name, loader), flavor("python_function", f"mlflow.{loader}"))):
        assert all(part.isidentifier() and part.isascii() for part in module.split("."))


def test_every_distribution_is_normalised() -> None:
    for library in LIBRARIES.values():
        assert library.distribution == library.distribution.lower().replace("_", "-")
