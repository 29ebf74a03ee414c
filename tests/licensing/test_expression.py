"""Expressions: the tree, its canonical form, and laws that hold for any text and any allow list."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.licensing.expression import (
    CHOICES,
    LONGEST,
    Either,
    Expression,
    Leaf,
    Malformed,
    canonical_names,
    evaluated,
    leaves_of,
    read_expression,
    well_known,
)

NAMES = (
    "MIT", "Apache-2.0", "GPL-3.0-only", "BSD-3-Clause", "LicenseRef-House", "Foo-1.0",
    "Apache-2.0 WITH LLVM-exception", "GPL-2.0-or-later WITH Classpath-exception-2.0",
)  # fmt: skip

expressions = st.recursive(
    st.sampled_from(NAMES),
    lambda inner: st.builds(
        lambda word, parts: f" {word} ".join(f"({part})" for part in parts),
        st.sampled_from(["AND", "OR", "and", "or"]),
        st.lists(inner, min_size=2, max_size=4),
    ),
    max_leaves=12,
)
allowed = st.sets(st.sampled_from(NAMES)).map(frozenset)


def read(text: str) -> Expression:
    found = read_expression(text)
    assert not isinstance(found, Malformed), found
    return found


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("mit", "MIT"),
        ("GPL-2.0", "GPL-2.0-only"),
        ("GPL-2.0+", "GPL-2.0-or-later"),
        ("AGPL-3.0", "AGPL-3.0-only"),
        ("BSD-2-Clause-NetBSD", "BSD-2-Clause"),
        ("Net-SNMP", "Net-SNMP"),
        ("Apache-2.0+", "Apache-2.0+"),
        ("mit or apache-2.0 and isc", "MIT OR (Apache-2.0 AND ISC)"),
        ("(mit or apache-2.0) and isc", "(MIT OR Apache-2.0) AND ISC"),
        ("MIT AND (ISC AND MIT)", "MIT AND ISC"),
        ("((MIT))", "MIT"),
        ("apache-2.0 with llvm-exception", "Apache-2.0 WITH LLVM-exception"),
        ("LICENSEREF-House AND mit", "LicenseRef-House AND MIT"),
        ("LicenseRef-MIT-Bootstrap", "LicenseRef-MIT-Bootstrap"),
        ("MIT OR\n  ISC", "MIT OR ISC"),
        ("Foo-1.0 OR MIT", "Foo-1.0 OR MIT"),
    ],
)
def test_it_has_one_canonical_form(text: str, canonical: str) -> None:
    assert str(read(text)) == canonical
    assert read(canonical) == read(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "MIT AND", "AND MIT", "MIT/Apache-2.0", "MIT Apache-2.0", "MIT License", "()", "(MIT", "MIT)",
        "MIT WITH", "MIT WITH MIT WITH MIT", "MIT, ISC", "not MIT", "MIT & ISC", "MIT OR AND ISC", "MIT é", "M\0IT",
        "with", "(" * 3000, "MIT " * 2000, "MIT AND " * LONGEST,
    ],
)  # fmt: skip
def test_what_is_none_is_told(text: str) -> None:
    found = read_expression(text)
    assert isinstance(found, Malformed)
    assert found.reason
    assert len(found.text) <= 80


@pytest.mark.parametrize(
    "text", ["LGPL-2.0-or-later WITH exceptions", "Foo-1.0", "MIT AND Foo-1.0", "BSD", "MIT WITH MIT", "a+b"]
)
def test_words_that_spdx_does_not_have_are_leaves_that_nothing_allows(text: str) -> None:
    found = read(text)
    assert not well_known(found)
    names = frozenset(leaf.name for leaf in leaves_of(found))
    assert not evaluated(found, names).satisfied


def test_it_says_which_licence_is_in_the_way_and_which_choice_would_do() -> None:
    answer = evaluated(read("MIT AND (GPL-3.0-only OR (ISC AND Zlib))"), frozenset({"MIT"}))
    assert not answer.satisfied
    assert [leaf.name for leaf in answer.failing] == ["GPL-3.0-only", "ISC", "Zlib"]
    assert answer.choices == (("GPL-3.0-only",), ("ISC", "Zlib"))


def test_what_another_choice_satisfies_is_not_in_the_way() -> None:
    answer = evaluated(read("(MIT OR ISC) AND GPL-3.0-only"), frozenset({"MIT"}))
    assert [leaf.name for leaf in answer.failing] == ["GPL-3.0-only"]
    assert answer.choices == (("GPL-3.0-only",),)


def test_a_licence_that_nobody_knows_leaves_no_choice() -> None:
    answer = evaluated(read("MIT AND Foo-1.0"), frozenset({"MIT"}))
    assert [leaf.name for leaf in answer.failing] == ["Foo-1.0"]
    assert answer.choices == ()


def test_many_choices_cost_little_and_few_are_told() -> None:
    text = " AND ".join(f"(LicenseRef-A{n} OR LicenseRef-B{n})" for n in range(90))
    began = time.process_time()
    answer = evaluated(read(text), frozenset())
    assert time.process_time() - began < 2
    assert len(answer.choices) == CHOICES
    assert all(len(choice) == 90 for choice in answer.choices)


def test_deep_nesting_is_read_or_refused() -> None:
    for depth in (150, 1900):
        found = read_expression("(" * depth + "MIT" + ")" * depth)
        assert found == Leaf(name="MIT") or isinstance(found, Malformed)
    right = "MIT OR (ISC AND (" * 110 + "Zlib" + "))" * 110
    assert isinstance(read_expression(right), Either | Malformed)


def test_an_allow_list_is_compared_by_canonical_names() -> None:
    assert canonical_names(["gpl-2.0", "MIT OR ISC", "nonsense", "apache-2.0 with llvm-exception", ""]) == {
        "GPL-2.0-only", "Apache-2.0 WITH LLVM-exception",
    }  # fmt: skip


@given(st.text(max_size=300) | st.text("MITapchelORANDWH ()+-.0", max_size=200))
def test_no_text_makes_it_raise(text: str) -> None:
    found = read_expression(text)
    if not isinstance(found, Malformed):
        evaluated(found, frozenset({"MIT"}))
        assert read(str(found)) == found


@given(expressions)
def test_the_canonical_form_reads_as_the_same_tree(text: str) -> None:
    found = read(text)
    assert read(str(found)) == found
    assert str(read(str(found))) == str(found)


@given(expressions, allowed, allowed)
def test_allowing_more_never_forbids(text: str, some: frozenset[str], more: frozenset[str]) -> None:
    expression = read(text)
    if evaluated(expression, some).satisfied:
        assert evaluated(expression, some | more).satisfied


@given(expressions, allowed)
def test_any_choice_that_is_told_would_do(text: str, allow: frozenset[str]) -> None:
    expression = read(text)
    answer = evaluated(expression, allow)
    assert answer.satisfied == (not answer.failing)
    for choice in answer.choices:
        assert evaluated(expression, allow | set(choice)).satisfied
    if answer.satisfied or answer.choices:
        return
    assert not evaluated(expression, frozenset(NAMES)).satisfied


@given(expressions, allowed)
def test_it_means_what_the_operators_mean(text: str, allow: frozenset[str]) -> None:
    def holds(node: Expression) -> bool:
        if isinstance(node, Leaf):
            return node.known and node.name in allow
        return (any if isinstance(node, Either) else all)(map(holds, node.operands))

    expression = read(text)
    assert evaluated(expression, allow).satisfied == holds(expression)
