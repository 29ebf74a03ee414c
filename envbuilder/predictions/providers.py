"""Which distribution a module comes from: what is installed tells it, else a table. Nothing is imported."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from envbuilder.flavors import LIBRARIES
from envbuilder.spec import PypiName

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

RECORD_BYTES = 16 * 1024**2
"""Of one list of files; the largest real ones are below 4 MiB."""

_OTHER_NAMES = {
    "Crypto": "pycryptodome", "IPython": "ipython", "Levenshtein": "levenshtein", "MySQLdb": "mysqlclient",
    "OpenSSL": "pyopenssl", "PIL": "pillow", "attr": "attrs", "bs4": "beautifulsoup4", "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil", "docx": "python-docx", "dotenv": "python-dotenv", "faiss": "faiss-cpu",
    "fitz": "pymupdf", "git": "gitpython", "google.protobuf": "protobuf", "imblearn": "imbalanced-learn",
    "jose": "python-jose", "jwt": "pyjwt", "magic": "python-magic", "mpl_toolkits": "matplotlib",
    "pkg_resources": "setuptools", "psycopg2": "psycopg2-binary", "pylab": "matplotlib", "rest_framework": "djangorestframework",
    "ruamel.yaml": "ruamel-yaml", "scikitplot": "scikit-plot", "serial": "pyserial", "skimage": "scikit-image",
    "sklearn": "scikit-learn", "skopt": "scikit-optimize", "sksurv": "scikit-survival", "slugify": "python-slugify",
    "socks": "pysocks", "umap": "umap-learn", "yaml": "pyyaml", "zmq": "pyzmq",
}  # fmt: skip
"""Modules whose distribution has another name."""

_SAME_NAMES = frozenset({
    "aiohttp", "babel", "boto3", "category_encoders", "cffi", "click", "cloudpickle", "dask", "datasets", "dill",
    "distributed", "feature_engine", "flask", "fsspec", "gensim", "geopandas", "holidays", "httpx", "hyperopt",
    "interpret", "jinja2", "joblib", "jsonschema", "kneed", "lifelines", "lime", "llvmlite", "lxml", "matplotlib",
    "mlflow", "mlxtend", "networkx", "nltk", "numba", "numpy", "onnxruntime", "openpyxl", "optuna", "packaging",
    "pandas", "patsy", "peft", "plotly", "polars", "psutil", "pyarrow", "pydantic", "pyod", "pyspark", "regex",
    "requests", "rich", "scipy", "seaborn", "sentencepiece", "shapely", "six", "skops", "skorch", "sktime",
    "sqlalchemy", "statsforecast", "sympy", "tabulate", "tensorboard", "tiktoken", "tokenizers", "torchaudio",
    "torchvision", "tqdm", "tsfresh", "typing_extensions", "xlrd",
})  # fmt: skip
"""Modules that a distribution of the same name has, but for its spelling."""

_SEPARATORS = re.compile(r"[-_.]+")


def distribution_of(module: str) -> PypiName | None:
    """Return the distribution that is known to have a module, by our own table; None if it is not there."""
    parts = module.split(".")
    for name in (".".join(parts[:2]), parts[0]):
        if name in _OTHER_NAMES:
            return PypiName(_OTHER_NAMES[name])
    top = parts[0]
    for library in LIBRARIES.values():
        if top in (library.module.partition(".")[0], library.distribution):
            return library.distribution
    return PypiName(_SEPARATORS.sub("-", top)) if top in _SAME_NAMES else None


def installed(site: Path) -> Mapping[PypiName, str]:
    """Return the version of every distribution in a folder, read off ``NAME-VERSION.dist-info`` and egg-info."""
    found: dict[PypiName, str] = {}
    for path in sorted(site.glob("*.*-info")):
        name, _, version = path.stem.partition("-")
        if version:
            found[_normalised(name)] = version.partition("-py")[0]
    return found


def installed_provider(module: str, site: Path) -> PypiName | None:
    """Return the distribution in a folder that has the top-level package of a module; None if none has."""
    top = module.partition(".")[0]
    return next((name for name, tops in _tops(site) if top in tops), None)


def _tops(site: Path) -> Iterator[tuple[PypiName, frozenset[str]]]:
    for folder in sorted(site.glob("*.*-info")):
        name = _normalised(folder.name.partition("-")[0])
        try:
            with (folder / "RECORD").open("rb") as stream:
                text = stream.read(RECORD_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        yield name, frozenset(map(_top, text.splitlines()))


def _top(line: str) -> str:
    """The top-level module that a line of RECORD is of (a package's folder, or a file of its own)."""
    first = line.partition(",")[0].strip('"').partition("/")[0]
    return first.partition(".")[0]


def _normalised(name: str) -> PypiName:
    return PypiName(_SEPARATORS.sub("-", name).lower())
