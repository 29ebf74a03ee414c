"""Where a key stands: the line that is told is the one that it was written on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.findings import Origin
from envbuilder.policy import PolicyText
from envbuilder.policyfile.places import KeyPath, origin_of, origins_of

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

TEXT = '''\
# a comment with [brackets] = "and quotes
title = "a # b"   # not a comment before
[channels]
"allow" = [  # the list
  "conda-forge",
  # between
  "bioconda", "x]y",
]
restricted.not = """
[levels]
ends with quotes: "a"""""
\'quoted.key\' = \'\'\'
= \\\'\'\'
[[licenses.exception]]
package = "a"
  [licenses.exception.deep]
  x = 2027-06-30 10:00:00
[[ licenses . exception ]]
package = {a = {b = 1}, "c d" = [1, [2, {e = 2027-06-30 10:00:00Z, f = \'\'}]]}
[licenses.aliases]
"BSD \\u004cicense" = "x"
'''


@pytest.mark.parametrize(
    ("path", "line", "column"),
    [
        (("title",), 2, 1),
        (("channels",), 3, 1),
        (("channels", "allow"), 4, 1),
        (("channels", "allow", 0), 5, 3),
        (("channels", "allow", 1), 7, 3),
        (("channels", "allow", 2), 7, 15),
        (("channels", "restricted", "not"), 9, 1),
        (("channels", "quoted.key"), 12, 1),
        (("licenses", "exception"), 14, 1),
        (("licenses", "exception", 0), 14, 1),
        (("licenses", "exception", 0, "package"), 15, 1),
        (("licenses", "exception", 0, "deep", "x"), 17, 3),
        (("licenses", "exception", 1), 18, 1),
        (("licenses", "exception", 1, "package", "a", "b"), 19, 17),
        (("licenses", "exception", 1, "package", "c d", 1, 1, "f"), 19, 68),
        (("licenses", "aliases", "BSD License"), 21, 1),
        (("licenses",), 14, 1),
        (("channels", "allow", 9), 4, 1),
        (("levels", "nothing"), 0, 0),
        ((), 0, 0),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_key_or_item_is_found(path: KeyPath, line: int, column: int, newline: str) -> None:
    tomllib.loads(TEXT)
    text = PolicyText(file="p.toml", text=TEXT.replace("\n", newline))
    assert origin_of(text, path) == Origin(file="p.toml", line=line, column=column)


def test_the_keys_above_a_policy_are_put_before() -> None:
    text = PolicyText(
        file="pyproject.toml", text="[tool]\n[tool.envbuilder.pins]\nunpinned=1", root=("tool", "envbuilder")
    )
    assert origin_of(text, ("pins", "unpinned")).line == 3
    assert origin_of(text, ("levels",)).line == 2  # the nearest around it


_KEYS = st.one_of(st.from_regex(r"[A-Za-z0-9_-]{1,6}", fullmatch=True), st.text(min_size=1, max_size=6))
_LEAVES = st.one_of(
    st.integers(), st.booleans(), st.floats(allow_nan=False), st.dates(), st.times(),
    st.datetimes(),
    st.text(max_size=12).filter(lambda text: "\r" not in text),
)  # fmt: skip
_VALUES = st.recursive(
    _LEAVES,
    lambda below: st.one_of(st.lists(below, max_size=3), st.dictionaries(_KEYS, below, max_size=3)),
    max_leaves=12,
)


def _paths(value: Any, path: KeyPath = ()) -> Iterator[KeyPath]:
    if path:
        yield path
    if isinstance(value, dict):
        for key, below in value.items():
            yield from _paths(below, (*path, key))
    if isinstance(value, list):
        for number, below in enumerate(value):
            yield from _paths(below, (*path, number))


@given(st.dictionaries(_KEYS, _VALUES, max_size=4), st.booleans())
def test_every_path_of_any_document_is_found_where_it_stands(
    document: dict[str, Any], multiline: bool
) -> None:
    import tomli_w

    text = tomli_w.dumps(document, multiline_strings=multiline)
    document = tomllib.loads(text)
    paths = list(_paths(document))
    lines = text.split("\n")
    for path, origin in origins_of(PolicyText(file="p", text=text), paths).items():
        assert origin.line, path
        rest = lines[origin.line - 1][origin.column - 1 :]
        if isinstance(path[-1], str):
            assert _key_at(rest, path[-1]) or rest.startswith("["), (path, rest)
        else:
            assert rest, path


def _key_at(rest: str, key: str) -> bool:
    """Whether the key that begins there is this one."""
    for end in range(1, len(rest) + 1):
        if rest[end : end + 3] == " = ":
            return list(tomllib.loads(f"{rest[:end]} = 1")) == [key]
    return False


@given(st.lists(st.tuples(_KEYS, _LEAVES), min_size=1, max_size=8, unique_by=lambda pair: pair[0]), st.data())
def test_the_line_is_the_one_that_the_key_was_written_on(
    pairs: list[tuple[str, Any]], data: st.DataObject
) -> None:
    import tomli_w

    lines: list[str] = []
    expected: dict[KeyPath, int] = {}
    for key, value in pairs:
        lines += data.draw(st.lists(st.sampled_from(["", "# x = 1", "   ", "\t# [a]"]), max_size=2))
        expected[key,] = len(lines) + 1
        lines += tomli_w.dumps({key: value}, multiline_strings=True).rstrip("\n").split("\n")
    text = "\n".join(lines)
    tomllib.loads(text)
    found = origins_of(PolicyText(file="p", text=text), expected)
    assert {path: origin.line for path, origin in found.items()} == expected


@given(st.text(alphabet="[]{}\"'=.,#\\ \n\tab1-", max_size=40))
def test_any_text_that_is_toml_is_passed_through(text: str) -> None:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    paths = list(_paths(document))
    found = origins_of(PolicyText(file="p", text=text), paths)
    assert all(origin.line for origin in found.values())


def test_a_long_list_takes_one_pass() -> None:
    text = "a = [\n" + '["x", {b = """\n"""}],\n' * 20_000 + "]\nz = 1\n"
    assert origin_of(PolicyText(file="p", text=text), ("z",)).line == 40_003


def test_deep_nesting_needs_no_stack() -> None:
    text = "a = " + "[" * 100_000 + "]" * 100_000 + "\nb = 1\n"
    assert origin_of(PolicyText(file="p", text=text), ("b",)).line == 2
