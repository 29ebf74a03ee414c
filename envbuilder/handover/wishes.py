"""What MLflow reads of a model's environment files when it looks for a ready environment.

The rules are those of MLflow's ``_PythonEnv`` and its requirements parser (1.26 to 3.x), not of our own reader:
only what MLflow makes of the files leads to the name that MLflow looks for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from envbuilder.findings import Origin
from envbuilder.flavors import PYTHON_FUNCTION
from envbuilder.handover.errors import HandoverError
from envbuilder.reader import limits, mlmodel
from envbuilder.reader.directory import Directory, inner_path
from envbuilder.reader.gather import Missing
from envbuilder.reader.model import PYTHON_ENV, REQUIREMENTS
from envbuilder.reader.reading import Reading
from envbuilder.reader.safeyaml import Items, Mapping, Node, Scalar, is_absent, read_mapping
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from envbuilder.handover.release import Release

CONDA_FILE = "conda.yaml"

_SPEC = re.compile(r"(python|pip|setuptools|wheel)(<|>|<=|>=|=|==|!=)?([\d.]+)?")
_NUMBER = re.compile(r"[-+]?[\d_]*\.?[\d_]*(?:[eE][-+]?\d+)?|0[xob][\da-fA-F_]+")
"""What YAML 1.1 takes for a number and MLflow then refuses, as far as versions can look so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wished:
    """What MLflow reads: None where a file has no such key."""

    python: str | None
    build: tuple[str, ...] | None
    dependencies: tuple[str, ...] | None


def read_wishes(directory: Directory, release: Release) -> Wished:
    """Read what a release of MLflow reads. Raises HandoverError ``handover/unnamed`` where MLflow itself fails."""
    python_env, conda = _names(directory, release)
    try:
        return _python_env(_mapping(directory, python_env))
    except Missing:
        pass
    try:
        found = _conda(_mapping(directory, conda))
    except Missing:
        unnamed(f"it looks for {conda}, and that is not there")
    if found.python is None and release.number < (2, 0):
        unnamed("its conda file names no Python, and MLflow before 2.0 stops there")
    if directory.has(REQUIREMENTS):
        return Wished(python=found.python, build=found.build, dependencies=(f"-r {REQUIREMENTS}",))
    return found


def unnamed(why: str) -> NoReturn:
    """Raise for a model that MLflow cannot find an environment of."""
    raise HandoverError(
        f"MLflow cannot look for this model's environment: {why}",
        code="handover/unnamed",
        hint="`envbuilder run MODEL -- mlflow models serve --env-manager local` needs no name",
    )


def _names(directory: Directory, release: Release) -> tuple[str, str]:
    """Return the paths of both environment files. Before MLflow 2.0 MLmodel was not asked for them."""
    if release.number < (2, 0):
        return PYTHON_ENV, CONDA_FILE
    node: Node | None = _mapping(directory, mlmodel.PATH, limits.MLMODEL_BYTES, limits.MLMODEL_NODES)
    for key in ("flavors", PYTHON_FUNCTION, "env"):
        node = node.get(key) if isinstance(node, Mapping) else None
    if isinstance(node, Mapping):
        virtualenv, conda = (node.get(key) for key in ("virtualenv", "conda"))
        if not isinstance(virtualenv, Scalar) or not isinstance(conda, Scalar):
            unnamed("its MLmodel names only one of the two environment files")
        return inner_path(virtualenv.value, virtualenv.origin), inner_path(conda.value, conda.origin)
    return PYTHON_ENV, inner_path(node.value, node.origin) if isinstance(node, Scalar) else CONDA_FILE


def _mapping(
    directory: Directory,
    path: str,
    size: int = limits.ENVIRONMENT_FILE_BYTES,
    nodes: int = limits.ENVIRONMENT_NODES,
) -> Mapping:
    source = directory.read(path, limit=size)
    return read_mapping(source.content.decode("utf-8", "replace"), path, max_nodes=nodes)


def _python_env(root: Mapping) -> Wished:
    known = {"python", "build_dependencies", "dependencies"}
    if odd := next((key.value for key, _ in root.pairs if key.value not in known), None):
        unnamed(f"its python_env.yaml has a key {excerpt(odd)!r}")
    python = root.get("python")
    return Wished(
        python=_text(python) if python else None,
        build=_texts(root.get("build_dependencies")),
        dependencies=_texts(root.get("dependencies")),
    )


def _texts(node: Node | None) -> tuple[str, ...] | None:
    if node is None:
        return None
    if not isinstance(node, Items):
        unnamed("its dependencies are no list")
    return tuple(_text(item) for item in node.items)


def _text(node: Node) -> str:
    if not isinstance(node, Scalar) or is_absent(node) or (node.plain and _NUMBER.fullmatch(node.value)):
        unnamed(f"it reads a number or nothing at {node.origin}, where it wants text")
    return node.value


def _conda(root: Mapping) -> Wished:
    """Read a conda file with MLflow's one expression: of conda's packages only these four are seen."""
    python: str | None = None
    build: list[str] | None = None
    dependencies: tuple[str, ...] | None = None
    listed = root.get("dependencies")
    for item in listed.items if isinstance(listed, Items) else ():
        if isinstance(item, Mapping):
            dependencies = _texts(item.get("pip"))
            continue
        found = _SPEC.fullmatch(_text(item))
        if found is None:
            continue
        name, operator, version = found.groups()
        if name == "python" and not python:
            python = _pinned(operator, version)
            continue
        build = build or []
        build.append(name + ("==" if operator == "=" else operator or "") + (version or ""))
    return Wished(python=python, build=None if build is None else tuple(build), dependencies=dependencies)


def _pinned(operator: str | None, version: str | None) -> str | None:
    if operator in (None, "<", ">", "!="):
        unnamed("its conda file does not pin the Python")
    return version


def requirement_lines(
    lines: Iterable[str], reading: Reading, base: str = "", *, constraint: bool = False
) -> Iterator[tuple[str, bool]]:
    """Yield the lines that requirements come down to, with those of the files they name; whether of constraints.

    Raises HandoverError, Refusal: also for files that name each other without end.
    """
    for line in _joined(lines):
        option, _, path = line.partition(" ")
        if path and option in ("-r", "--requirement", "-c", "--constraint"):
            named = inner_path(path.strip(), base=base)
            reading.count_include(Origin(file=named))
            try:
                content = reading.directory.read(named).content
            except Missing:
                unnamed(f"{excerpt(named)} is not there")
            yield from requirement_lines(
                content.decode("utf-8", "replace").splitlines(), reading, named.rpartition("/")[0],
                constraint=option.lstrip("-").startswith("c"),
            )  # fmt: skip
        else:
            yield line, constraint


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines without comments, those that end with a backslash joined with the next."""
    pending = ""
    for raw in lines:
        line = raw.strip()
        if " #" in line:
            line = line[: line.index(" #")].rstrip()
        if line.endswith("\\"):
            pending += line.rstrip("\\")
            continue
        yield from _kept(pending + line)
        pending = ""
    yield from _kept(pending)


def _kept(line: str) -> tuple[str, ...]:
    return (line,) if line and not line.startswith("#") else ()
