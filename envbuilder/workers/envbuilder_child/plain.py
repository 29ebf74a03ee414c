"""Predictions as JSON has them, in the form in which MLflow's scoring server answers."""

import base64
import datetime
import math
import sys
from typing import Any


def length(data: Any) -> Any:
    """Return how many rows are asked about; None where the data has none."""
    if isinstance(data, dict):
        return next((length(item) for item in data.values()), None) if data else None
    shape = getattr(data, "shape", None)
    if shape is not None:
        return int(shape[0]) if shape else None
    return len(data) if isinstance(data, list) else None


def plain(value: Any) -> Any:
    """Return a value of lists, objects, numbers, texts, true, false and null. Raises TypeError for others.

    What JSON has no number for (NaN, the infinities) is null.
    """
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    for change in (_table, _number, _collection, _moment):
        found, made = change(value)
        if found:
            return made
    raise TypeError(
        "predictions with a {}.{} have no form in JSON".format(type(value).__module__, type(value).__name__)
    )


def _table(value: Any) -> Any:
    pandas = sys.modules.get("pandas")
    if pandas is None:
        return False, None
    if isinstance(value, pandas.Series):
        value = pandas.DataFrame(value)
    if isinstance(value, pandas.DataFrame):
        names = [str(name) for name in value.columns]
        columns = [plain(value.iloc[:, place].tolist()) for place in range(len(names))]
        return True, [dict(zip(names, row)) for row in zip(*columns)]
    if value is pandas.NaT or value is getattr(pandas, "NA", pandas.NaT):
        return True, None
    return False, None


def _number(value: Any) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return False, None
    if isinstance(value, (numpy.datetime64, numpy.timedelta64)):
        return True, None if numpy.isnat(value) else str(value)
    if isinstance(value, numpy.ndarray):
        if value.dtype.kind in "mM":
            value = value.astype(str)
        return True, plain(value.tolist())
    if isinstance(value, numpy.generic):
        return True, plain(value.item())
    return False, None


def _collection(value: Any) -> Any:
    if isinstance(value, dict):
        return True, {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)) or hasattr(value, "__next__"):
        return True, [plain(item) for item in value]
    for name in ("model_dump", "dict", "toarray"):
        if hasattr(value, name):
            return True, plain(getattr(value, name)())
    return False, None


def _moment(value: Any) -> Any:
    if isinstance(value, (datetime.date, datetime.time)):
        return True, value.isoformat()
    if isinstance(value, (bytes, bytearray)):
        return True, base64.b64encode(value).decode("ascii")
    if isinstance(value, datetime.timedelta) or type(value).__name__ == "Decimal":
        return True, str(value)
    return False, None
