"""How MLflow reads a model's environment files: its own rules, faults included."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import Any

import yaml

from envbuilder.errors import EnvbuilderError
from envbuilder.reader.directory import Directory, inner_path
from envbuilder.redact import excerpt

RUNNING_PYTHON = ".".join(str(part) for part in sys.version_info[:3])
"""What MLflow takes where no file names a Python: the version that it runs with itself."""

CONDA_ITEM = re.compile(
    r"(?P<package>python|pip|setuptools|wheel)(?P<operator><=|>=|==|!=|<|>|=)?(?P<version>[\d.]+)?"
)
"""The conda dependencies that MLflow's managers understand; everything else is dropped."""


class PeerError(EnvbuilderError):
    """MLflow could not go on."""

    default_code = "mlflow/failed"


@dataclass(frozen=True, kw_only=True, slots=True)
class PythonEnv:
    """MLflow's own reading of a model (its ``_PythonEnv``)."""

    python: str
    build_dependencies: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()


def read_python_env(model: Directory) -> PythonEnv:
    """Read a model as MLflow does. Raises PeerError where MLflow raises something, Refusal or Missing."""
    env = _pyfunc(_mapping(model, "MLmodel")).get("env") or "conda.yaml"
    try:
        file = env["virtualenv"] if isinstance(env, dict) else "python_env.yaml"
        conda = env["conda"] if isinstance(env, dict) else env
    except KeyError as error:
        raise PeerError(f"MLmodel's env has no key {error}", code="mlflow/key-error") from None
    if model.has(_text(file)):
        return _from_python_env(_mapping(model, _text(file)))
    found = _from_conda(_mapping(model, _text(conda)))
    if model.has("requirements.txt"):
        return PythonEnv(
            python=found.python,
            build_dependencies=found.build_dependencies,
            dependencies=("-r requirements.txt",),
        )
    return found


def _pyfunc(mlmodel: dict[str, Any]) -> dict[str, Any]:
    flavors = mlmodel.get("flavors")
    pyfunc = flavors.get("python_function") if isinstance(flavors, dict) else None
    if not isinstance(pyfunc, dict):
        raise PeerError("no python_function flavor: no backend of MLflow's", code="mlflow/no-flavor")
    return pyfunc


def _mapping(model: Directory, path: str) -> dict[str, Any]:
    try:
        loaded = yaml.safe_load(model.read(inner_path(path)).content)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise PeerError(f"{path}: {excerpt(str(error))}", code="mlflow/yaml") from None
    if not isinstance(loaded, dict):
        raise PeerError(f"{path} is no mapping", code="mlflow/yaml")
    return loaded


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise PeerError(f"{value!r} is {type(value).__name__}, not a string", code="mlflow/type-error")
    return value


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise PeerError(f"{value!r} is {type(value).__name__}, not a list", code="mlflow/type-error")
    return tuple(_text(item) for item in value)


def _from_python_env(loaded: dict[str, Any]) -> PythonEnv:
    if unknown := loaded.keys() - {"python", "build_dependencies", "dependencies"}:
        raise PeerError(f"unknown keys {sorted(map(str, unknown))}", code="mlflow/type-error")
    return PythonEnv(
        python=_text(loaded.get("python") or RUNNING_PYTHON),
        build_dependencies=_texts(loaded.get("build_dependencies") or []),
        dependencies=_texts(loaded.get("dependencies") or []),
    )


def _from_conda(loaded: dict[str, Any]) -> PythonEnv:
    python = ""
    build: list[str] = []
    dependencies: tuple[str, ...] = ()
    for item in loaded.get("dependencies") or []:
        if isinstance(item, dict) and "pip" in item:
            dependencies = _texts(item["pip"] or [])
            continue
        match = CONDA_ITEM.fullmatch(_text(item))
        if match is None:
            continue
        package, operator, version = match.group("package", "operator", "version")
        if package == "python" and not python:
            if operator in (None, "<", ">", "!="):
                raise PeerError(f"python must be pinned, not {item!r}", code="mlflow/python")
            python = version or ""
        else:
            operator = "==" if operator == "=" else operator
            build.append(f"{package}{operator or ''}{version or ''}")
    return PythonEnv(
        python=python or RUNNING_PYTHON, build_dependencies=tuple(build), dependencies=dependencies
    )
