"""What a diagnosis judges by: the model's files, and what its environment has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.findings import Origin
from envbuilder.flavors import LIBRARIES, PYTHON_FUNCTION
from envbuilder.predictions.providers import installed
from envbuilder.reader import limits, mlmodel
from envbuilder.reader.directory import Directory
from envbuilder.reader.model import REQUIREMENTS, read_model
from envbuilder.reader.reading import Reading
from envbuilder.reader.safeyaml import Mapping as Node
from envbuilder.reader.safeyaml import Scalar, read_mapping
from envbuilder.redact import excerpt
from envbuilder.spec import PypiName

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from envbuilder.environment import Environment
    from envbuilder.spec import CondaRequirement, EnvSpec, PypiRequirement

CLOUDPICKLE = PypiName("cloudpickle")
MLFLOW = PypiName("mlflow")


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A library that MLmodel says the model was made with."""

    name: PypiName
    version: str
    origin: Origin


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """A model and its environment, side by side."""

    spec: EnvSpec
    made_with: tuple[Made, ...]
    made_by_python: str
    """The version of the Python that logged the model; empty if MLmodel does not say."""
    versions: Mapping[PypiName, str]
    """What is installed."""
    site: Path
    python_version: str

    @property
    def mlflow_version(self) -> str:
        """The version of MLflow in the environment; empty without one."""
        return self.versions.get(mlflow_in(self.versions), "")

    def origin_of(self, name: str) -> Origin:
        """Return the line that asks for a package; the file where it would stand if none does."""
        return next((wish.origin for wish in self._wishes if wish.name == name), self.requirements_file)

    def asks_for(self, name: str) -> bool:
        """Whether the model's files name a package."""
        return any(wish.name == name for wish in self._wishes)

    @property
    def _wishes(self) -> tuple[PypiRequirement | CondaRequirement, ...]:
        return (*self.spec.pypi, *self.spec.conda)

    @property
    def requirements_file(self) -> Origin:
        """The file that a missing requirement belongs into."""
        files = {file.path for file in self.spec.provenance.files}
        chosen = REQUIREMENTS if REQUIREMENTS in files else self.spec.conda_file or REQUIREMENTS
        return Origin(file=chosen)

    def made_version(self, name: str) -> str:
        """Return the version of a library that the model was made with, as far as it is known; else empty."""
        told = next((made.version for made in self.made_with if made.name == name), "")
        pins = (wish.pinned for wish in self.spec.pypi if wish.name == name)
        return told or next((pin for pin in pins if pin), "")


def mlflow_in(versions: Mapping[PypiName, str]) -> PypiName:
    """Return the distribution that an environment has MLflow of."""
    skinny = PypiName("mlflow-skinny")
    return skinny if skinny in versions and MLFLOW not in versions else MLFLOW


def gather(model: Path, environment: Environment) -> Evidence:
    """Look at a model's files and at the names in its environment. Raises InputRefused, EnvbuilderError."""
    spec = read_model(model)
    sites = sorted(environment.prefix.glob("lib/python*/site-packages"))
    site = sites[0] if sites else environment.prefix
    versions = installed(site)
    return Evidence(
        spec=spec,
        made_with=(*_libraries(spec), *_cloudpickle(model), *_mlflow(spec, mlflow_in(versions))),
        made_by_python=next((wish.text for wish in spec.python if wish.origin.file == mlmodel.PATH), ""),
        versions=versions,
        site=site,
        python_version=environment.python_version,
    )


def _libraries(spec: EnvSpec) -> tuple[Made, ...]:
    return tuple(
        Made(name=LIBRARIES[flavor.name].distribution, version=flavor.library_version, origin=flavor.origin)
        for flavor in spec.flavors
        if flavor.library_version and flavor.name in LIBRARIES
    )


def _mlflow(spec: EnvSpec, name: PypiName) -> tuple[Made, ...]:
    version = spec.provenance.mlflow_version
    return (Made(name=name, version=version, origin=Origin(file=mlmodel.PATH)),) if version else ()


def _cloudpickle(model: Path) -> tuple[Made, ...]:
    with Directory(model) as directory:
        text = Reading(directory).text(mlmodel.PATH, limit=limits.MLMODEL_BYTES)
    node: object = read_mapping(text, mlmodel.PATH, max_nodes=limits.MLMODEL_NODES)
    for key in ("flavors", PYTHON_FUNCTION, "cloudpickle_version"):
        node = node.get(key) if isinstance(node, Node) else None
    if not isinstance(node, Scalar):
        return ()
    return (Made(name=CLOUDPICKLE, version=excerpt(node.value), origin=node.origin),)
