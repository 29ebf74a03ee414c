"""Values as trees and buffers: exact on the way there and back, and nothing else gets through."""

from __future__ import annotations

import ast
import contextlib
import datetime
import enum
import http
import json
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import numpy
import pandas
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from envbuilder.workers.envbuilder_child import values, wire
from envbuilder.workers.envbuilder_child.faults import Closed, Unsupported
from tests.workers.table import CASES, described

CHILD = Path(values.__file__).parent


def over(tree: Any, buffers: list[Any]) -> tuple[Any, list[Any]]:
    """Send a frame through a real socket."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        sender = threading.Thread(target=wire.send, args=(ours.sendall, tree, buffers))
        sender.start()
        head, made = wire.Reader(theirs.recv_into).frame()
        sender.join()
    return head, made


def there_and_back(value: Any, enough: int | None = None) -> Any:
    return values.unpack(*over(*values.pack(value, enough)))


FORMS = pytest.mark.parametrize("enough", [None, 1], ids=["plain", "arrow"])


@FORMS
@pytest.mark.parametrize("name", CASES)
def test_the_same_versions_lose_nothing(name: str, enough: int | None) -> None:
    assert described(there_and_back(CASES[name].value, enough)) == described(CASES[name].value)


def by_arrow(value: Any, enough: int | None = 1) -> bool:
    return '"arrow"' in json.dumps(values.pack(value, enough)[0])


@pytest.mark.parametrize(
    "name",
    [
        "texts", "texts as objects", "array of texts as objects", "str, as pandas 3 has it", "string",
        "names, as pandas 3 has them", "categories in order", "StringDType",
    ],
)  # fmt: skip
def test_arrow_takes_texts_where_the_other_side_wants_it(name: str) -> None:
    value = CASES[name].value
    assert (by_arrow(value), by_arrow(value, None), by_arrow(value, 1000)) == (True, False, False)


@pytest.mark.parametrize(
    "items",
    [
        ["a\ud800"],
        ["a", None, float("nan")],
        ["a", pandas.NA],
        ["a", 1.5],
        ["a", numpy.str_("b")],
        ["a", b"b"],
        ["a", 1],
        [None],
    ],
    ids=repr,
)
def test_what_arrow_would_change_goes_the_plain_way(items: Any) -> None:
    assert not by_arrow(items)
    assert described(there_and_back(items, 1)) == described(items)


def test_without_pyarrow_texts_are_refused_and_none_are_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    tree, buffers = values.pack(["a", "b"], 1)
    monkeypatch.delitem(sys.modules, "pyarrow")
    assert not by_arrow(["a", "b"])
    with pytest.raises(ValueError, match="no pyarrow"):
        values.unpack(tree, buffers)


class Colour(str, enum.Enum):
    RED = "red"


def test_a_subclass_is_sent_as_what_it_is_based_on() -> None:
    value = [Colour.RED, "a", {Colour.RED: http.HTTPStatus.OK}]
    for enough in (None, 1):
        assert described(there_and_back(value, enough)) == described(["red", "a", {"red": 200}])
    assert described(there_and_back(["a", Colour.RED], 1)) == described(["a", "red"])


@pytest.mark.parametrize("gap", [None, float("nan"), pandas.NA], ids=repr)
@pytest.mark.parametrize("dtype", [object, "str", "string"])
def test_parts_of_long_columns_go_alone(dtype: Any, gap: Any) -> None:
    column = pandas.Series(["ü", gap, "", "abc"] * 50, dtype=dtype)[3:90:1]
    tree, buffers = values.pack(column, 1)
    assert described(values.unpack(tree, buffers)) == described(column)
    assert sum(memoryview(buffer).nbytes for buffer in buffers) < 1000


TEXTS = st.text(st.characters(), max_size=20)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.binary(max_size=20) | st.decimals()
    | st.dates() | st.times() | st.datetimes(timezones=st.none() | st.timezones()) | st.timedeltas()
    | st.complex_numbers()
)  # fmt: skip
HASHABLE = st.none() | st.booleans() | st.integers() | TEXTS | st.dates()
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(HASHABLE, inner)
    | st.sets(HASHABLE) | st.frozensets(HASHABLE),
    max_leaves=20,
)  # fmt: skip


def same_zone(value: Any) -> Any:
    """A zone of UTC by any name is the one UTC; all else stays."""
    if isinstance(value, datetime.datetime) and str(value.tzinfo) == "UTC":
        return value.replace(tzinfo=datetime.timezone.utc)
    if isinstance(value, dict):
        return {key: same_zone(item) for key, item in value.items()}
    return type(value)(map(same_zone, value)) if isinstance(value, (list, tuple)) else value


@given(VALUES)
@settings(deadline=None)
def test_any_plain_value_comes_back(value: Any) -> None:
    assert described(there_and_back(value)) == described(same_zone(value))


DTYPES = (
    arrays.scalar_dtypes() | arrays.unicode_string_dtypes() | arrays.byte_string_dtypes()
    | arrays.nested_dtypes(max_itemsize=100)
)  # fmt: skip


@given(arrays.arrays(DTYPES, arrays.array_shapes(min_dims=0, min_side=0, max_dims=4, max_side=4)))
@settings(deadline=None)
def test_any_array_comes_back(array: Any) -> None:
    back = there_and_back(array)
    assert (back.dtype, back.shape, back.tobytes()) == (array.dtype, array.shape, array.tobytes())


@given(st.lists(st.lists(TEXTS | st.none() | st.just(pandas.NA), min_size=3, max_size=3)))
def test_any_texts_come_back(rows: Any) -> None:
    frame = pandas.DataFrame(rows, columns=[0, 1, 2], dtype=object)
    assert described(there_and_back(frame)) == described(frame)
    assert described(there_and_back(frame, 1)) == described(frame)


@given(st.lists(st.none() | st.dates()))
def test_any_dates_come_back(dates: Any) -> None:
    assert described(there_and_back(dates)) == described(dates)


def test_many_texts_are_cut_in_parts() -> None:
    texts = ["a", "😀", "", "ü\ud800"] * 40_000
    assert there_and_back(texts) == texts
    assert there_and_back([*texts, None]) == [*texts, None]


def test_arrays_are_not_copied_and_can_be_written_to() -> None:
    array = numpy.arange(1000.0)
    _, buffers = values.pack(array)
    assert numpy.shares_memory(numpy.frombuffer(buffers[0], "f8"), array)
    back = there_and_back(array)
    back[0] = 5


class Own:
    pass


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": [1, Own()]}, r"value\['a'\]\[1\]: a .*Own cannot be carried"),
        (pandas.DataFrame({"x": [1], "y": [Own()]}), r"value\['y'\]\[0\]: a .*Own"),
        (numpy.ma.masked_array([1], [True]), "mask"),
        (numpy.zeros(1, [("a", object)]), "structures with objects"),
        (datetime.time(1, tzinfo=type("Z", (datetime.tzinfo,), {})()), "time zone"),
    ],
)
def test_what_cannot_be_carried_is_named_with_its_place(value: Any, message: str) -> None:
    with pytest.raises(Unsupported, match=message):
        values.pack(value)


def test_what_holds_itself_is_told() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(Unsupported, match="holds itself"):
        values.pack(loop)


TAGS = sorted(
    {
        tag
        for case in CASES.values()
        for enough in (None, 1)
        for tag in json.dumps(values.pack(case.value, enough)[0]).split('"')
    }
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(TAGS) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=30,
)
BUFFERS = st.lists(st.binary(max_size=64).map(bytearray), max_size=4)


@given(JSON, BUFFERS)
@settings(deadline=None, max_examples=100)
@pytest.mark.filterwarnings("ignore")
def test_what_is_no_value_is_a_value_error(tree: Any, buffers: Any) -> None:
    with contextlib.suppress(ValueError):
        values.unpack(tree, buffers)


@st.composite
def spoilt(draw: Any) -> tuple[Any, list[Any]]:
    """A true value with one part of its tree, or of its bytes, exchanged."""
    value = CASES[draw(st.sampled_from(sorted(CASES)))].value
    tree, buffers = values.pack(value, draw(st.sampled_from([None, 1])))
    tree = json.loads(json.dumps(tree))
    kept = [bytearray(memoryview(buffer).cast("B")) for buffer in buffers]
    if kept and draw(st.booleans()):
        kept[draw(st.integers(0, len(kept) - 1))] = bytearray(draw(st.binary(max_size=80)))
        return tree, kept
    node = tree
    while isinstance(node, list) and node:
        place = draw(st.integers(0, len(node) - 1))
        if not isinstance(node[place], list) or draw(st.booleans()):
            node[place] = draw(JSON)
            break
        node = node[place]
    return tree, kept


@given(spoilt())
@settings(deadline=None, max_examples=200)
@pytest.mark.filterwarnings("ignore")
def test_a_spoilt_value_is_another_value_or_a_value_error(spoilt: tuple[Any, list[Any]]) -> None:
    with contextlib.suppress(ValueError):
        described(values.unpack(*spoilt))


@pytest.mark.parametrize(
    ("tree", "buffers", "message"),
    [
        (["array", "|b1", [2], "C", 0], [bytearray(b"\1\2")], "neither 0 nor 1"),
        (["array", "<U1", [1], "C", 0], [bytearray(b"\xff\xff\xff\x7f")], "does not exist"),
        (["array", "|O", [1], "C", 0], [bytearray(8)], "no dtype"),
        (["array", "|V0", [2**40], "C", 0], [bytearray()], "no size"),
        (["list", ["texts", 0, [1], None]], [b"\xff" * 8, b"abc"], "wrong lengths"),
        (["list", ["dates", 0]], [b"\xff" * 4], "ordinal"),
        (["list", ["arrow", 1, 1, [None, 0, 1]]], [numpy.array([0, 9]).tobytes(), b"abc"], "ffset"),
        (["list", ["arrow", 2, 1, [None, 0, 1]]], [numpy.array([0, 9]).tobytes(), b"abc"], "ffset"),
        (["list", ["arrow", 1, 1, [None, 0, 1]]], [numpy.array([0, 1]).tobytes(), b"\xff"], "UTF8"),
        (
            ["list", ["arrow", 2**60, 1, [None, 0, 1]]],
            [numpy.array([0, 9]).tobytes(), b"abc"],
            "large length",
        ),
        (["list", ["arrow", 9, 1, [0, 1, 2]]], [b"\0", numpy.zeros(10, "q").tobytes(), b""], "uffer"),
        (["list", ["arrow", 1, 1, [0, None, 1]]], [b"\0", b""], "offsets are null"),
        (["list", ["arrow", 1, 9, [None, 0, 1]]], [numpy.array([0, 1]).tobytes(), b"a"], "no value"),
        (["timestamp", 0, "ns", "../../etc/passwd"], [], "no time zone"),
        (["timestamp", 0, "ns", "dateutil//dev/zero"], [], "no time zone"),
        (["buffer", 0], [b""], "no value"),
        (["bytes", -1], [b""], "no number"),
        ({"kind": "value"}, [], "bare dict"),
    ],
)
def test_a_hostile_value_is_refused(tree: Any, buffers: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        values.unpack(tree, buffers)


def frames(content: bytes) -> Any:
    rest = memoryview(content)

    def receive(view: memoryview) -> int:
        nonlocal rest
        part = rest[: len(view)]
        view[: len(part)] = part
        rest = rest[len(part) :]
        return len(part)

    return wire.Reader(receive)


@pytest.mark.parametrize(
    "content",
    [
        wire.HEAD.pack(2**40, 0),
        wire.HEAD.pack(2, 2**40),
        wire.HEAD.pack(2, 2) + b"\xff" * 16 + b"{}",
        wire.HEAD.pack(100_000, 0) + b"[" * 100_000,
        wire.HEAD.pack(2, 0) + b"{x",
        wire.HEAD.pack(2, 0) + b"\xff\xff",
    ],
)
def test_a_frame_that_is_none_of_ours_takes_no_memory(content: bytes) -> None:
    with pytest.raises(ValueError):
        frames(content).frame()


@pytest.mark.parametrize("length", [0, 5, 16, 20])
def test_a_cut_frame_is_the_end(length: int) -> None:
    whole = wire.HEAD.pack(2, 1) + (8).to_bytes(8, "little") + b"{}" + bytes(8)
    assert frames(whole).frame() == ({}, [bytearray(8)])
    with pytest.raises(Closed):
        frames(whole[:length]).frame()


@given(st.lists(st.integers(0, 200_000), max_size=5))
@settings(deadline=None, max_examples=20)
def test_frames_of_any_sizes_arrive(sizes: list[int]) -> None:
    buffers = [bytes([number % 251]) * size for number, size in enumerate(sizes)]
    head, made = over({"a": "ü"}, buffers)
    assert (head, [bytes(memoryview(part)) for part in made]) == ({"a": "ü"}, buffers)


@pytest.mark.parametrize("path", sorted(CHILD.glob("*.py")), ids=lambda path: path.name)
def test_the_childs_code_is_python_3_6(path: Path) -> None:
    ast.parse(path.read_text("utf-8"), feature_version=(3, 6))
