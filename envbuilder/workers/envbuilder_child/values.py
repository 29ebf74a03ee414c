"""Values as plain JSON and buffers, the same on both sides whatever numpy and pandas they have.

``pack`` turns a value into a tree of tagged lists and a list of buffers, ``unpack`` turns it back. Neither
pickles anything: the versions of two pickles may differ, and the host must not run what a model returns.
"""

import datetime
import decimal
import math
import re
from array import array
from typing import Any, Dict, List

from . import arrow, strings, zones
from .faults import Unsupported

_SURROGATE = re.compile("[\ud800-\udfff]")
"""JSON would make one character of two halves that stand side by side."""


def pack(value: Any, enough: Any = None) -> Any:
    """Return the tree and the buffers of a value. Raises Unsupported.

    ``enough``: from how many texts on the other side wants them as Arrow has them; None for never.
    """
    packer = Packer(enough)
    try:
        return packer.tree(value), packer.buffers
    except RecursionError:
        raise Unsupported("it is nested too deeply, or holds itself")


def unpack(tree: Any, buffers: Any) -> Any:
    """Return the value of a tree and its buffers; arrays in it are views of the buffers.

    Raises ValueError for what pack() never makes: the other side is not trusted. Unsupported is one.
    """
    try:
        return Unpacker(buffers).value(tree)
    except ValueError:
        raise
    except Exception as error:
        raise ValueError("no value: {}: {}".format(type(error).__name__, error))


class Packer:
    """Collects the buffers of one value."""

    def __init__(self, enough: Any = None) -> None:
        self.buffers: List[Any] = []
        self.enough = enough

    def tree(self, value: Any) -> Any:
        """Return the tree of a value."""
        if value is None or value is True or value is False:
            return value
        plain = _PACKERS.get(type(value))
        if plain is not None:
            return plain(self, value)
        from . import arrays  # what nobody sends is not imported

        packed = arrays.pack(self, value)
        return self._subclass(value) if packed is None else packed

    def _subclass(self, value: Any) -> Any:
        for kind, plain in _PACKERS.items():
            if isinstance(value, kind):
                return plain(self, _BASES[kind](value) if kind in _BASES else value)
        raise Unsupported("a {}.{} cannot be carried".format(type(value).__module__, type(value).__name__))

    def keep(self, buffer: Any) -> int:
        """Keep a buffer and return its number."""
        self.buffers.append(buffer)
        return len(self.buffers) - 1

    def sequence(self, items: Any) -> Any:
        """Return the tree of a list's items: one buffer if all are alike, else tree by tree."""
        kinds = set(map(type, items))
        if kinds == {float}:
            return ["floats", self.keep(array("d", items))]
        if kinds == {int}:
            try:
                return ["ints", self.keep(array("q", items))]
            except OverflowError:
                pass
        if str in kinds and not any(issubclass(kind, str) for kind in kinds - {str}):
            packed = arrow.pack(self, items, kinds) or strings.pack(self, items)
            if packed is not None:
                return packed
        if kinds <= _DATES and datetime.date in kinds:
            return ["dates", self.keep(array("i", [item.toordinal() if item else 0 for item in items]))]
        return ["items", self._trees(items)]

    def _trees(self, items: Any) -> Any:
        trees: List[Any] = []
        try:
            for item in items:
                trees.append(self.tree(item))
        except Unsupported as error:
            raise error.inside("[{}]".format(len(trees)))
        return trees


def _int(_: Any, value: Any) -> Any:
    # Decimal digits of long numbers take long, and newer Pythons refuse them.
    return value if -(2**63) <= value < 2**63 else ["int", hex(value)]


def _float(_: Any, value: Any) -> Any:
    return value if math.isfinite(value) else ["float", repr(value)]


def _text(packer: Any, value: Any) -> Any:
    if _SURROGATE.search(value):
        return ["raw", packer.keep(value.encode("utf-8", "surrogatepass"))]
    return ["s", value]


def _bytes(packer: Any, value: Any) -> Any:
    return ["bytearray" if isinstance(value, bytearray) else "bytes", packer.keep(bytes(value))]


def _dict(packer: Any, value: Any) -> Any:
    keys = list(value)
    number = 0
    try:
        packed = []
        for key in keys:
            packed.append(packer.tree(value[key]))
            number += 1
    except Unsupported as error:
        raise error.inside("[{!r}]".format(keys[number]))
    return ["dict", packer.sequence(keys), packed]


def _datetime(_: Any, value: Any) -> Any:
    parts = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
    return ["datetime", parts, zones.packed(value.tzinfo, value), zones.fold(value)]


def _time(_: Any, value: Any) -> Any:
    parts = [value.hour, value.minute, value.second, value.microsecond]
    return ["time", parts, zones.packed(value.tzinfo, None), value.fold]


_PACKERS: Dict[Any, Any] = {
    int: _int,
    float: _float,
    str: _text,
    bytes: _bytes,
    bytearray: _bytes,
    list: lambda packer, value: ["list", packer.sequence(value)],
    tuple: lambda packer, value: ["tuple", packer.sequence(value)],
    dict: _dict,
    set: lambda packer, value: ["set", packer.sequence(list(value))],
    frozenset: lambda packer, value: ["frozenset", packer.sequence(list(value))],
    complex: lambda _, value: ["complex", repr(value.real), repr(value.imag)],
    decimal.Decimal: lambda _, value: ["decimal", str(value)],
    datetime.datetime: _datetime,
    datetime.date: lambda _, value: ["date", [value.year, value.month, value.day]],
    datetime.time: _time,
    datetime.timedelta: lambda _, value: ["timedelta", [value.days, value.seconds, value.microseconds]],
}
_DATES = {datetime.date, type(None)}

_BASES: Dict[Any, Any] = {int: int, str: str.__str__, float: float, bytes: bytes}
"""Kinds whose subclasses (enumerations, say) are sent as what they are based on."""


class Unpacker:
    """Reads trees; ``buffers`` are those of the frame, and stay its own."""

    def __init__(self, buffers: Any) -> None:
        self.buffers = buffers

    def value(self, tree: Any) -> Any:
        """Return the value of a tree."""
        if not isinstance(tree, list):
            if isinstance(tree, (str, dict)):
                raise ValueError("no value: a bare {}".format(type(tree).__name__))
            return tree
        reader = _READERS.get(tree[0])
        if reader is not None:
            return reader(self, *tree[1:])
        from . import arrays

        return arrays.unpack(self, tree)

    def buffer(self, number: Any) -> Any:
        """Return a buffer that the value may keep."""
        if not isinstance(number, int) or number < 0:
            raise ValueError("no number of a buffer: {!r}".format(number))
        return self.buffers[number]

    def raw(self, number: Any) -> bytes:
        """Return a copy of a buffer."""
        return bytes(memoryview(self.buffer(number)))

    def sequence(self, tree: Any) -> Any:
        """Return the list that Packer.sequence() took."""
        tag = tree[0]
        if tag == "items":
            return [self.value(item) for item in tree[1]]
        if tag == "texts":
            return strings.unpack(self, tree)
        if tag == "arrow":
            return arrow.objects(self, *tree[1:]).tolist()
        found = array({"floats": "d", "ints": "q", "dates": "i"}[tag])
        found.frombytes(self.raw(tree[1]))
        if tag == "dates":
            return [datetime.date.fromordinal(day) if day else None for day in found]
        return found.tolist()


def _read_dict(unpacker: Any, keys: Any, items: Any) -> Any:
    found = unpacker.sequence(keys)
    if len(found) != len(items):
        raise ValueError("a dict of {} keys with {} values".format(len(found), len(items)))
    return dict(zip(found, [unpacker.value(item) for item in items]))


def _read_datetime(_: Any, parts: Any, zone: Any, fold: Any) -> Any:
    return zones.placed(datetime.datetime(*parts, fold=fold), zones.unpacked(zone))


def _read_time(_: Any, parts: Any, zone: Any, fold: Any) -> Any:
    return datetime.time(*parts).replace(tzinfo=zones.unpacked(zone), fold=fold)


_READERS: Dict[Any, Any] = {
    "int": lambda _, text: int(text, 16),
    "float": lambda _, text: float(text),
    "s": lambda _, text: str(text),
    "raw": lambda unpacker, number: unpacker.raw(number).decode("utf-8", "surrogatepass"),
    "bytes": lambda unpacker, number: unpacker.raw(number),
    "bytearray": lambda unpacker, number: bytearray(unpacker.raw(number)),
    "list": lambda unpacker, tree: unpacker.sequence(tree),
    "tuple": lambda unpacker, tree: tuple(unpacker.sequence(tree)),
    "set": lambda unpacker, tree: set(unpacker.sequence(tree)),
    "frozenset": lambda unpacker, tree: frozenset(unpacker.sequence(tree)),
    "dict": _read_dict,
    "complex": lambda _, real, imag: complex(float(real), float(imag)),
    "decimal": lambda _, text: decimal.Decimal(text),
    "datetime": _read_datetime,
    "date": lambda _, parts: datetime.date(*parts),
    "time": _read_time,
    "timedelta": lambda _, parts: datetime.timedelta(*parts),
}
