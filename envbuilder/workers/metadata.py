"""What is known of a loaded model: what its MLmodel file says, the same for every MLflow, and what runs it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from envbuilder.reader import limits
from envbuilder.reader.directory import Directory
from envbuilder.reader.gather import Missing
from envbuilder.reader.mlmodel import PATH, read_mlmodel
from envbuilder.reader.reading import Reading
from envbuilder.reader.safeyaml import Mapping, Node, Scalar, is_absent, read_mapping
from envbuilder.workers.errors import WorkerError

if TYPE_CHECKING:
    import datetime
    from pathlib import Path

    from envbuilder.spec import Flavor
    from envbuilder.workers.answers import Ready


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A column, a tensor or a parameter of a signature."""

    name: str | None
    """None where the signature names none: a single tensor, or an output."""
    type: str
    """MLflow's word: ``double``, ``string``, ``tensor``, ``array``, ``object`` …"""
    required: bool = True
    dtype: str = ""
    """A tensor's dtype, as numpy names it."""
    shape: tuple[int, ...] = ()
    """A tensor's or parameter's shape; -1 for any length."""
    default: str = ""
    """A parameter's default, as JSON."""
    detail: str = ""
    """The whole entry as JSON, for types that have parts."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signature:
    """What a model takes and gives."""

    inputs: tuple[Field, ...] = ()
    outputs: tuple[Field, ...] = ()
    params: tuple[Field, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """A model by its own MLmodel file; ``python`` and ``mlflow`` are what it runs in now."""

    flavors: tuple[Flavor, ...]
    mlflow_version: str | None
    """The MLflow that logged it; models before 1.25 do not say."""
    created: datetime.datetime | None
    run_id: str | None
    model_uuid: str | None
    signature: Signature | None
    python: str
    mlflow: str


def read_metadata(model: Path, ready: Ready) -> Metadata:
    """Read a model's MLmodel file. Raises WorkerError if there is none."""
    logged, root = _read(model)
    return Metadata(
        flavors=logged.flavors,
        mlflow_version=logged.mlflow_version,
        created=logged.created,
        run_id=logged.run_id,
        model_uuid=logged.model_uuid,
        signature=_signature(root.get("signature")),
        python=ready.python,
        mlflow=ready.mlflow,
    )


def require_mlmodel(model: Path) -> None:
    """Raise WorkerError if a model is made of environment files alone: there is nothing to load."""
    if not (model / PATH).is_file():
        raise WorkerError(
            "there is no MLmodel file, so there is nothing that MLflow could load",
            hint="give the folder of a logged model; `envbuilder run` takes environments without a model",
        )


def _read(model: Path) -> tuple[Any, Mapping]:
    try:
        with Directory(model) as directory:
            reading = Reading(directory)
            text = reading.text(PATH, limit=limits.MLMODEL_BYTES)
            return read_mlmodel(reading), read_mapping(text, PATH, max_nodes=limits.MLMODEL_NODES)
    except Missing:
        require_mlmodel(model)
        raise


def _signature(node: Node | None) -> Signature | None:
    if not isinstance(node, Mapping):
        return None
    inputs, outputs, params = (_fields(node.get(key)) for key in ("inputs", "outputs", "params"))
    return Signature(inputs=inputs, outputs=outputs, params=params)


def _fields(node: Node | None) -> tuple[Field, ...]:
    """Read a schema: a text of JSON inside of the YAML. What MLflow could not read is no field."""
    if not isinstance(node, Scalar) or is_absent(node):
        return ()
    try:
        found = json.loads(node.value)
    except (ValueError, RecursionError):
        return ()
    return (
        tuple(_field(entry) for entry in found if isinstance(entry, dict)) if isinstance(found, list) else ()
    )


_PLAIN_KEYS = frozenset({"name", "type", "required", "optional", "default", "shape"})


def _field(entry: dict[str, Any]) -> Field:
    tensor = entry.get("tensor-spec")
    spec = tensor if isinstance(tensor, dict) else entry
    shape = spec.get("shape")
    name, kind = entry.get("name"), entry.get("type")
    nested = kind != "tensor" and bool(entry.keys() - _PLAIN_KEYS)
    return Field(
        name=name if isinstance(name, str) else None,
        type=kind if isinstance(kind, str) else json.dumps(kind),
        required=entry.get("required") is not False and entry.get("optional") is not True,
        dtype=str(spec.get("dtype", "")) if spec is tensor else "",
        shape=tuple(n for n in shape if isinstance(n, int)) if isinstance(shape, list) else (),
        default=json.dumps(entry["default"]) if "default" in entry else "",
        detail=json.dumps(entry) if nested else "",
    )
