"""Files of values, read and answered where the model lives: its environment has pandas, the host need not.

The JSON layouts are those of MLflow's scoring server and of its saved input examples, over its versions.
"""

import io
import json
from typing import Any

from . import plain, tables


class Unreadable(Exception):
    """The file is not what its form says; the message says why."""


def predict(loaded: Any, content: Any, form: Any, example: Any) -> Any:
    """Return the predictions for a file as JSON bytes: ``{"rows": …, "predictions": …}``.

    ``form`` is csv, json, parquet or example; ``example`` what MLmodel says of an example. Raises Unreadable,
    and whatever the model does.
    """
    schema = tables.Schema(loaded)
    try:
        data, params = _READERS[form](content, schema, example)
    except Unreadable:
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        raise Unreadable("it cannot be read as {}: {}: {}".format(form, type(error).__name__, text))
    result = loaded.predict(data) if params is None else loaded.predict(data, params=params)
    answer = {"rows": plain.length(data), "predictions": plain.plain(result)}
    return json.dumps(answer).encode("ascii")


def _csv(content: Any, schema: Any, _: Any) -> Any:
    import pandas

    texts = {name: str for name, kind in schema.columns if kind == "string"}
    # From pandas 3 on numbers are read exactly without being told.
    exact = {} if int(pandas.__version__.split(".")[0]) >= 3 else {"float_precision": "round_trip"}
    frame = pandas.read_csv(io.BytesIO(content), dtype=texts, **exact)
    return schema.cast(frame), None


def _parquet(content: Any, schema: Any, _: Any) -> Any:
    import pandas

    try:
        frame = pandas.read_parquet(io.BytesIO(content))
    except ImportError:
        raise Unreadable("the model's environment has nothing that reads Parquet (pyarrow); give CSV or JSON")
    return schema.cast(frame), None


def _json(content: Any, schema: Any, _: Any) -> Any:
    value = _parsed(content)
    if not isinstance(value, dict):
        return (_records(value, schema) if _is_records(value) else schema.inputs(value)), None
    named = [key for key in _LAYOUTS if key in value]
    if len(named) > 1:
        raise Unreadable("it has {}; give one of them".format(" and ".join(named)))
    if named:
        return _LAYOUTS[named[0]](value[named[0]], schema), value.get("params")
    if isinstance(value.get("data"), list) and set(value) <= {"columns", "data", "index"}:
        return _split(value, schema), None
    return schema.inputs(value), None


def _parsed(content: Any) -> Any:
    try:
        return json.loads(bytes(content).decode("utf-8-sig"))
    except ValueError as error:
        raise Unreadable("this is not JSON: {}".format(error))


def _is_records(value: Any) -> Any:
    return isinstance(value, list) and bool(value) and all(isinstance(item, dict) for item in value)


def _split(value: Any, schema: Any) -> Any:
    import pandas

    if not isinstance(value, dict):
        return schema.cast(pandas.DataFrame(value))
    columns = value.get("columns")
    return schema.cast(pandas.DataFrame(value["data"], columns=columns, index=value.get("index")))


def _records(value: Any, schema: Any) -> Any:
    import pandas

    if not _is_records(value):
        raise Unreadable("records are a list of objects, one for each row")
    # The columns in the order of the first record, as MLflow reads them.
    return schema.cast(
        pandas.DataFrame(value, columns=list(value[0])) if _even(value) else pandas.DataFrame(value)
    )


def _even(value: Any) -> Any:
    return all(set(item) == set(value[0]) for item in value)


def _instances(value: Any, schema: Any) -> Any:
    if _is_records(value) and _even(value):
        if schema.columns:
            return _records(value, schema)
        value = {key: [item[key] for item in value] for key in value[0]}
    return schema.inputs(value)


def _inputs(value: Any, schema: Any) -> Any:
    return schema.inputs(value)


_LAYOUTS = {
    "dataframe_split": _split,
    "dataframe_records": _records,
    "instances": _instances,
    "inputs": _inputs,
}


def _example(content: Any, schema: Any, example: Any) -> Any:
    value, params = _parsed(content), None
    kind = example.get("type")
    if example.get("params"):
        value, params = value["inputs"], value["params"]
    if kind == "dataframe":
        return _frame(value, example.get("pandas_orient"), schema), params
    if kind == "ndarray":
        inner = value.get("inputs", value.get("instances", value)) if isinstance(value, dict) else value
        return schema.tensors(inner), params
    if kind in ("sparse_matrix_csc", "sparse_matrix_csr"):
        import scipy.sparse

        made = scipy.sparse.csc_matrix if kind.endswith("csc") else scipy.sparse.csr_matrix
        return made((value["data"], value["indices"], value["indptr"]), shape=tuple(value["shape"])), params
    if kind == "json_object":
        return value, params
    raise Unreadable("an example of the type {!r} is not known".format(kind))


def _frame(value: Any, orient: Any, schema: Any) -> Any:
    import pandas

    if orient in ("index", "columns"):
        return schema.cast(pandas.DataFrame.from_dict(value, orient=orient))
    return _records(value, schema) if _is_records(value) else _split(value, schema)


_READERS = {"csv": _csv, "parquet": _parquet, "json": _json, "example": _example}
