"""numpy and scipy values in the plain form; what is not imported yet cannot be the type of a value."""

import sys
from typing import Any, Dict

from . import arrow, dtypes
from .faults import Unsupported


def pack(packer: Any, value: Any) -> Any:
    """Return the tree of a value of numpy, scipy or pandas; None for anything else."""
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        if isinstance(value, numpy.ndarray):
            if isinstance(value, numpy.ma.MaskedArray):
                raise Unsupported("an array with a mask cannot be carried; fill its gaps first")
            return pack_array(packer, numpy.asarray(value))
        if isinstance(value, numpy.generic):
            return _pack_scalar(numpy, packer, value)
    if "pandas" in sys.modules:
        from . import frames

        packed = frames.pack(packer, value)
        if packed is not None:
            return packed
    sparse = sys.modules.get("scipy.sparse")
    return _pack_sparse(packer, value) if sparse is not None and sparse.issparse(value) else None


def unpack(unpacker: Any, tree: Any) -> Any:
    """Return the value of a tree that pack() made. Raises Unsupported where this side lacks the library."""
    reader = _READERS.get(tree[0])
    if reader is not None:
        return reader(unpacker, *tree[1:])
    from . import frames

    return frames.unpack(unpacker, tree)


def pack_array(packer: Any, array: Any) -> Any:
    """Return the tree of an array: its own bytes, or its items where they are Python objects."""
    if array.dtype.kind == "T":
        return ["textarray", list(array.shape), packer.sequence(array.ravel().tolist())]
    if array.dtype.hasobject:
        if array.dtype.kind != "O":
            raise Unsupported("an array of structures with objects cannot be carried")
        return ["objects", list(array.shape), packer.sequence(array.ravel().tolist())]
    order = "F" if array.ndim > 1 and array.flags.f_contiguous and not array.flags.c_contiguous else "C"
    buffer = packer.keep(raw(array.T if order == "F" else array))
    return ["array", dtypes.packed(array.dtype), list(array.shape), order, buffer]


def raw(array: Any) -> Any:
    """Return the bytes of an array in C order, without a copy where it has them so already."""
    import numpy

    if not array.size or not array.dtype.itemsize:
        return b""
    # Times and texts have no buffer of their own; as bytes every array has one.
    flat: Any = numpy.ascontiguousarray(array).reshape(-1).view(numpy.uint8)
    return memoryview(flat)


def _read_array(unpacker: Any, dtype: Any, shape: Any, order: Any, number: Any) -> Any:
    return filled(dtypes.unpacked(dtype), shape, order, unpacker.buffer(number))


def filled(dtype: Any, shape: Any, order: Any, buffer: Any) -> Any:
    """Return an array over a buffer. Raises ValueError if it does not fit, or holds what crashes libraries."""
    import numpy

    if 0 in shape or not dtype.itemsize:
        dtypes.check_empty(shape)
        return numpy.zeros(shape, dtype, order)
    flat = numpy.frombuffer(buffer, dtype=dtype)
    dtypes.check(flat)
    return flat.reshape(shape, order=order)


def _read_objects(unpacker: Any, shape: Any, packed: Any) -> Any:
    import numpy

    if packed[0] == "arrow":
        return arrow.objects(unpacker, *packed[1:]).reshape(shape)
    items = unpacker.sequence(packed)
    flat = numpy.empty(len(items), dtype=object)
    if "items" in packed[:1]:
        for position, item in enumerate(items):  # at once, numpy would look into what is a list itself
            flat[position] = item
    else:
        flat[:] = items
    return flat.reshape(shape)


def _read_texts(unpacker: Any, shape: Any, packed: Any) -> Any:
    import numpy

    items = _read_objects(unpacker, shape, packed)
    kind = getattr(getattr(numpy, "dtypes", None), "StringDType", None)
    if kind is None or not all(isinstance(item, str) for item in items.ravel()):
        return items  # before numpy 2.0 texts of any length were objects
    return items.astype(kind())


def _pack_scalar(numpy: Any, packer: Any, value: Any) -> Any:
    if isinstance(value, numpy.str_):
        return ["nstr", packer.tree(str(value))]
    if isinstance(value, numpy.bytes_):
        return ["nbytes", packer.keep(bytes(value))]
    if value.dtype.hasobject:
        raise Unsupported("a numpy structure with objects cannot be carried")
    return ["scalar", dtypes.packed(value.dtype), value.tobytes().hex()]


def _read_scalar(_: Any, dtype: Any, text: Any) -> Any:
    flat = filled(dtypes.unpacked(dtype), [1], "C", bytearray.fromhex(text))
    return flat[0]


def _read_nstr(unpacker: Any, tree: Any) -> Any:
    import numpy

    return numpy.str_(unpacker.value(tree))


def _read_nbytes(unpacker: Any, number: Any) -> Any:
    import numpy

    return numpy.bytes_(unpacker.raw(number))


def _pack_sparse(packer: Any, value: Any) -> Any:
    if value.format not in {"csr", "csc"}:
        raise Unsupported("a sparse {} matrix cannot be carried; make it csr or csc".format(value.format))
    parts = [pack_array(packer, part) for part in (value.data, value.indices, value.indptr)]
    return [value.format, list(value.shape), parts, type(value).__name__.endswith("array")]


def _read_sparse(unpacker: Any, kind: str, shape: Any, parts: Any, is_array: Any) -> Any:
    try:
        from scipy import sparse
    except ImportError:
        raise Unsupported("there is no scipy here for a sparse matrix")
    maker = getattr(sparse, kind + "_array", None) if is_array else None
    arrays = tuple(unpacker.value(part) for part in parts)
    made = (maker or getattr(sparse, kind + "_matrix"))(arrays, shape=tuple(shape))
    made.check_format(full_check=True)  # scipy reads where the indices point
    return made


_READERS: Dict[Any, Any] = {
    "array": _read_array,
    "objects": _read_objects,
    "textarray": _read_texts,
    "scalar": _read_scalar,
    "arrow": arrow.objects,
    "nstr": _read_nstr,
    "nbytes": _read_nbytes,
    "csr": lambda unpacker, *parts: _read_sparse(unpacker, "csr", *parts),
    "csc": lambda unpacker, *parts: _read_sparse(unpacker, "csc", *parts),
}
