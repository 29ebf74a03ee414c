"""Lists of texts with gaps: one buffer of UTF-8, one of lengths, one that says what each gap is."""

import sys
from array import array
from typing import Any

TEXT, NONE, NAN, NA, NAT = range(5)


def pack(packer: Any, items: Any) -> Any:
    """Return the tree of a list of texts and missing values; None if it holds anything else."""
    pandas = sys.modules.get("pandas")
    na, nat = getattr(pandas, "NA", pack), getattr(pandas, "NaT", pack)
    kinds, texts = bytearray(len(items)), []
    for position, item in enumerate(items):
        if type(item) is str:
            texts.append(item)
        elif item is None:
            kinds[position] = NONE
        elif item is na:
            kinds[position] = NA
        elif item is nat:
            kinds[position] = NAT
        elif type(item) is float and item != item:
            kinds[position] = NAN
        else:
            return None
    encoded = [text.encode("utf-8", "surrogatepass") for text in texts]
    lengths = array("q", map(len, encoded))
    gaps = packer.keep(bytes(kinds)) if len(texts) < len(items) else None
    return ["texts", len(items), packer.keep(lengths.tobytes()), packer.keep(b"".join(encoded)), gaps]


def unpack(unpacker: Any, tree: Any) -> Any:
    """Return the list."""
    _, count, lengths_number, texts_number, gaps = tree
    lengths = array("q")
    lengths.frombytes(bytes(unpacker.buffer(lengths_number)))
    content = bytes(unpacker.buffer(texts_number))
    texts, start = [], 0
    for length in lengths:
        texts.append(content[start : start + length].decode("utf-8", "surrogatepass"))
        start += length
    if gaps is None:
        return texts
    return _filled(texts, bytes(unpacker.buffer(gaps)), count)


def _filled(texts: Any, kinds: Any, count: Any) -> Any:
    missing = _missing(set(kinds))
    following = iter(texts)
    return [next(following) if kind == TEXT else missing[kind] for kind in kinds[:count]]


def _missing(kinds: Any) -> Any:
    found = {NONE: None, NAN: float("nan")}
    if kinds & {NA, NAT}:
        import pandas

        # Before pandas 1.0 a missing text was None or NaN.
        found[NA] = getattr(pandas, "NA", None)
        found[NAT] = pandas.NaT
    return found
