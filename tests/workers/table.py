"""The table of dtypes: every kind of value, and what comes back where a side is too old to hold it."""

from __future__ import annotations

import datetime
import decimal
import zoneinfo
from dataclasses import dataclass
from typing import Any

import numpy
import pandas

SAME = object()
REFUSED = object()
"""The value cannot be held there, and the call says so."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """A value, and what an identity model returns: with pandas 2.3, 1.2 and 0.25."""

    value: Any
    new: Any = SAME
    old: Any = SAME
    oldest: Any = SAME


def frame(columns: dict[Any, Any], **options: Any) -> pandas.DataFrame:
    """A frame whose columns have an index of objects, which all versions have."""
    made = pandas.DataFrame(columns, **options)
    return made.set_axis(pandas.Index(list(columns), dtype=object), axis="columns")


def series(values: Any, dtype: Any = None, **options: Any) -> pandas.Series[Any]:
    return pandas.Series(values, dtype=dtype, **options)


def moments(*texts: str | None, unit: str = "ns", zone: Any = None) -> pandas.Series[Any]:
    made = series(
        pandas.to_datetime(list(texts), utc=zone is not None), f"M8[{unit}]" if zone is None else None
    )
    return made if zone is None else made.dt.as_unit(unit).dt.tz_convert(zone)


UTC = datetime.timezone.utc
BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
INDIA = datetime.timezone(datetime.timedelta(hours=5, minutes=30))

PLAIN: dict[str, Any] = {
    "none": None,
    "truth": [True, False],
    "int": 3,
    "huge ints": [2**63, -(2**200), 10**5000],
    "floats": [1.5, -0.0, 5e-324, float("nan"), float("inf"), float("-inf")],
    "many floats": [0.1] * 20,
    "many ints": list(range(-10, 10)),
    "mixed list": [1, "a", None, [2.5, b""]],
    "texts": ["", "ü€😀", "\0", "\u2028"],
    "texts with gaps": ["a", None, float("nan")],
    "lone surrogates": ["a\ud800", "\udc00"],
    "surrogates that are no pair": "\ud83d\ude00",
    "bytes": b"\0\xff",
    "bytearray": bytearray(b"x"),
    "tuple": (1, (2, ())),
    "sets": [{1}, frozenset("a"), set()],
    "dict": {"a": [1], 2: {"b": None}, (1, 2): b"", None: {}},
    "decimals": [decimal.Decimal("1.10"), decimal.Decimal("-Infinity"), decimal.Decimal("1e-999")],
    "dates": [datetime.date(1, 1, 1), datetime.date(9999, 12, 31)],
    "times": [datetime.time(1, 2, 3, 4), datetime.time(1, tzinfo=INDIA)],
    "datetimes": [datetime.datetime(1, 1, 1), datetime.datetime(2020, 1, 2, 3, 4, 5, 6, UTC)],  # noqa: DTZ001
    "datetime of a zone": datetime.datetime(2020, 7, 2, tzinfo=BERLIN),
    "datetime that is there twice": datetime.datetime(2020, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
    "datetime with an offset": datetime.datetime(2020, 1, 2, tzinfo=INDIA),
    "timedeltas": [datetime.timedelta(days=-1, microseconds=5), datetime.timedelta.max],
    "complex": complex(1, -2),
}

NUMBERS = [
    "?",
    "i1",
    "i2",
    "i4",
    "i8",
    "u1",
    "u2",
    "u4",
    "u8",
    "f2",
    "f4",
    "f8",
    "g",
    "c8",
    "c16",
    ">i4",
    ">f8",
    ">c8",
    ">u2",
    "S3",
    "U3",
    "V4",
]
TIMES = ["M8[Y]", "M8[D]", "M8[s]", "M8[ns]", "M8[25us]", "m8[h]", "m8[us]", ">M8[ms]"]

ARRAYS: dict[str, Any] = {
    **{f"array {kind}": numpy.arange(6).astype(kind).reshape(2, 3) for kind in NUMBERS if kind != "V4"},
    **{f"array {kind}": numpy.arange(6).astype("i8").view("i8").astype(kind) for kind in TIMES},
    "array V4": numpy.arange(3, dtype="i4").view("V4"),
    "array with NaT": numpy.array(["NaT", "2020"], "M8[s]"),
    "array in the order of Fortran": numpy.asfortranarray(numpy.arange(6.0).reshape(2, 3)),
    "array with strides": numpy.arange(10)[::-3],
    "array of one": numpy.array(3.5),
    "array of none": numpy.zeros((0, 3), "f4"),
    "array of empty texts": numpy.array(["", ""], "U1"),
    "array of texts": numpy.array([["a", "ü😀"]]),
    "array of objects": numpy.array([1, "a", None, [1, (2,)]], dtype=object),
    "array of texts as objects": numpy.array([["a", None], ["b", "c"]], dtype=object),
    "array of structures": numpy.array([(1, 2.5, b"a"), (3, 4.5, b"b")], "<i4,>f8,S2"),
    "array of padded structures": numpy.zeros(2, numpy.dtype({"names": ["a"], "formats": ["f8"], "offsets": [8], "itemsize": 24})),
    "array of nested structures": numpy.zeros(2, [("a", [("b", "i1"), ("c", "U2")]), ("d", "f4", (2, 2))]),
    "tensor": numpy.arange(120, dtype="f4").reshape(2, 3, 4, 5),
    "dict of arrays": {"a": numpy.arange(3), "b": numpy.eye(2)},
    "list of arrays": [numpy.arange(2), numpy.arange(3.0)],
    "numpy scalars": [numpy.float32(1.1), numpy.int64(-3), numpy.bool_(True), numpy.longdouble("1.1"), numpy.complex64(1j)],
    "numpy times": [numpy.datetime64("2020-01-01", "s"), numpy.timedelta64(3, "D"), numpy.datetime64("NaT")],
    "numpy texts": [numpy.str_("ü"), numpy.bytes_(b"a")],
    "numpy structure": numpy.zeros(1, "i4,f8")[0],
}  # fmt: skip

SCALARS: dict[str, Any] = {
    "Timestamp": pandas.Timestamp(1577840523123456789),
    "Timestamp of a zone": pandas.Timestamp(1577840523123456789, tz="Europe/Berlin"),
    "Timestamp with an offset": pandas.Timestamp("2020-01-01T00:00+05:30").as_unit("ns"),
    "Timedelta": pandas.Timedelta(-1, "ns"),
    "Period": pandas.Period("2020-01", "M"),
    "Interval": pandas.Interval(0, 1.5, "left"),
    "NaT": pandas.NaT,
    "NaT in a list": [pandas.NaT, 1],
}

COLUMNS: dict[str, Any] = {
    "floats": frame({"a": [1.0, numpy.nan], "b": [-0.0, numpy.inf]}),
    "rows first": pandas.DataFrame(numpy.arange(6.0).reshape(2, 3)),
    "ints with NaN": frame({"a": [1, None, 3]}),
    "numbers": frame({"i": [1, 2], "f": [1.5, numpy.nan], "b": [True, False], "j": [3, 4]}),
    "small numbers": frame({"a": numpy.array([1], "i1"), "b": numpy.array([1], "u2"), "c": numpy.array([1], "f4"), "d": numpy.array([1j], "c8")}),
    "not native": frame({"a": numpy.array([1, 2], ">f8"), "b": numpy.array([1, 2], ">i4")}),
    "objects": frame({"a": series([1, "a"], object), "b": series([{"a": [1]}, [1, (2,)]], object), "c": series([b"a", None], object)}),
    "decimals and dates": frame({"a": series([decimal.Decimal(1), None], object), "b": series([datetime.date(2020, 1, 1), None], object)}),
    "arrays in cells": frame({"a": series([numpy.arange(2), numpy.arange(3.0)], object)}),
    "texts as objects": frame({"a": series(["a", "ü"], object), "b": series(["a", None], object), "c": series([numpy.nan, "b"], object)}),
    "no columns": pandas.DataFrame(index=[1, 2, 3]).set_axis(pandas.RangeIndex(0), axis="columns"),
    "no rows": frame({"a": series([], "i4"), "b": series([], object), "c": series([], "M8[ns]")}),
    "nothing": pandas.DataFrame(index=pandas.RangeIndex(0), columns=pandas.RangeIndex(0)),
    "names twice": pandas.DataFrame([[1, 2.0, 3]], columns=pandas.Index(["x", "x", "y"], dtype=object)),
    "names that are numbers": pandas.DataFrame([[1, 2]], columns=[10, 20]),
    "names of all kinds": pandas.DataFrame([[1, 2, 3]], columns=pandas.Index([1, "a", ("b", 2)], dtype=object, tupleize_cols=False)),
    "MultiIndex": frame({"v": [1, 2]}, index=pandas.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["k", None]).set_levels(pandas.Index(["a", "b"], dtype=object), level=0)),
    "MultiIndex with gaps": series([1, 2], index=pandas.MultiIndex.from_arrays([[1.0, numpy.nan], [1, 2]])),
    "MultiIndex of columns": pandas.DataFrame([[1, 2]], columns=pandas.MultiIndex.from_tuples([(1, 2), (1, 3)])),
    "index of times": frame({"v": [1, 2]}, index=pandas.DatetimeIndex(moments("2020-01-01", None), name="t")),
    "index of categories": series([1, 2], index=pandas.CategoricalIndex([1, 2])),
    "series": series([1.5, 2.0], index=[3, 5], name="n"),
    "series with a tuple's name": series([1], name=("a", 1)),
    "index": pandas.Index([1, 2], name="x"),
    "range": pandas.RangeIndex(1, 10, 3, name=3),
    "Int64": series([1, None], "Int64"),
    "Int64 without gaps": series([1, 2**62 + 1], "Int64"),
    "UInt8": series([1, None], "UInt8"),
    "IntegerArray": pandas.array([1, None], dtype="Int64"),
    "times": moments("2020-01-01T01:02:03.123456789", None),
    "times in UTC": moments("2020-01-01", None, zone="UTC"),
    "times of a zone": moments("2020-10-25T00:30", "2020-10-25T01:30", None, zone="Europe/Berlin"),
    "times with an offset": moments("2020-01-01", zone=INDIA),
    "timedeltas": series([1, None], "m8[ns]"),
    "categories": series(pandas.Categorical([1, None, 3], categories=[3, 1, 2])),
    "categories in order": series(pandas.Categorical.from_codes([0, -1, 1], categories=pandas.Index(["b", "a"], dtype=object), ordered=True)),
    "categories of intervals": pandas.cut(series([1, 5, 9]), [0, 2, 6]),
    "Categorical": pandas.Categorical([1, 2]),
    "months": series(pandas.PeriodIndex(["2020-01", None], freq="M")),
    "years": series(pandas.period_range("2020", periods=2, freq="Y")),
    "hours": series(pandas.period_range("2020", periods=2, freq="h")),
    "minutes": series(pandas.period_range("2020", periods=2, freq="15min")),
    "intervals": series(pandas.IntervalIndex.from_breaks([0, 1, 2], closed="left")),
    "intervals of times": series(pandas.IntervalIndex.from_breaks(pandas.DatetimeIndex(moments("2020", "2021")))),
    "sparse": series(pandas.arrays.SparseArray([0, 0, 1])),
    "sparse floats": frame({"a": pandas.arrays.SparseArray([numpy.nan, 1.0]), "b": [1, 2]}),
}  # fmt: skip

CHANGED: dict[str, Case] = {
    "NA": Case(value=pandas.NA, oldest=float("nan")),
    "objects with NA": Case(value=series(["a", pandas.NA, None], object), oldest=series(["a", None, None], object)),
    "StringDType": Case(
        value=numpy.array(["a", "bü"], numpy.dtypes.StringDType()),
        old=numpy.array(["a", "bü"], object),
        oldest=numpy.array(["a", "bü"], object),
    ),
    "str, as pandas 3 has it": Case(
        value=series(["a", None], "str" if pandas.__version__ >= "3" else object),
        new=series(["a", numpy.nan if pandas.__version__ >= "3" else None], object),
        old=series(["a", numpy.nan if pandas.__version__ >= "3" else None], object),
        oldest=series(["a", numpy.nan if pandas.__version__ >= "3" else None], object),
    ),
    "names, as pandas 3 has them": Case(
        value=pandas.DataFrame([[1]], columns=["a"]),
        **dict.fromkeys(("new", "old", "oldest"), frame({"a": [1]})),
    ),
    "string": Case(value=series(["a", None], "string"), oldest=series(["a", None], object)),
    "boolean": Case(value=series([True, None], "boolean"), oldest=series([True, None], object)),
    "boolean without gaps": Case(value=series([True], "boolean"), oldest=series([True])),
    "Float32": Case(value=series([1.5, None], "Float32"), oldest=series([1.5, numpy.nan])),
    "Float32 without gaps": Case(value=series([1.5], "Float32"), oldest=series([1.5], "f4")),
    "seconds": Case(value=moments("2020", unit="s"), old=moments("2020"), oldest=moments("2020")),
    "microseconds of a zone": Case(
        value=moments("2020", unit="us", zone="UTC"),
        old=moments("2020", zone="UTC"),
        oldest=moments("2020", zone="UTC"),
    ),
    "long durations": Case(value=series([3], "m8[s]"), old=series([3 * 10**9], "m8[ns]"), oldest=series([3 * 10**9], "m8[ns]")),
    "times beyond nanoseconds": Case(value=series(numpy.array(["3020"], "M8[s]")), old=REFUSED, oldest=REFUSED),
    "Timestamp of a second": Case(
        value=pandas.Timestamp("2020").as_unit("s"),
        old=pandas.Timestamp("2020").as_unit("ns"),
        oldest=pandas.Timestamp("2020").as_unit("ns"),
    ),
    "small index": Case(
        value=pandas.Index([1, 2], dtype="i1"),
        old=pandas.Index([1, 2], dtype="i8"),
        oldest=pandas.Index([1, 2], dtype="i8"),
    ),
}  # fmt: skip

CASES: dict[str, Case] = {
    **{name: Case(value=value) for part in (PLAIN, ARRAYS, SCALARS, COLUMNS) for name, value in part.items()},
    **CHANGED,
}


def described(value: Any) -> str:
    """Say everything of a value: its type, dtype, shape, axes, and each item."""
    match value:
        case pandas.DataFrame():
            columns = [described(value.iloc[:, place].array) for place in range(value.shape[1])]
            return f"frame {value.shape} {columns} {described(value.columns)} {described(value.index)}"
        case pandas.Series():
            return f"series {described(value.array)} {described(value.index)} {value.name!r}"
        case pandas.MultiIndex():
            return f"multi {[described(level) for level in value.levels]} {list(value)} {list(value.names)}"
        case pandas.Index() | pandas.api.extensions.ExtensionArray():
            return f"{type(value).__name__} {value.dtype!r} {[described(item) for item in value]}"
        case numpy.ndarray():
            fortran = value.flags.f_contiguous and not value.flags.c_contiguous
            return f"array {value.dtype.descr if value.dtype.names else value.dtype} {value.shape} {fortran} {described(value.tolist())}"
        case numpy.generic():
            return f"{type(value).__name__} {value.dtype} {value!r}"
        case dict():
            return f"dict {[(described(key), described(item)) for key, item in value.items()]}"
        case set() | frozenset():
            return f"{type(value).__name__} {sorted(described(item) for item in value)}"
        case list() | tuple():
            return f"{type(value).__name__} {[described(item) for item in value]}"
    if isinstance(value, int) and abs(value) >= 2**64:
        return hex(value)
    return f"{type(value).__name__} {value!r} {getattr(value, 'fold', '')}"
