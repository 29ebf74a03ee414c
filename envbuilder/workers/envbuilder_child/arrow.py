"""Texts as Arrow keeps them in memory, where both sides have pyarrow: no loop over them in Python.

The three buffers of Arrow's type ``large_string`` travel as they are (Arrow columnar format 1.0, "Variable-size
Binary Layout"): there is no schema to trust, and what comes is checked in full. Nothing is imported for it: pandas
imports pyarrow where it is there, so whoever holds columns of texts has it already. What Arrow could not give
back as it was takes the plain way (strings.py).
"""

import struct
import sys
from typing import Any, Optional

from . import strings

ENOUGH: Optional[int] = 32
"""From how many texts on this is faster than the plain way, or as fast; None for never."""

OLDEST = 3
"""The first major version of pyarrow that is known to do all of this."""

_END = struct.Struct("=q")


def library() -> Any:
    """Return pyarrow where this side has it and can use it; else None."""
    found = sys.modules.get("pyarrow")
    if found is None or "numpy" not in sys.modules:
        return None
    major = str(getattr(found, "__version__", "")).partition(".")[0]
    return found if major.isdigit() and int(major) >= OLDEST else None


def pack(packer: Any, items: Any, kinds: Any) -> Any:
    """Return the tree of a list of texts, with gaps of one kind; None if it has to take the plain way."""
    gaps = kinds - {str}
    if gaps <= {type(None)}:
        return _packed(packer, items, len(items), strings.NONE)
    return _packed(packer, items, len(items), strings.NAN) if gaps == {float} else None


def pack_column(packer: Any, column: Any, name: str) -> Any:
    """Return the tree of a column or index of pandas' own texts; None if it has to take the plain way."""
    gap = strings.NAN if name == "str" else strings.NA
    return _packed(packer, column.array, len(column), gap)


def _packed(packer: Any, items: Any, count: int, gap: int) -> Any:
    pyarrow = library()
    if pyarrow is None or packer.enough is None or count < packer.enough:
        return None
    kind = pyarrow.large_string()
    try:
        found = pyarrow.array(items, kind, from_pandas=gap != strings.NONE)
    except (ValueError, TypeError, NotImplementedError):  # half a character, or a number that is not NaN
        return None
    if isinstance(found, pyarrow.ChunkedArray):
        found = pyarrow.concat_arrays(found.chunks)
    if found.type != kind:
        found = found.cast(kind)
    if found.offset:
        found = pyarrow.concat_arrays([found, found[:0]])  # a copy whose buffers begin with it
    return ["arrow", count, gap, _kept(packer, count, *found.buffers())]


def _kept(packer: Any, count: int, known: Any, ends: Any, texts: Any) -> Any:
    """Keep as much of an array's buffers as it takes; return their numbers, None for one that is not there."""
    ends = memoryview(ends).cast("B")[: _END.size * (count + 1)]
    (length,) = _END.unpack(ends[-_END.size :])
    return [
        None if known is None else packer.keep(memoryview(known).cast("B")[: (count + 7) // 8]),
        packer.keep(ends),
        packer.keep(b"" if texts is None else memoryview(texts).cast("B")[:length]),
    ]


def unpack(unpacker: Any, count: Any, _: Any, numbers: Any) -> Any:
    """Return the array of pyarrow that a tree means. Raises ValueError if its buffers are no texts."""
    pyarrow = library()
    if pyarrow is None:
        raise ValueError("texts of Arrow where there is no pyarrow")
    buffers = [None if number is None else pyarrow.py_buffer(unpacker.buffer(number)) for number in numbers]
    found = pyarrow.Array.from_buffers(pyarrow.large_string(), count, buffers)
    found.validate(full=True)
    return found


def objects(unpacker: Any, count: Any, gap: Any, numbers: Any) -> Any:
    """Return the texts, and what stands in their gaps, as an array of objects."""
    found = unpack(unpacker, count, gap, numbers)
    items = found.to_numpy(zero_copy_only=False)
    missing = strings.missing({gap})[gap]
    if found.null_count and missing is not None:
        items[found.is_null().to_numpy(zero_copy_only=False)] = missing
    return items
