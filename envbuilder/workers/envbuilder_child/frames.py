"""pandas values: columns of one dtype as one block of bytes, special columns by their parts."""

from typing import Any

from . import arrays
from .values import Unsupported, zone_from, zone_of


def pack(packer: Any, value: Any, place: Any) -> Any:
    """Return the tree of a value of pandas; None for anything else."""
    import pandas

    if isinstance(value, pandas.DataFrame):
        return _pack_frame(packer, value, place)
    if isinstance(value, pandas.Series):
        name = packer.tree(value.name, place + ".name")
        return ["series", _values(packer, value, place), _pack_index(packer, value.index, place), name]
    if isinstance(value, pandas.Index):
        return ["index_", _pack_index(packer, value, place)]
    if value is getattr(pandas, "NA", pack):
        return ["na"]
    if value is pandas.NaT:
        return ["nat"]
    if isinstance(value, pandas.Timestamp):
        zone = zone_of(value.tzinfo, place, value)
        return ["timestamp", str(value.value), getattr(value, "unit", "ns"), zone]
    if isinstance(value, pandas.Timedelta):
        return ["pdelta", str(value.value), getattr(value, "unit", "ns")]
    if isinstance(value, pandas.api.extensions.ExtensionArray):
        return ["values_", _values(packer, pandas.Series(value), place)]
    return None


def unpack(unpacker: Any, tree: Any) -> Any:
    """Return the value of a tree that pack() made. Raises Unsupported without pandas."""
    try:
        import pandas
    except ImportError:
        raise Unsupported("there is no pandas here for a {}".format(tree[0]))
    return _READERS[tree[0]](pandas, unpacker, *tree[1:])


def _pack_frame(packer: Any, frame: Any, place: Any) -> Any:
    blocks, others = {}, []
    for position in range(frame.shape[1]):
        column = frame.iloc[:, position]
        if _is_plain(column.dtype):
            blocks.setdefault(column.dtype.str, []).append(position)
        else:
            name = "{}[{!r}]".format(place, frame.columns[position])
            others.append([position, _values(packer, column, name)])
    packed = [[dtype, spots, packer.keep(_block(frame, spots))] for dtype, spots in sorted(blocks.items())]
    columns = _pack_index(packer, frame.columns, place + ".columns")
    index = _pack_index(packer, frame.index, place + ".index")
    return ["frame", list(frame.shape), columns, index, packed, others]


def _is_plain(dtype: Any) -> Any:
    return (
        isinstance(getattr(dtype, "str", None), str)
        and hasattr(dtype, "itemsize")
        and dtype.kind in "biufcmM"
        and hasattr(dtype, "byteorder")
    )


def _block(frame: Any, spots: Any) -> Any:
    """Return the bytes of some columns of one dtype, column after column: as pandas keeps them."""
    part = frame if len(spots) == frame.shape[1] else frame.iloc[:, spots]
    return arrays.raw(part.values.T)


def _values(packer: Any, column: Any, place: Any) -> Any:
    """Return the tree of a column's values."""
    dtype, name = column.dtype, str(column.dtype)
    if _is_plain(dtype):
        return arrays.pack_array(packer, column.values, place)
    if name == "object":
        return arrays.pack_array(packer, _objects(column), place)
    special = _special(packer, column, dtype, name, place)
    if special is None:
        raise Unsupported("{}: a column of {} cannot be carried".format(place, name))
    return special


def _objects(column: Any) -> Any:
    import numpy

    return numpy.asarray(column.values, dtype=object)


def _special(packer: Any, column: Any, dtype: Any, name: Any, place: Any) -> Any:
    import numpy

    kind = type(dtype).__name__
    if kind == "CategoricalDtype":
        codes = arrays.pack_array(packer, numpy.asarray(column.cat.codes), place)
        return [
            "categorical",
            codes,
            _pack_index(packer, column.cat.categories, place),
            bool(column.cat.ordered),
        ]
    if kind == "DatetimeTZDtype":
        unit = getattr(dtype, "unit", "ns")
        bare = column.dt.tz_convert("UTC").dt.tz_localize(None).values
        return ["zoned", arrays.pack_array(packer, bare, place), unit, zone_of(dtype.tz, place, None)]
    if name in _MASKED:
        missing = numpy.asarray(column.isna(), dtype=bool)
        known = column.fillna(column.dtype.type(0)).values
        data = numpy.asarray(known, dtype=_MASKED[name])
        return [
            "masked",
            name,
            arrays.pack_array(packer, data, place),
            arrays.pack_array(packer, missing, place),
        ]
    if kind == "StringDtype":
        return ["strings", name, arrays.pack_array(packer, _objects(column), place)]
    if kind == "PeriodDtype":
        ordinals = numpy.asarray([period.ordinal if period == period else _NO_PERIOD for period in column])
        # The text of the dtype: a frequency's own text has had other letters since pandas 2.2.
        return ["periods", arrays.pack_array(packer, ordinals, place), name[len("period[") : -1]]
    if kind == "IntervalDtype":
        values = column.array if hasattr(column, "array") else column.values
        ends = [packer.tree(end, place) for end in (values.left, values.right)]
        return ["intervals", ends, values.closed]
    if kind == "SparseDtype":
        dense = arrays.pack_array(packer, numpy.asarray(column.values), place)
        return ["sparse", dense, packer.tree(dtype.fill_value, place)]
    return None


_NO_PERIOD = -(2**63)
_MASKED = {
    "Int8": "int8", "Int16": "int16", "Int32": "int32", "Int64": "int64",
    "UInt8": "uint8", "UInt16": "uint16", "UInt32": "uint32", "UInt64": "uint64",
    "Float32": "float32", "Float64": "float64", "boolean": "bool",
}  # fmt: skip
"""pandas' dtypes with a mask, and what their data is without it."""


def _pack_index(packer: Any, index: Any, place: Any) -> Any:
    import pandas

    names = [packer.tree(name, place) for name in index.names]
    if isinstance(index, pandas.MultiIndex):
        levels = [_pack_index(packer, level, place) for level in index.levels]
        codes = getattr(index, "codes", None)
        codes = index.labels if codes is None else codes
        import numpy

        spots = [arrays.pack_array(packer, numpy.asarray(code), place) for code in codes]
        return ["multi", levels, spots, names]
    if isinstance(index, pandas.RangeIndex):
        parts = [getattr(index, part, None) for part in ("start", "stop", "step")]
        if None in parts:  # before pandas 0.25
            parts = [index._start, index._stop, index._step]  # noqa: SLF001
        return ["range", parts, names[0]]
    return ["plain", _values(packer, index.to_series(index=range(len(index))), place), names[0]]


def read_index(pandas: Any, unpacker: Any, tree: Any) -> Any:
    """Return an index."""
    if tree[0] == "range":
        start, stop, step = tree[1]
        return pandas.RangeIndex(start, stop, step, name=unpacker.value(tree[2]))
    if tree[0] == "multi":
        levels = [read_index(pandas, unpacker, level) for level in tree[1]]
        codes = [unpacker.value(code) for code in tree[2]]
        names = [unpacker.value(name) for name in tree[3]]
        try:
            return pandas.MultiIndex(levels=levels, codes=codes, names=names)
        except TypeError:  # before pandas 0.24
            return pandas.MultiIndex(levels=levels, labels=codes, names=names)
    values = _read_values(pandas, unpacker, tree[1])
    name = unpacker.value(tree[2])
    if getattr(values, "dtype", None) == object:
        return pandas.Index(values, name=name, dtype=object)
    return pandas.Index(values, name=name)


def _read_frame(
    pandas: Any, unpacker: Any, shape: Any, columns: Any, index: Any, blocks: Any, others: Any
) -> Any:
    import numpy

    rows, width = shape
    index = read_index(pandas, unpacker, index)
    columns = read_index(pandas, unpacker, columns)
    if len(blocks) == 1 and not others:
        dtype, spots, number = blocks[0]
        return pandas.DataFrame(
            _read_block(numpy, unpacker, dtype, len(spots), rows, number).T,
            index=index,
            columns=columns,
            copy=False,
        )
    found = {}
    for dtype, spots, number in blocks:
        block = _read_block(numpy, unpacker, dtype, len(spots), rows, number)
        found.update(zip(spots, block))
    for spot, tree in others:
        found[spot] = pandas.Series(_read_values(pandas, unpacker, tree), index=index)
    frame = pandas.DataFrame({spot: found[spot] for spot in range(width)}, index=index)
    frame.columns = columns
    return frame


def _read_block(numpy: Any, unpacker: Any, dtype: Any, width: Any, rows: Any, number: Any) -> Any:
    if not rows or not width:
        return numpy.zeros((width, rows), dtype)
    return numpy.frombuffer(unpacker.buffer(number), dtype=dtype).reshape(width, rows)


def _read_values(pandas: Any, unpacker: Any, tree: Any) -> Any:
    reader = _COLUMNS.get(tree[0])
    return reader(pandas, unpacker, *tree[1:]) if reader else unpacker.value(tree)


def _read_categorical(pandas: Any, unpacker: Any, codes: Any, categories: Any, ordered: Any) -> Any:
    known = read_index(pandas, unpacker, categories)
    return pandas.Categorical.from_codes(unpacker.value(codes), categories=known, ordered=ordered)


def _read_zoned(pandas: Any, unpacker: Any, bare: Any, unit: Any, zone: Any) -> Any:
    moments = pandas.DatetimeIndex(unpacker.value(bare)).tz_localize("UTC")
    return moments.tz_convert(zone if isinstance(zone, str) else zone_from(zone))


def _read_masked(pandas: Any, unpacker: Any, name: Any, data: Any, mask: Any) -> Any:
    data, mask = unpacker.value(data), unpacker.value(mask)
    items = data.astype(object)
    try:
        items[mask] = getattr(pandas, "NA", None)
        return pandas.array(items, dtype=name)
    except (AttributeError, TypeError, ValueError):
        # Before its release pandas had no such column: floats with NaN, or objects with None.
        if data.dtype.kind == "b":
            items[mask] = None
            return items
        floats = data.astype("float64")
        floats[mask] = float("nan")
        return floats if mask.any() else data


def _read_strings(pandas: Any, unpacker: Any, name: Any, tree: Any) -> Any:
    items = unpacker.value(tree)
    try:
        return pandas.array(items, dtype=name)
    except (AttributeError, TypeError):
        return items


def _read_periods(pandas: Any, unpacker: Any, ordinals: Any, freq: Any) -> Any:
    spots = unpacker.value(ordinals)
    periods = [pandas.NaT if n == _NO_PERIOD else pandas.Period(ordinal=int(n), freq=freq) for n in spots]
    return pandas.PeriodIndex(periods, freq=freq)


def _read_intervals(pandas: Any, unpacker: Any, ends: Any, closed: Any) -> Any:
    left, right = [unpacker.value(end) for end in ends]
    return pandas.IntervalIndex.from_arrays(left, right, closed=closed)


def _read_sparse(pandas: Any, unpacker: Any, dense: Any, fill: Any) -> Any:
    holder = getattr(pandas, "arrays", pandas)
    return holder.SparseArray(unpacker.value(dense), fill_value=unpacker.value(fill))


_COLUMNS = {
    "categorical": _read_categorical, "zoned": _read_zoned, "masked": _read_masked, "strings": _read_strings,
    "periods": _read_periods, "intervals": _read_intervals, "sparse": _read_sparse,
}  # fmt: skip


def _read_series(pandas: Any, unpacker: Any, values: Any, index: Any, name: Any) -> Any:
    found = pandas.Series(_read_values(pandas, unpacker, values), index=read_index(pandas, unpacker, index))
    found.name = unpacker.value(name)
    return found


def _read_timestamp(pandas: Any, _: Any, number: Any, unit: Any, zone: Any) -> Any:
    moment = _in_unit(pandas.Timestamp(int(number), unit="ns"), unit)
    if zone is None:
        return moment
    return moment.tz_localize("UTC").tz_convert(zone if isinstance(zone, str) else zone_from(zone))


def _read_delta(pandas: Any, _: Any, number: Any, unit: Any) -> Any:
    return _in_unit(pandas.Timedelta(int(number), unit="ns"), unit)


def _in_unit(value: Any, unit: Any) -> Any:
    """pandas 2 and later keep a unit; ``value`` counts nanoseconds in all of them."""
    return value.as_unit(unit) if hasattr(value, "as_unit") else value


def _read_na(pandas: Any, _: Any) -> Any:
    return getattr(pandas, "NA", float("nan"))


def _read_nat(pandas: Any, _: Any) -> Any:
    return pandas.NaT


_READERS = {
    "frame": _read_frame,
    "series": _read_series,
    "index_": read_index,
    "timestamp": _read_timestamp,
    "pdelta": _read_delta,
    "na": _read_na,
    "nat": _read_nat,
    "values_": _read_values,
}
