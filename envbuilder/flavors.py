"""What MLflow's flavors are made of: the module that proves an environment, and who distributes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.spec import PypiName

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.spec import Flavor

PYTHON_FUNCTION = "python_function"

_LOADER = re.compile(r"mlflow(\.[A-Za-z_][A-Za-z0-9_]*){0,7}", re.ASCII)
_LONGEST_LOADER = 120


@dataclass(frozen=True, slots=True)
class _Library:
    distribution: PypiName
    module: str = ""
    """The module to import as a proof; empty where a model may do without it."""


def _library(distribution: str, module: str | None = None) -> _Library:
    return _Library(PypiName(distribution), distribution if module is None else module)


LIBRARIES = {
    "catboost": _library("catboost"),
    "diviner": _library("diviner"),
    "dspy": _library("dspy"),
    "fastai": _library("fastai"),
    "gluon": _library("mxnet"),
    "h2o": _library("h2o"),
    "hftransformers": _library("transformers"),
    "johnsnowlabs": _library("johnsnowlabs", ""),  # its import asks for a licence
    "keras": _library("keras", ""),  # models of tensorflow.keras have no module of that name
    "langchain": _library("langchain"),
    "lightgbm": _library("lightgbm"),
    "llama_index": _library("llama-index", "llama_index.core"),
    "mlflow_sktime": _library("sktime"),
    "onnx": _library("onnx"),
    "openai": _library("openai"),
    "paddle": _library("paddlepaddle", "paddle"),
    "pmdarima": _library("pmdarima"),
    "promptflow": _library("promptflow"),
    "prophet": _library("prophet", ""),  # fbprophet before 1.0
    "pytorch": _library("torch"),
    "sentence_transformers": _library("sentence-transformers", "sentence_transformers"),
    "shap": _library("shap"),
    "sklearn": _library("scikit-learn", "sklearn"),
    "spacy": _library("spacy"),
    "spark": _library("pyspark"),
    "statsmodels": _library("statsmodels"),
    "tensorflow": _library("tensorflow"),
    "transformers": _library("transformers"),
    "xgboost": _library("xgboost"),
}
"""By the flavor's key in MLmodel. Flavors without a Python library (crate, mleap) are not here."""


def imports_of(flavors: tuple[Flavor, ...]) -> tuple[str, ...]:
    """Return the modules whose import proves that an environment can load a model of these flavors.

    The flavor's library, ``mlflow.pyfunc`` and MLflow's own loader module; never a module of the model's
    own code, which is not there, and never text that is no dotted name. Empty where no flavor is known.
    """
    return tuple(dict.fromkeys(module for flavor in flavors for module in _imports(flavor)))


def _imports(flavor: Flavor) -> Iterator[str]:
    library = LIBRARIES.get(flavor.name)
    if library and library.module:
        yield library.module
    if flavor.name == PYTHON_FUNCTION:
        yield "mlflow.pyfunc"
    if len(flavor.loader_module) <= _LONGEST_LOADER and _LOADER.fullmatch(flavor.loader_module):
        yield flavor.loader_module


def distribution_of(flavor: Flavor) -> PypiName | None:
    """Return the distribution that a flavor's models are made with, None if it has none of its own."""
    library = LIBRARIES.get(flavor.name)
    return library.distribution if library else None
