"""What each locked package is to a model: its flavor's library, what it is pickled with, named, or neither."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from envbuilder.spec import EnvSpec


class Role(enum.Enum):
    """How close a package is to the model's own bytes, the closest first."""

    PYTHON = "python"
    LIBRARY = "library"
    """The library of the model's flavor."""
    PICKLED = "pickled"
    """What the model's bytes are written with, beside the library."""
    NAMED = "named"
    """A file of the model asks for it."""
    TRANSITIVE = "transitive"
    """Others need it."""
    TOOL = "tool"
    """pip, setuptools, wheel: they made the environment, and the model seldom meets them."""


TOOLS = frozenset({"pip", "setuptools", "wheel"})

_PICKLED_WITH = {
    "catboost": ("numpy",),
    "diviner": ("numpy", "pandas"),
    "fastai": ("torch", "numpy"),
    "keras": ("tensorflow", "numpy", "h5py"),
    "langchain": ("cloudpickle", "langchain-core", "pydantic"),
    "lightgbm": ("cloudpickle", "joblib", "numpy", "scikit-learn", "scipy"),
    "onnx": ("onnxruntime", "numpy", "protobuf"),
    "pmdarima": ("joblib", "numpy", "scikit-learn", "scipy", "statsmodels"),
    "prophet": ("cmdstanpy", "fbprophet", "numpy", "pandas"),
    "pytorch": ("cloudpickle", "numpy", "torchvision"),
    "shap": ("cloudpickle", "numba", "numpy", "scikit-learn"),
    "sklearn": ("cloudpickle", "joblib", "numpy", "scipy", "skops"),
    "spacy": ("numpy", "thinc"),
    "spark": ("py4j",),
    "statsmodels": ("numpy", "pandas", "patsy", "scipy"),
    "tensorflow": ("h5py", "keras", "numpy", "protobuf"),
    "transformers": ("huggingface-hub", "numpy", "safetensors", "tokenizers", "torch"),
    "sentence_transformers": ("numpy", "torch", "transformers"),
    "xgboost": ("cloudpickle", "numpy", "scikit-learn", "scipy"),
}
"""By flavor: the packages whose classes or formats are in the bytes of its models, its own library left out."""

_PYTHON_MODEL = "mlflow.pyfunc.model"
"""The loader of models that are a user's own class, written by cloudpickle."""


def roles_of(spec: EnvSpec) -> dict[str, Role]:
    """Return the role of each distribution that is more to this model than a dependency of others."""
    from envbuilder.flavors import PYTHON_FUNCTION, distribution_of  # a lock that is known needs none of it

    roles = {str(item.name): Role.NAMED for item in (*spec.seeds, *spec.pypi)}
    roles |= {str(item.name): Role.NAMED for item in spec.direct if item.name}
    for flavor in spec.flavors:
        with_it = _PICKLED_WITH.get(flavor.name, ())
        if flavor.name == PYTHON_FUNCTION and flavor.loader_module == _PYTHON_MODEL:
            with_it = ("cloudpickle",)
        roles |= dict.fromkeys(with_it, Role.PICKLED)
    libraries = {str(name) for flavor in spec.flavors if (name := distribution_of(flavor))}
    tools = dict.fromkeys(TOOLS, Role.TOOL)
    return roles | tools | dict.fromkeys(libraries, Role.LIBRARY)
