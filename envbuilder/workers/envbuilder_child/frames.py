"""pandas frames, series, indexes and scalars; columns of one dtype travel as one block."""

from typing import Any, Dict

from . import arrays, columns, dtypes, zones
from .faults import Unsupported


def pack(packer: Any, value: Any) -> Any:
    """Return the tree of a value of pandas; None for anything else."""
    import pandas

    if isinstance(value, pandas.DataFrame):
        return _pack_frame(packer, value)
    if isinstance(value, pandas.Series):
        return _pack_series(packer, value)
    if isinstance(value, pandas.Index):
        return ["index", columns.pack_index(packer, value)]
    if value is getattr(pandas, "NA", pack):
        return ["na"]
    if value is pandas.NaT:
        return ["nat"]
    scalar = _SCALARS.get(type(value).__name__)
    if scalar is not None and isinstance(value, getattr(pandas, type(value).__name__)):
        return scalar(packer, value)
    extension = getattr(getattr(pandas.api, "extensions", None), "ExtensionArray", ())
    if isinstance(value, (extension, pandas.Categorical)):
        return ["column", columns.pack(packer, pandas.Series(value))]
    return None


def unpack(unpacker: Any, tree: Any) -> Any:
    """Return the value of a tree that pack() made. Raises Unsupported without pandas."""
    reader = _READERS.get(tree[0])
    if reader is None:
        raise ValueError("no value: {!r}".format(tree[0]))
    try:
        import pandas
    except ImportError:
        raise Unsupported("there is no pandas here for a value of it")
    return reader(pandas, unpacker, *tree[1:])


def _pack_frame(packer: Any, frame: Any) -> Any:
    blocks: Dict[Any, Any] = {}
    others = []
    dtypes_of = frame.dtypes.tolist()
    # pandas takes no columns out of a frame that are not in the host's byte order
    plain = {dtype for dtype in set(dtypes_of) if columns.is_plain(dtype) and dtype.isnative}
    for position, dtype in enumerate(dtypes_of):
        if dtype in plain:
            blocks.setdefault(dtype, []).append(position)
        else:
            others.append([position, _pack_column(packer, frame, position)])
    whole = len(blocks) == 1 and not others
    packed = [_pack_block(packer, frame, dtype, None if whole else spots) for dtype, spots in blocks.items()]
    names, index = (columns.pack_index(packer, axis) for axis in (frame.columns, frame.index))
    return ["frame", list(frame.shape), names, index, packed, others]


def _pack_column(packer: Any, frame: Any, position: int) -> Any:
    try:
        return columns.pack(packer, frame.iloc[:, position])
    except Unsupported as error:
        raise error.inside("[{!r}]".format(frame.columns[position]))


def _pack_block(packer: Any, frame: Any, dtype: Any, spots: Any) -> Any:
    """Return columns of one dtype; ``spots`` is None for all of them. Rows or columns first, as they are."""
    values = (frame if spots is None else frame.iloc[:, spots]).values
    order = "C" if values.flags.c_contiguous else "F"
    return [dtypes.packed(dtype), spots, order, packer.keep(arrays.raw(values if order == "C" else values.T))]


def _read_frame(
    pandas: Any, unpacker: Any, shape: Any, names: Any, index: Any, blocks: Any, others: Any
) -> Any:
    rows, width = shape
    index = columns.read_index(pandas, unpacker, index)
    names = columns.read_index(pandas, unpacker, names)
    if len(index) != rows or len(names) != width:
        raise ValueError("a frame with axes of other lengths")
    if len(blocks) == 1 and blocks[0][1] is None:
        values = _read_block(unpacker, rows, width, blocks[0])
        return pandas.DataFrame(values, index=index, columns=names, copy=False)
    found: Dict[Any, Any] = {}
    for block in blocks:
        found.update(zip(block[1], _read_block(unpacker, rows, len(block[1]), block).T))
    for spot, tree in others:
        found[spot] = _series(pandas, columns.read(pandas, unpacker, tree), index)
    if len(found) != width:
        raise ValueError("a frame of {} columns with {}".format(width, len(found)))
    frame = pandas.DataFrame({spot: found[spot] for spot in range(width)}, index=index)
    frame.columns = names
    return frame


def _read_block(unpacker: Any, rows: int, width: int, block: Any) -> Any:
    dtype, _, order, number = block
    return arrays.filled(dtypes.unpacked(dtype), [rows, width], order, unpacker.buffer(number))


def _pack_series(packer: Any, series: Any) -> Any:
    name = packer.tree(series.name)
    return ["series", columns.pack(packer, series), columns.pack_index(packer, series.index), name]


def _read_series(pandas: Any, unpacker: Any, tree: Any, index: Any, name: Any) -> Any:
    index = columns.read_index(pandas, unpacker, index)
    found = _series(pandas, columns.read(pandas, unpacker, tree), index)
    found.name = unpacker.value(name)
    return found


def _series(pandas: Any, values: Any, index: Any) -> Any:
    if len(values) != len(index):
        raise ValueError("a column with an index of another length")
    # pandas 3 would make texts of its own kind of objects that are all texts
    dtype = object if getattr(values, "dtype", None) == object else None
    return pandas.Series(values, index=index, dtype=dtype)


def _read_column(pandas: Any, unpacker: Any, tree: Any) -> Any:
    values = columns.read(pandas, unpacker, tree)
    return getattr(pandas.Series(values), "array", values)


def _pack_timestamp(_: Any, value: Any) -> Any:
    return ["timestamp", value.value, getattr(value, "unit", "ns"), zones.packed(value.tzinfo, value)]


def _read_timestamp(pandas: Any, _: Any, number: Any, unit: Any, zone: Any) -> Any:
    moment = _in_unit(pandas.Timestamp(number, unit="ns"), unit)
    return moment if zone is None else moment.tz_localize("UTC").tz_convert(zones.checked(zone))


def _pack_delta(_: Any, value: Any) -> Any:
    return ["pdelta", value.value, getattr(value, "unit", "ns")]


def _read_delta(pandas: Any, _: Any, number: Any, unit: Any) -> Any:
    return _in_unit(pandas.Timedelta(number, unit="ns"), unit)


def _in_unit(value: Any, unit: Any) -> Any:
    """pandas 2 and later keep a unit; ``value`` counts nanoseconds in all of them."""
    return value.as_unit(unit) if hasattr(value, "as_unit") else value


def _pack_period(_: Any, value: Any) -> Any:
    return ["period", value.ordinal, value.freqstr]


def _read_period(pandas: Any, _: Any, ordinal: Any, freq: Any) -> Any:
    return columns.with_freq(lambda known: pandas.Period(ordinal=ordinal, freq=known), freq)


def _pack_interval(packer: Any, value: Any) -> Any:
    return ["interval", packer.tree(value.left), packer.tree(value.right), value.closed]


def _read_interval(pandas: Any, unpacker: Any, left: Any, right: Any, closed: Any) -> Any:
    return pandas.Interval(unpacker.value(left), unpacker.value(right), closed)


_SCALARS: Dict[str, Any] = {
    "Timestamp": _pack_timestamp,
    "Timedelta": _pack_delta,
    "Period": _pack_period,
    "Interval": _pack_interval,
}
_READERS: Dict[Any, Any] = {
    "frame": _read_frame,
    "series": _read_series,
    "index": columns.read_index,
    "column": _read_column,
    "timestamp": _read_timestamp,
    "pdelta": _read_delta,
    "period": _read_period,
    "interval": _read_interval,
    "na": lambda pandas, _: getattr(pandas, "NA", float("nan")),
    "nat": lambda pandas, _: pandas.NaT,
}
