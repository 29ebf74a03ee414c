"""numpy's dtypes as data, and the check that bytes are values of theirs."""

import re
from functools import reduce
from operator import mul
from typing import Any

_PLAIN = re.compile(r"[<>|=][biufcmMSUV]\d*(\[\d*[A-Za-z]+(/\d+)?\])?\Z")

_LAST = 0x10FFFF
"""The last character that there is: a text with another one crashes Python."""

_EMPTY = 1 << 20
"""How many items of no size an array may have."""


def packed(dtype: Any) -> Any:
    """Return a dtype as data; one that holds no objects."""
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return ["sub", packed(base), list(shape)]
    if dtype.names is None:
        return dtype.str
    fields = [_field(name, *dtype.fields[name]) for name in dtype.names]
    return ["fields", fields, dtype.itemsize]


def _field(name: str, dtype: Any, offset: int, title: Any = None) -> Any:
    return [name, packed(dtype), offset, title if isinstance(title, str) else None]


def unpacked(data: Any) -> Any:
    """Return the dtype. Raises ValueError for what packed() never makes."""
    import numpy

    if isinstance(data, str):
        if _PLAIN.match(data) is None:
            raise ValueError("no dtype: {!r}".format(data))
        return numpy.dtype(data)
    if data[0] == "sub":
        return numpy.dtype((unpacked(data[1]), tuple(data[2])))
    _, fields, itemsize = data
    names, formats, offsets, titles = ([field[part] for field in fields] for part in range(4))
    formats = [unpacked(part) for part in formats]
    known: Any = dict(names=names, formats=formats, offsets=offsets, titles=titles, itemsize=itemsize)
    return numpy.dtype(known)


def check(flat: Any) -> None:
    """Raise ValueError if an array has bytes that are no value of its dtype: libraries trust that."""
    import numpy

    dtype = flat.dtype
    if dtype.names is not None:
        for name in dtype.names:
            check(flat[name])
    elif dtype.kind == "b" and flat.size:
        if numpy.ascontiguousarray(flat).view(numpy.uint8).max() > 1:
            raise ValueError("a truth value that is neither 0 nor 1")
    elif dtype.kind == "U" and flat.size and dtype.itemsize:
        letters = numpy.ascontiguousarray(flat).reshape(-1).view(dtype.str[0] + "u4")
        if letters.max() > _LAST:
            raise ValueError("a character that does not exist")


def check_empty(shape: Any) -> None:
    """Raise ValueError for an array without bytes that takes much room all the same."""
    if not all(isinstance(length, int) and length >= 0 for length in shape):
        raise ValueError("no shape: {!r}".format(shape))
    if reduce(mul, shape, 1) > _EMPTY:
        raise ValueError("too many items of no size")
