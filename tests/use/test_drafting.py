"""The allow list that a policy is filled with: it allows all that was decided, and little more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.licensing.expression import Malformed, evaluated, read_expression
from envbuilder.use.drafting import allow_list


@pytest.mark.parametrize(
    ("expressions", "allowed"),
    [
        ([], ()),
        ([("MIT", 3), ("Apache-2.0", 5), ("ISC", 3)], (("Apache-2.0", 5), ("ISC", 3), ("MIT", 3))),
        ([("MIT AND Zlib", 2)], (("MIT", 2), ("Zlib", 2))),
        # Of a choice the side that is needed anyway, wherever that is known from.
        ([("GPL-3.0-only OR MIT", 1), ("MIT", 4)], (("MIT", 5),)),
        ([("MIT OR (GPL-3.0-only AND Zlib)", 1)], (("MIT", 1),)),
        ([("BSD-3-Clause OR BSD-2-Clause", 9)], (("BSD-2-Clause", 9),)),
        ([("Apache-2.0 WITH LLVM-exception", 1)], (("Apache-2.0 WITH LLVM-exception", 1),)),
        ([("MIT AND", 1), ("no-such-licence", 1), ("MIT", 1)], (("MIT", 1),)),
        ([("LicenseRef-Ours", 1)], (("LicenseRef-Ours", 1),)),
    ],
)
def test_the_list_of_what_was_found(
    expressions: list[tuple[str, int]], allowed: tuple[tuple[str, int], ...]
) -> None:
    assert allow_list(expressions) == allowed


_LEAF = st.sampled_from(["MIT", "ISC", "Zlib", "Apache-2.0", "GPL-3.0-only", "BSD-3-Clause"])
_EXPRESSION = st.recursive(
    _LEAF,
    lambda below: st.one_of(
        st.tuples(below, below).map(lambda pair: f"({pair[0]} OR {pair[1]})"),
        st.tuples(below, below).map(lambda pair: f"({pair[0]} AND {pair[1]})"),
    ),
    max_leaves=5,
)


@given(st.lists(st.tuples(_EXPRESSION, st.integers(1, 9)), max_size=6))
def test_it_allows_every_expression(expressions: list[tuple[str, int]]) -> None:
    allowed = frozenset(leaf for leaf, _ in allow_list(expressions))
    for text, _ in expressions:
        tree = read_expression(text)
        assert not isinstance(tree, Malformed)
        assert evaluated(tree, allowed).satisfied
    assert allow_list(reversed(expressions)) == allow_list(expressions)
