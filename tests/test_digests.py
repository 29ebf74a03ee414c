"""Keys: equal values have equal bytes on every host."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from envbuilder.digests import Canonical, canonical_json, digest, digest_bytes

VALUES: st.SearchStrategy[Canonical] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_golden() -> None:
    assert canonical_json({"b": [1, None, True], "a": "é"}) == b'{"a":"\\u00e9","b":[1,null,true]}'
    assert digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    assert digest_bytes(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(st.dictionaries(st.text(), VALUES, min_size=2))
def test_the_order_of_keys_does_not_matter(value: dict[str, Canonical]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


@given(VALUES)
def test_canonical_json_is_ascii_on_one_line(value: Canonical) -> None:
    assert canonical_json(value).isascii()
    assert b"\n" not in canonical_json(value)
