"""Values as plain JSON and buffers, the same on both sides whatever numpy and pandas they have.

``pack`` turns a value into a tree of tagged lists and a list of buffers, ``unpack`` turns it back. Neither
pickles anything: the versions of two pickles may differ, and the host must not run what a model returns.
"""

import datetime
import decimal
import math
import sys
from typing import Any


class Unsupported(Exception):
    """A value that cannot be carried; the message says which and where."""


def pack(value: Any) -> Any:
    """Return the tree and the buffers of a value. Raises Unsupported."""
    packer = Packer()
    return packer.tree(value, "value"), packer.buffers


def unpack(tree: Any, buffers: Any) -> Any:
    """Return the value of a tree and its buffers. Raises Unsupported, ValueError for what pack() never makes."""
    return _Unpacker(buffers).value(tree)


class Packer:
    """Collects the buffers of one value."""

    def __init__(self) -> None:
        self.buffers = []

    def tree(self, value: Any, place: Any) -> Any:
        """Return the tree of a value; ``place`` says where it stands, for errors."""
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        plain = _PLAIN.get(kind)
        if plain is not None:
            return plain(self, value, place)
        from . import arrays  # what nobody sends is not imported

        packed = arrays.pack(self, value, place)
        if packed is None:
            packed = self._subclass(value, place)
        return packed

    def _subclass(self, value: Any, place: Any) -> Any:
        for kind, plain in _PLAIN.items():
            if isinstance(value, kind):
                return plain(self, kind(value) if kind in (int, str, float, bytes) else value, place)
        raise Unsupported(
            "{}: a {}.{} cannot be carried".format(place, type(value).__module__, type(value).__name__)
        )

    def keep(self, buffer: Any) -> Any:
        """Keep a buffer and return its number."""
        self.buffers.append(buffer)
        return len(self.buffers) - 1


def _int(_: Any, value: Any, __: Any) -> Any:
    return value if -(2**53) < value < 2**53 else ["int", str(value)]


def _float(_: Any, value: Any, __: Any) -> Any:
    return value if math.isfinite(value) else ["float", repr(value)]


def _text(_: Any, value: Any, __: Any) -> Any:
    return ["s", value]


def _bytes(packer: Any, value: Any, _: Any) -> Any:
    return ["bytes", packer.keep(bytes(value)), "a" if isinstance(value, bytearray) else "b"]


def _list(packer: Any, value: Any, place: Any) -> Any:
    return ["list", [packer.tree(item, "{}[{}]".format(place, i)) for i, item in enumerate(value)]]


def _tuple(packer: Any, value: Any, place: Any) -> Any:
    return ["tuple", [packer.tree(item, "{}[{}]".format(place, i)) for i, item in enumerate(value)]]


def _set(packer: Any, value: Any, place: Any) -> Any:
    return ["set", [packer.tree(item, place) for item in value], isinstance(value, frozenset)]


def _dict(packer: Any, value: Any, place: Any) -> Any:
    pairs = [
        [packer.tree(key, "a key of " + place), packer.tree(item, "{}[{!r}]".format(place, key))]
        for key, item in value.items()
    ]
    return ["dict", pairs]


def _complex(_: Any, value: Any, __: Any) -> Any:
    return ["complex", repr(value.real), repr(value.imag)]


def _decimal(_: Any, value: Any, __: Any) -> Any:
    return ["decimal", str(value)]


def _datetime(_: Any, value: Any, place: Any) -> Any:
    zone = zone_of(value.tzinfo, place, value)
    bare = value.replace(tzinfo=None).isoformat()
    return ["datetime", bare, zone, getattr(value, "fold", 0)]


def _date(_: Any, value: Any, __: Any) -> Any:
    return ["date", value.isoformat()]


def _time(_: Any, value: Any, place: Any) -> Any:
    return ["time", value.replace(tzinfo=None).isoformat(), zone_of(value.tzinfo, place, None)]


def _timedelta(_: Any, value: Any, __: Any) -> Any:
    return ["timedelta", value.days, value.seconds, value.microseconds]


_PLAIN = {
    int: _int,
    float: _float,
    str: _text,
    bytes: _bytes,
    bytearray: _bytes,
    list: _list,
    tuple: _tuple,
    dict: _dict,
    set: _set,
    frozenset: _set,
    complex: _complex,
    decimal.Decimal: _decimal,
    datetime.datetime: _datetime,
    datetime.date: _date,
    datetime.time: _time,
    datetime.timedelta: _timedelta,
}


def zone_of(zone: Any, place: Any, moment: Any) -> Any:
    """Return a zone as data: a name of the IANA database, or an offset in seconds; None for none."""
    if zone is None:
        return None
    if zone is datetime.timezone.utc:
        return "UTC"
    name = getattr(zone, "key", None) or getattr(zone, "zone", None)
    if isinstance(name, str):
        return name
    offset = zone.utcoffset(moment)
    if offset is None or (moment is None and not isinstance(zone, datetime.timezone)):
        raise Unsupported("{}: the time zone {!r} has no name".format(place, zone))
    return offset.total_seconds()


def zone_from(data: Any) -> Any:
    """Return the zone that zone_of() made data of, by whatever this side has for it."""
    if data is None:
        return None
    if data == "UTC":
        return datetime.timezone.utc
    if isinstance(data, (int, float)):
        return datetime.timezone(datetime.timedelta(seconds=data))
    try:
        import zoneinfo

        return zoneinfo.ZoneInfo(data)
    except Exception:
        pass
    try:
        import pytz

        return pytz.timezone(data)
    except Exception:
        pass
    try:
        from dateutil import tz

        found = tz.gettz(data)
        if found is not None:
            return found
    except Exception:
        pass
    raise Unsupported("nothing here knows the time zone {}".format(data))


class _Unpacker:
    def __init__(self, buffers: Any) -> None:
        self.buffers = buffers

    def value(self, tree: Any) -> Any:
        if not isinstance(tree, list):
            return tree
        tag = tree[0]
        known = getattr(self, "_" + tag, None) if tag.isidentifier() else None
        if known is not None:
            return known(*tree[1:])
        from . import arrays

        return arrays.unpack(self, tree)

    def buffer(self, number: Any) -> Any:
        """Return a buffer that the caller may keep."""
        return self.buffers[number]

    def _int(self, text: Any) -> Any:
        return int(text)

    def _float(self, text: Any) -> Any:
        return float(text)

    def _s(self, text: Any) -> Any:
        return text

    def _bytes(self, number: Any, kind: Any) -> Any:
        return bytearray(self.buffers[number]) if kind == "a" else bytes(self.buffers[number])

    def _list(self, items: Any) -> Any:
        return [self.value(item) for item in items]

    def _tuple(self, items: Any) -> Any:
        return tuple([self.value(item) for item in items])

    def _set(self, items: Any, frozen: Any) -> Any:
        return (frozenset if frozen else set)([self.value(item) for item in items])

    def _dict(self, pairs: Any) -> Any:
        return dict([(self.value(key), self.value(item)) for key, item in pairs])

    def _complex(self, real: Any, imag: Any) -> Any:
        return complex(float(real), float(imag))

    def _decimal(self, text: Any) -> Any:
        return decimal.Decimal(text)

    def _datetime(self, text: Any, zone: Any, fold: Any) -> Any:
        moment = parse_moment(text).replace(fold=fold)
        known = zone_from(zone)
        if known is None:
            return moment
        localize = getattr(known, "localize", None)
        return localize(moment, is_dst=not fold) if localize else moment.replace(tzinfo=known)

    def _date(self, text: Any) -> Any:
        return datetime.datetime.strptime(text, "%Y-%m-%d").date()

    def _time(self, text: Any, zone: Any) -> Any:
        moment = parse_moment("2000-01-01T" + text)
        return moment.time().replace(tzinfo=zone_from(zone))

    def _timedelta(self, days: Any, seconds: Any, microseconds: Any) -> Any:
        return datetime.timedelta(days, seconds, microseconds)


def parse_moment(text: Any) -> Any:
    """Return what isoformat() wrote; Python 3.6 has no fromisoformat()."""
    form = "%Y-%m-%dT%H:%M:%S.%f" if "." in text else "%Y-%m-%dT%H:%M:%S"
    return datetime.datetime.strptime(text, form)


NATIVE = "<" if sys.byteorder == "little" else ">"
"""numpy's letter for this host's byte order; both sides are on one host."""
