from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.findings import Origin
from envbuilder.reader import limits
from envbuilder.reader.gather import Refusal
from envbuilder.reader.safeyaml import Items, Mapping, Scalar, items_of, read_mapping, text_of


def code_of(text: str) -> str:
    with pytest.raises(Refusal) as caught:
        read_mapping(text, "f")
    assert caught.value.origin is not None
    assert caught.value.origin.file == "f"
    return caught.value.code


@pytest.mark.parametrize(
    "text", ["3.10", "yes", "8:30", "0x10", "1_000", "2001-01-01", "nan", "'3.10'", '"3.10"']
)
def test_scalars_are_text(text: str) -> None:
    node = read_mapping(f"a: {text}\n", "f").get("a")
    assert node is not None
    assert text_of(node, "a") == text.strip("'\"")


@pytest.mark.parametrize("text", ["a:", "a: ~", "a: null", "a: NULL", "b: 1"])
def test_absent(text: str) -> None:
    assert read_mapping(text, "f").get("a") is None


def test_a_quoted_null_is_text() -> None:
    node = read_mapping("a: 'null'", "f").get("a")
    assert isinstance(node, Scalar)
    assert node.value == "null"


def test_places() -> None:
    root = read_mapping("a:\n  - x\n  - {b: y}\n", "f")
    (first, second) = items_of(root.get("a"), "a")
    assert first.origin == Origin(file="f", line=2, column=5)
    assert isinstance(second, Mapping)
    inner = second.get("b")
    assert inner is not None
    assert inner.origin == Origin(file="f", line=3, column=9)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "input/empty"),
        ("# nothing", "input/empty"),
        ("~", "input/empty"),
        ("[a]", "input/not-a-mapping"),
        ("a", "input/not-a-mapping"),
        ("a: !!str x", "input/yaml-tag"),
        ("a: !x {}", "input/yaml-tag"),
        ("a: !!set [x]", "input/yaml-tag"),
        ("! a: b", "input/yaml-tag"),
        ("%TAG ! tag:example.org,2000:\n---\na: b", "input/yaml-tag"),
        ("a: 1\na: 2", "input/duplicate-key"),
        ("a: 1\n'a': 2", "input/duplicate-key"),
        ("a: 1\n---\nb: 2", "input/multiple-documents"),
        ("a: &x [*x]", "input/alias-expansion"),
        ("a: *x", "input/alias-expansion"),
        ("b: &x {c: 1}\na:\n  <<: *x", "input/alias-expansion"),
        ("? [a]\n: b", "input/not-a-string"),
        ("a: [", "input/yaml-syntax"),
        ("a: b: c", "input/yaml-syntax"),
        ("\ta: b", "input/yaml-syntax"),
        ("a: " + "[" * 100_000, "input/too-deep"),
        ("a: " + "{x: " * 100, "input/too-deep"),
        ("a: [" + "x," * 30_000 + "]", "input/too-many"),
    ],
)
def test_refused(text: str, code: str) -> None:
    assert code_of(text) == code


def test_aliases_are_counted_as_if_written_out() -> None:
    assert read_mapping("a: &x [1, 2]\nb: *x", "f").get("b") == read_mapping("a: &x [1, 2]", "f").get("a")
    bomb = "l0: &l0 [x]\n" + "".join(f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]\n" for n in range(1, 9))
    assert code_of(bomb) == "input/alias-expansion"
    deep = "l0: &l0 [x]\n" + "".join(f"l{n}: &l{n} [*l{n - 1}]\n" for n in range(1, 100))
    assert code_of(deep) == "input/too-deep"


def test_depth_that_passes() -> None:
    depth = limits.DEPTH - 1
    assert isinstance(read_mapping("a: " + "[" * depth + "]" * depth, "f").get("a"), Items)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('"a\\nb"', "input/line-separator"), ('"a\\u2028b"', "input/line-separator"),
        ('"\\e[31m"', "input/control-character"), ('"\\u202e"', "input/bidi-control"),
        ("[x]", "input/not-a-string"), ("|\n  a\n  b", "input/line-separator"),
    ],
)  # fmt: skip
def test_text_on_one_line(text: str, code: str) -> None:
    node = read_mapping(f"a: {text}", "f").get("a")
    assert node is not None
    with pytest.raises(Refusal) as caught:
        text_of(node, "a")
    assert caught.value.code == code


def test_a_block_of_one_line_is_text() -> None:
    node = read_mapping("a: |\n  x\n", "f").get("a")
    assert node is not None
    assert text_of(node, "a") == "x"


def test_no_list() -> None:
    with pytest.raises(Refusal) as caught:
        items_of(read_mapping("a: x", "f").get("a"), "a")
    assert caught.value.code == "input/not-a-list"


plain = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)


@given(st.dictionaries(plain, st.one_of(plain, st.lists(plain, max_size=4)), min_size=1, max_size=6))
def test_what_yaml_writes_is_read_as_written(value: dict[str, str | list[str]]) -> None:
    root = read_mapping(yaml.safe_dump(value, allow_unicode=True), "f")
    for key, expected in value.items():
        if key == "<<":
            continue
        node = next(found for name, found in root.pairs if name.value == key)
        if isinstance(expected, str):
            assert isinstance(node, Scalar)
            assert node.value == expected
        else:
            assert [text_of(item, "x") for item in items_of(node, "x")] == [e.strip() for e in expected]


@given(st.text(max_size=80))
def test_any_text(text: str) -> None:
    try:
        root = read_mapping(text, "f")
    except Refusal as refusal:
        assert refusal.message.isprintable()
    else:
        assert isinstance(root, Mapping)
