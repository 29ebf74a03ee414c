"""The columns and indexes of pandas by their parts: bytes where a dtype has them, else what it is made of."""

import re
from typing import Any, Dict

from . import arrays, arrow, zones
from .faults import Unsupported

_MASKED = {
    "Int8": "int8", "Int16": "int16", "Int32": "int32", "Int64": "int64",
    "UInt8": "uint8", "UInt16": "uint16", "UInt32": "uint32", "UInt64": "uint64",
    "Float32": "float32", "Float64": "float64", "boolean": "bool",
}  # fmt: skip
"""pandas' dtypes with a mask, and what their data is without it."""

_FREQ = re.compile(r"[0-9A-Za-z-]{1,32}\Z")

_OLDER = {"Y": "A", "h": "H", "min": "T", "s": "S", "ms": "L", "us": "U", "ns": "N"}
"""Names of frequencies since pandas 2.2, and before."""


def is_plain(dtype: Any) -> bool:
    """Whether it is a dtype of numpy whose values have bytes of their own."""
    import numpy

    return isinstance(dtype, numpy.dtype) and dtype.kind in "biufcmM"


def pack(packer: Any, column: Any) -> Any:
    """Return the tree of the values of a series or index."""
    import numpy

    dtype = column.dtype
    if is_plain(dtype):
        return arrays.pack_array(packer, column.values)
    if dtype == object:
        return arrays.pack_array(packer, numpy.asarray(column.values, dtype=object))
    kind, name = type(dtype).__name__, str(dtype)
    if kind == "StringDtype":
        # Where the texts are kept (``string[python]``) is each side's own business.
        name = "str" if name == "str" else "string"
        packed = arrow.pack_column(packer, column, name)
        return ["strings", name, packed or arrays.pack_array(packer, numpy.asarray(column, dtype=object))]
    packer_of = _PACKERS.get("Masked" if name in _MASKED else kind)
    if packer_of is None:
        raise Unsupported("a column of {} cannot be carried".format(name))
    if kind not in _AS_INDEX and hasattr(column, "to_series"):
        column = column.to_series(index=range(len(column)))
    return packer_of(packer, column)


def _pack_categorical(packer: Any, column: Any) -> Any:
    import numpy

    codes = arrays.pack_array(packer, numpy.asarray(column.cat.codes))
    return ["categorical", codes, pack_index(packer, column.cat.categories), bool(column.cat.ordered)]


def _pack_zoned(packer: Any, column: Any) -> Any:
    bare = column.dt.tz_convert("UTC").dt.tz_localize(None).values
    return ["zoned", arrays.pack_array(packer, bare), zones.packed(column.dtype.tz, None)]


def _pack_masked(packer: Any, column: Any) -> Any:
    import numpy

    name = str(column.dtype)
    missing = numpy.asarray(column.isna(), dtype=bool)
    known = column.fillna(column.dtype.type(0)) if missing.any() else column
    data = numpy.asarray(known, dtype=_MASKED[name])
    return ["masked", name, arrays.pack_array(packer, data), arrays.pack_array(packer, missing)]


def _pack_periods(packer: Any, column: Any) -> Any:
    import pandas

    # The text of the dtype: a frequency's own text has other letters in some versions.
    freq = str(column.dtype)[len("period[") : -1]
    return ["periods", arrays.pack_array(packer, pandas.PeriodIndex(column).asi8), freq]


def _pack_intervals(packer: Any, column: Any) -> Any:
    values = column if hasattr(column, "left") else column.array
    return ["intervals", [pack_index(packer, end) for end in (values.left, values.right)], values.closed]


def _pack_sparse(packer: Any, column: Any) -> Any:
    import numpy

    dense = numpy.asarray(column)
    return ["sparse", arrays.pack_array(packer, dense), packer.tree(column.dtype.fill_value)]


_PACKERS: Dict[str, Any] = {
    "CategoricalDtype": _pack_categorical,
    "DatetimeTZDtype": _pack_zoned,
    "Masked": _pack_masked,
    "PeriodDtype": _pack_periods,
    "IntervalDtype": _pack_intervals,
    "SparseDtype": _pack_sparse,
}


_AS_INDEX = ("PeriodDtype", "IntervalDtype")
"""Dtypes that a series has only since pandas 0.24, and an index before it."""


def read(pandas: Any, unpacker: Any, tree: Any) -> Any:
    """Return the values of a column, as Series and Index take them."""
    reader = _READERS.get(tree[0])
    return reader(pandas, unpacker, *tree[1:]) if reader else unpacker.value(tree)


def _read_categorical(pandas: Any, unpacker: Any, codes: Any, categories: Any, ordered: Any) -> Any:
    known = read_index(pandas, unpacker, categories)
    return pandas.Categorical.from_codes(unpacker.value(codes), categories=known, ordered=ordered)


def _read_zoned(pandas: Any, unpacker: Any, bare: Any, zone: Any) -> Any:
    moments = pandas.DatetimeIndex(unpacker.value(bare)).tz_localize("UTC")
    return moments.tz_convert(zones.checked(zone))


def _read_masked(pandas: Any, unpacker: Any, name: Any, data: Any, mask: Any) -> Any:
    data, mask = unpacker.value(data), unpacker.value(mask)
    kind = {"b": "Boolean", "f": "Floating"}.get(data.dtype.kind, "Integer")
    maker = getattr(getattr(pandas, "arrays", None), kind + "Array", None)
    if maker is not None and _MASKED.get(name) == data.dtype.name:
        return maker(data, mask)
    # Before its release pandas had no such column: floats with NaN, or objects with None.
    if not mask.any():
        return data
    if data.dtype.kind == "b":
        data = data.astype(object)
        data[mask] = None
        return data
    data = data.astype("float64")
    data[mask] = float("nan")
    return data


def _read_strings(pandas: Any, unpacker: Any, name: Any, tree: Any) -> Any:
    major = int(pandas.__version__.partition(".")[0])
    # pandas 3 calls its own default ``str``; to those before it that is numpy's, of one length for all.
    if name not in {"str", "string"} or major < (3 if name == "str" else 1):
        return unpacker.value(tree)
    if tree[0] == "arrow" and major >= 3:  # which keeps its texts so
        return pandas.api.types.pandas_dtype(name).__from_arrow__(arrow.unpack(unpacker, *tree[1:]))
    return pandas.array(unpacker.value(tree), dtype=name)


def _read_periods(pandas: Any, unpacker: Any, ordinals: Any, freq: Any) -> Any:
    numbers = unpacker.value(ordinals)
    maker = getattr(pandas.PeriodIndex, "from_ordinals", None)
    if maker is not None:
        return with_freq(lambda known: maker(numbers, freq=known), freq)
    kind = getattr(getattr(pandas.core, "arrays", None), "PeriodArray", None)
    if kind is not None:
        return with_freq(lambda known: pandas.PeriodIndex(kind(numbers, freq=known)), freq)
    # before pandas 0.24
    return with_freq(lambda known: pandas.PeriodIndex(ordinal=numbers, freq=known), freq)


def with_freq(maker: Any, freq: Any) -> Any:
    """Call something with a frequency by its name, or by its older one."""
    if _FREQ.match(freq) is None:
        raise ValueError("no frequency: {!r}".format(freq))
    number, head, rest = re.match(r"(\d*)([A-Za-z]*)(.*)", freq).groups()  # type: ignore[union-attr]
    names = dict(_OLDER, **{older: newer for newer, older in _OLDER.items()})
    try:
        return maker(freq)
    except (ValueError, KeyError):
        return maker(number + names.get(head, head) + rest)


def _read_intervals(pandas: Any, unpacker: Any, ends: Any, closed: Any) -> Any:
    left, right = [read_index(pandas, unpacker, end) for end in ends]
    return pandas.IntervalIndex.from_arrays(left, right, closed=closed)


def _read_sparse(pandas: Any, unpacker: Any, dense: Any, fill: Any) -> Any:
    holder = getattr(pandas, "arrays", pandas)
    return holder.SparseArray(unpacker.value(dense), fill_value=unpacker.value(fill))


_READERS: Dict[str, Any] = {
    "categorical": _read_categorical,
    "zoned": _read_zoned,
    "masked": _read_masked,
    "strings": _read_strings,
    "periods": _read_periods,
    "intervals": _read_intervals,
    "sparse": _read_sparse,
}


def pack_index(packer: Any, index: Any) -> Any:
    """Return the tree of an index; its frequency, if it has one, is not part of it."""
    import pandas

    if isinstance(index, pandas.MultiIndex):
        return _pack_multi(packer, index)
    if isinstance(index, pandas.RangeIndex):
        parts = [getattr(index, part, None) for part in ("start", "stop", "step")]
        if None in parts:  # before pandas 0.25
            parts = [getattr(index, part) for part in ("_start", "_stop", "_step")]
        return ["range", parts, packer.tree(index.name)]
    return ["plain", pack(packer, index), packer.tree(index.name)]


def _pack_multi(packer: Any, index: Any) -> Any:
    import numpy

    codes = getattr(index, "codes", None)
    codes = index.labels if codes is None else codes
    levels = [pack_index(packer, level) for level in index.levels]
    spots = [arrays.pack_array(packer, numpy.asarray(code)) for code in codes]
    return ["multi", levels, spots, [packer.tree(name) for name in index.names]]


def read_index(pandas: Any, unpacker: Any, tree: Any) -> Any:
    """Return an index."""
    if tree[0] == "range":
        return pandas.RangeIndex(*tree[1], name=unpacker.value(tree[2]))
    if tree[0] == "multi":
        return _read_multi(pandas, unpacker, *tree[1:])
    values = read(pandas, unpacker, tree[1])
    name = unpacker.value(tree[2])
    if getattr(values, "dtype", None) == object:
        return pandas.Index(values, name=name, dtype=object)
    return pandas.Index(values, name=name)


def _read_multi(pandas: Any, unpacker: Any, levels: Any, codes: Any, names: Any) -> Any:
    levels = [read_index(pandas, unpacker, level) for level in levels]
    codes = [unpacker.value(code) for code in codes]
    names = [unpacker.value(name) for name in names]
    try:
        return pandas.MultiIndex(levels=levels, codes=codes, names=names)
    except TypeError:  # before pandas 0.24
        return pandas.MultiIndex(levels=levels, labels=codes, names=names)
