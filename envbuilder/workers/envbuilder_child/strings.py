"""Lists of texts with gaps: their characters as UTF-8, their lengths, and what each gap is.

The texts of a list are joined before they are encoded, and decoded before they are cut: one call for
thousands of them.
"""

import sys
from array import array
from typing import Any, List

TEXT, NONE, NAN, NA, NAT = range(5)

CHUNK = 1 << 16
"""Texts that are joined at once: one character outside of Latin-1 widens all that are in memory."""


def pack(packer: Any, items: Any) -> Any:
    """Return the tree of a list of texts and missing values; None if it holds anything else."""
    gaps, texts = None, items
    try:
        lengths, encoded = _encoded(texts)
    except TypeError:
        kinds = _kinds(items)
        if kinds is None:
            return None
        gaps = packer.keep(kinds)
        texts = [item for item in items if isinstance(item, str)]
        lengths, encoded = _encoded(texts)
    return ["texts", packer.keep(lengths), [packer.keep(part) for part in encoded], gaps]


def _encoded(texts: Any) -> Any:
    lengths = array("q")
    encoded: List[bytes] = []
    for start in range(0, len(texts), CHUNK):
        part = texts[start : start + CHUNK]
        encoded.append("".join(part).encode("utf-8", "surrogatepass"))
        lengths.extend(map(len, part))
    return lengths, encoded


def _kinds(items: Any) -> Any:
    """Return a byte for each item, None if one is neither a text nor missing."""
    pandas = sys.modules.get("pandas")
    na, nat = getattr(pandas, "NA", pack), getattr(pandas, "NaT", pack)
    kinds = bytearray(len(items))
    for position, item in enumerate(items):
        if isinstance(item, str):
            continue
        if item is None:
            kinds[position] = NONE
        elif item is na:
            kinds[position] = NA
        elif item is nat:
            kinds[position] = NAT
        elif type(item) is float and item != item:
            kinds[position] = NAN
        else:
            return None
    return kinds


def unpack(unpacker: Any, tree: Any) -> Any:
    """Return the list. Raises ValueError if the lengths are not those of the texts."""
    _, lengths_number, parts, gaps = tree
    lengths = array("q")
    lengths.frombytes(unpacker.raw(lengths_number))
    if (lengths and min(lengths) < 0) or len(parts) != -(-len(lengths) // CHUNK):
        raise ValueError("texts with wrong lengths")
    texts: List[str] = []
    for number, part in enumerate(parts):
        content = unpacker.raw(part).decode("utf-8", "surrogatepass")
        _cut(content, lengths[number * CHUNK : (number + 1) * CHUNK], texts)
    return texts if gaps is None else _filled(texts, unpacker.raw(gaps))


def _cut(content: str, lengths: Any, texts: List[str]) -> None:
    if sum(lengths) != len(content):
        raise ValueError("texts with wrong lengths")
    start = 0
    for length in lengths:
        end = start + length
        texts.append(content[start:end])
        start = end


def _filled(texts: Any, kinds: bytes) -> Any:
    gaps = missing(set(kinds))
    if kinds.count(TEXT) != len(texts):
        raise ValueError("texts with wrong gaps")
    following = iter(texts)
    return [gaps[kind] if kind else next(following) for kind in kinds]


def missing(kinds: Any) -> Any:
    """Return what stands for each kind of gap on this side."""
    found = {NONE: None, NAN: float("nan")}
    if kinds & {NA, NAT}:
        import pandas

        # Before pandas 1.0 a missing text was None or NaN.
        found[NA] = getattr(pandas, "NA", None)
        found[NAT] = pandas.NaT
    return found
