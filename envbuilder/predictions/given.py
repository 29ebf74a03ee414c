"""What a model is asked: a file of the user's, or the model's own input example."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from envbuilder.errors import UsageError
from envbuilder.findings import Origin
from envbuilder.reader import limits, mlmodel
from envbuilder.reader.directory import Directory, inner_path
from envbuilder.reader.gather import Missing
from envbuilder.reader.reading import Reading
from envbuilder.reader.safeyaml import Mapping, Node, Scalar, is_absent, read_mapping, text_of
from envbuilder.redact import excerpt

FORMS: Final = {".csv": "csv", ".json": "json", ".parquet": "parquet", ".pq": "parquet"}
"""By a file's suffix."""

INPUT_BYTES: Final = 1024**3
"""Of a user's file: it is sent to the model as a whole."""

EXAMPLE_BYTES: Final = 64 * 1024**2
"""Of an example in the model."""

SERVING_EXAMPLE: Final = "serving_input_example.json"
"""What MLflow writes since 2.15 beside the example: the body of a request to its scoring server."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """Values for a model, as bytes that are read where the model lives."""

    name: str
    """The file: the user's path, or the example's path in the model."""
    form: str
    """csv, json, parquet or example."""
    content: bytes = field(repr=False)
    example: tuple[tuple[str, str], ...] = ()
    """What MLmodel's ``saved_input_example_info`` says of an example: its type, its orientation."""
    origin: Origin | None = None
    """Where MLmodel names the example."""

    @property
    def own(self) -> bool:
        """Whether it is the model's own example."""
        return self.origin is not None


def read_input(path: Path) -> Given:
    """Read a user's file; its suffix says what it is. Raises UsageError ``predict/input``."""
    form = FORMS.get(path.suffix.lower())
    if form is None:
        raise _unusable(path, "its name tells no form", "name it .csv, .json or .parquet")
    try:
        with path.open("rb") as stream:
            content = stream.read(INPUT_BYTES + 1)
    except OSError as error:
        raise _unusable(
            path, (error.strerror or str(error)).lower(), "give a file that can be read"
        ) from None
    if len(content) > INPUT_BYTES:
        raise _unusable(path, f"it is longer than {INPUT_BYTES} bytes", "give some rows of it")
    return Given(name=str(path), form=form, content=content)


def _unusable(path: Path, why: str, hint: str) -> UsageError:
    message = f"{excerpt(str(path))} is no input: {why}"
    return UsageError(message, code="predict/input", hint=hint)


def own_example(model: Path) -> Given | None:
    """Return the input example that a model was logged with, None if it has none.

    The forms are those that MLflow 1.8 to 3.x write. Raises Refusal for a model that is refused.
    """
    with Directory(model) as directory:
        reading = Reading(directory)
        root = read_mapping(reading.text(mlmodel.PATH, limit=limits.MLMODEL_BYTES), mlmodel.PATH,
                            max_nodes=limits.MLMODEL_NODES)  # fmt: skip
        info = root.get("saved_input_example_info")
        named = _named(info, directory) if isinstance(info, Mapping) else None
        return named or _serving(directory)


def _named(info: Mapping, directory: Directory) -> Given | None:
    node = info.get("artifact_path")
    if node is None:
        return None
    path = inner_path(text_of(node, "the name of the input example"), node.origin)
    try:
        source = directory.read(path, limit=EXAMPLE_BYTES, origin=node.origin)
    except Missing:
        return None
    said = {key: _text(info.get(key)) for key in ("type", "pandas_orient", "params")}
    # Before MLflow 1.13 an example was a frame and its type was not always written.
    said["type"] = said["type"] or "dataframe"
    return Given(
        name=path,
        form="example",
        content=source.content,
        example=tuple((key, value) for key, value in said.items() if value),
        origin=node.origin,
    )


def _text(node: Node | None) -> str:
    return node.value if isinstance(node, Scalar) and not is_absent(node) else ""


def _serving(directory: Directory) -> Given | None:
    try:
        source = directory.read(SERVING_EXAMPLE, limit=EXAMPLE_BYTES)
    except Missing:
        return None
    return Given(
        name=SERVING_EXAMPLE, form="json", content=source.content, origin=Origin(file=SERVING_EXAMPLE)
    )
