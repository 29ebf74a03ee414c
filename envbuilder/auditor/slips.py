"""Names that are one slip of the fingers, or one trick, away from a well-known package (typosquatting).

The table (wellknown.toml) is our own choice: what models ask for, and real packages whose names happen to be
near those. A name that neither the table nor the conda names know is compared with the well-known ones.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources

from envbuilder.rewriter.names import Distribution, table
from envbuilder.spec import PypiName

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SHORTEST = 5
"""Characters from which on one edit is a slip; shorter names are near each other by chance."""

LONG = 9
"""Characters from which on a first letter is missed too."""

LONGEST = 60
"""Characters of a name that is compared; the longest well-known one is shorter."""

_REMEMBERED = 20_000
_LOOKALIKES = (("0", "o"), ("1", "l"), ("5", "s"), ("rn", "m"), ("vv", "w"))
"""What is read as something else: in the name, and what it looks like."""


@lru_cache(maxsize=_REMEMBERED)
def meant_by(name: PypiName) -> str | None:
    """Return the well-known package that somebody who types this name may mean; None for a name of its own."""
    if len(name) > LONGEST or name in _known():
        return None
    for spelling in _spellings(name):
        if spelling in _squashed():
            return _squashed()[spelling]
    for trace in _traces(name):
        for target in _traced().get(trace, ()):
            if _is_slip(name, target):
                return target
    return None


def _spellings(name: str) -> Iterator[str]:
    """Yield what a name is without what tricks add to it: separators, look-alikes, a language's name."""
    plain = _squash(name)
    yield plain
    for prefix in ("python", "python3", "py3"):
        if name.startswith(f"{prefix}-"):
            yield _squash(name[len(prefix) + 1 :])
    for suffix in ("-python", "-python3", "-py"):
        if name.endswith(suffix):
            yield _squash(name[: -len(suffix)])


def _squash(name: str) -> str:
    plain = name.replace("-", "")
    for read, seen in _LOOKALIKES:
        plain = plain.replace(read, seen)
    return plain


def _traces(name: str) -> Iterator[str]:
    """Yield a name and what is left of it without any one letter: names one edit apart share one of them."""
    yield name
    for at in range(len(name)):
        yield name[:at] + name[at + 1 :]


def _is_slip(name: str, target: str) -> bool:
    """Whether one insertion, deletion or substitution, or two letters swapped, tell the names apart.

    A digit for another digit is no slip (``pymc4`` is another release), and of short names nobody misses the
    first letter: ``gsutil`` is not meant to be ``psutil``.
    """
    start = 0
    while name[start : start + 1] == target[start : start + 1] != "":
        start += 1
    a, b = name[start:], target[start:]
    if a[:2] == b[1::-1] and a[2:] == b[2:]:
        return True
    if start == 0 and len(target) < LONG:
        return False
    if a[1:] == b[1:]:
        return not (a[:1].isdigit() and b[:1].isdigit())
    return a[1:] == b or a == b[1:]


@cache
def _data() -> tuple[frozenset[str], frozenset[str]]:
    """Return the well-known names, and the real ones near them."""
    text = resources.files("envbuilder.auditor").joinpath("wellknown.toml").read_text("utf-8")
    data = tomllib.loads(text)
    return frozenset(data["wellknown"]["names"].split()), frozenset(data["neighbours"]["names"].split())


@cache
def _known() -> frozenset[str]:
    wellknown, neighbours = _data()
    ours = {answer.name for answer in table().values() if isinstance(answer, Distribution)}
    return wellknown | neighbours | ours


@cache
def _squashed() -> dict[str, str]:
    return {_squash(name): name for name in sorted(_data()[0])}


@cache
def _traced() -> dict[str, tuple[str, ...]]:
    """Return every trace of the well-known names that are long enough, with the names that have it."""
    traces: dict[str, list[str]] = {}
    for name in sorted(_data()[0]):
        if len(name) >= SHORTEST:
            for trace in {*_traces(name)}:
                traces.setdefault(trace, []).append(name)
    return {trace: tuple(names) for trace, names in traces.items()}
