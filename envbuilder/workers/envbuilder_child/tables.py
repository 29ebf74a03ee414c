"""The types that a model's signature asks for, given to values that came without."""

import base64
import json
from typing import Any

_DTYPES = {"double": "float64", "float": "float32", "long": "int64", "integer": "int32"}
"""MLflow's names of column types (mlflow.types.DataType), and numpy's."""


class Schema:
    """The inputs of a signature. ``columns`` are pairs of name (or None) and type; none for tensors."""

    def __init__(self, loaded: Any) -> None:
        self.columns, self._tensors = [], []
        for item in _inputs_of(loaded):
            if item.get("type") == "tensor":
                self._tensors.append((item.get("name"), item["tensor-spec"]["dtype"]))
            else:
                self.columns.append((item.get("name"), item.get("type")))

    def cast(self, frame: Any) -> Any:
        """Return the frame with the signature's types, where its values have them; MLflow judges the rest."""
        named = self.columns and all(name is not None for name, _ in self.columns)
        places = dict(self.columns) if named else dict(zip(frame.columns, [kind for _, kind in self.columns]))
        for name, kind in places.items():
            if name in frame.columns:
                frame[name] = _cast(frame[name], kind)
        return frame

    def inputs(self, value: Any) -> Any:
        """Return what ``inputs`` of MLflow's JSON means: a frame for columns, else arrays, else the value."""
        import pandas

        if not self.columns:
            return self.tensors(value)
        if any(kind not in _SIMPLE for _, kind in self.columns):
            return value
        if isinstance(value, dict):
            lists = all(isinstance(item, list) for item in value.values())
            return self.cast(pandas.DataFrame(value if lists else [value]))
        if isinstance(value, list) and value and isinstance(value[0], dict):
            return self.cast(pandas.DataFrame(value))
        if isinstance(value, list):
            names = [name for name, _ in self.columns]
            width = len(value[0]) if value and isinstance(value[0], list) else 1
            known = len(names) == width and None not in names
            return self.cast(pandas.DataFrame(value, columns=names if known else None))
        return value

    def tensors(self, value: Any) -> Any:
        """Return arrays of a list, or of each list of an object, with the signature's types."""
        if isinstance(value, dict):
            kinds = dict(self._tensors)
            return {key: _array(item, kinds.get(key)) for key, item in value.items()}
        if not isinstance(value, list):
            return value
        return _array(value, self._tensors[0][1] if len(self._tensors) == 1 else None)


def _inputs_of(loaded: Any) -> Any:
    found = getattr(loaded, "metadata", None) or getattr(loaded, "_model_meta", None)
    signature = getattr(found, "signature", None)
    inputs = signature.to_dict().get("inputs") if signature is not None else None
    return json.loads(inputs) if isinstance(inputs, str) else inputs or []


def _array(value: Any, dtype: Any) -> Any:
    import numpy

    if dtype is None and not isinstance(value, list):
        return value
    return numpy.array(value, dtype=dtype)


def _cast(column: Any, kind: Any) -> Any:
    try:
        return _KINDS[kind](column, kind) if kind in _KINDS else column
    except Exception:
        return column


def _number(column: Any, kind: Any) -> Any:
    cast = column.astype(_DTYPES[kind])
    if kind in ("long", "integer") and not (cast == column).all():
        return column
    return cast


def _boolean(column: Any, _: Any) -> Any:
    return column if not column.isin([True, False]).all() else column.astype(bool)


def _datetime(column: Any, _: Any) -> Any:
    import pandas

    return pandas.to_datetime(column)


def _binary(column: Any, _: Any) -> Any:
    return column.map(lambda item: base64.b64decode(item, validate=True) if isinstance(item, str) else item)


_KINDS: Any = dict.fromkeys(_DTYPES, _number)
_KINDS.update({"boolean": _boolean, "datetime": _datetime, "binary": _binary})
_SIMPLE = frozenset(_KINDS) | {"string"}
