"""numpy and pandas values in the plain form; what is not imported yet cannot be the type of a value."""

import sys
from typing import Any

from . import strings
from .values import Unsupported


def pack(packer: Any, value: Any, place: Any) -> Any:
    """Return the tree of a numpy value, or of one of pandas; None for anything else."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if isinstance(value, numpy.ndarray):
            return pack_array(packer, numpy.asarray(value), place)
        if isinstance(value, numpy.generic):
            return _scalar(value, place)
    if "pandas" in sys.modules:
        from . import frames

        return frames.pack(packer, value, place)
    return None


def unpack(unpacker: Any, tree: Any) -> Any:
    """Return the value of a tree that pack() made. Raises Unsupported where this side lacks the library."""
    tag = tree[0]
    reader = _READERS.get(tag)
    if reader is not None:
        return reader(unpacker, *tree[1:])
    from . import frames

    return frames.unpack(unpacker, tree)


def pack_array(packer: Any, array: Any, place: Any) -> Any:
    """Return the tree of an array: its own bytes, or its items where they are Python objects."""
    if array.dtype.hasobject:
        if array.dtype.kind != "O":
            raise Unsupported("{}: an array of structures with objects cannot be carried".format(place))
        items = array.ravel().tolist()
        packed = strings.pack(packer, items)
        if packed is None:
            packed = ["items", [packer.tree(item, "{}[{}]".format(place, i)) for i, item in enumerate(items)]]
        return ["objects", list(array.shape), packed]
    return ["array", _dtype(array.dtype), list(array.shape), packer.keep(raw(array))]


def raw(array: Any) -> Any:
    """Return the bytes of an array in C order, without a copy where it has them so already."""
    import numpy

    if not array.size or not array.dtype.itemsize:
        return b""
    # Times and texts have no buffer of their own; as bytes every array has one.
    return memoryview(numpy.ascontiguousarray(array).reshape(-1).view(numpy.uint8))


def _dtype(dtype: Any) -> Any:
    return dtype.str if dtype.names is None else _fields(dtype.descr)


def _fields(descr: Any) -> Any:
    return [[part if not isinstance(part, list) else _fields(part) for part in field] for field in descr]


def _as_dtype(data: Any) -> Any:
    import numpy

    return numpy.dtype(data if isinstance(data, str) else _as_fields(data))


def _as_fields(data: Any) -> Any:
    return [tuple(_as_fields(part) if _nested(part) else _shape(part) for part in field) for field in data]


def _nested(part: Any) -> Any:
    return isinstance(part, list) and bool(part) and isinstance(part[0], list)


def _shape(part: Any) -> Any:
    return tuple(part) if isinstance(part, list) else part


def _scalar(value: Any, place: Any) -> Any:
    if value.dtype.hasobject or value.dtype.names:
        raise Unsupported("{}: a numpy structure cannot be carried".format(place))
    if value.dtype.kind == "U":
        return ["s", str(value)]
    return ["scalar", value.dtype.str, value.tobytes().hex()]


def _read_scalar(_: Any, dtype: Any, text: Any) -> Any:
    import numpy

    return numpy.frombuffer(bytes.fromhex(text), dtype=dtype)[0] if text else numpy.zeros(1, dtype)[0]


def _read_array(unpacker: Any, dtype: Any, shape: Any, number: Any) -> Any:
    import numpy

    kind = _as_dtype(dtype)
    if not kind.itemsize or 0 in shape:
        return numpy.zeros(shape, kind)
    # The buffer is a bytearray of ours alone: the array may be written to.
    return numpy.frombuffer(unpacker.buffer(number), dtype=kind).reshape(shape)


def _read_objects(unpacker: Any, shape: Any, packed: Any) -> Any:
    import numpy

    items = read_items(unpacker, packed)
    array = numpy.empty(len(items), dtype=object)
    for position, item in enumerate(items):
        array[position] = item
    return array.reshape(shape)


def read_items(unpacker: Any, packed: Any) -> Any:
    """Return the list that an object array or column holds."""
    if packed[0] == "items":
        return [unpacker.value(item) for item in packed[1]]
    return strings.unpack(unpacker, packed)


_READERS = {"array": _read_array, "objects": _read_objects, "scalar": _read_scalar}
