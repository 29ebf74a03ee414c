"""A distribution's core metadata as far as licences need it: bounded, and never trusted (PEP 566, PEP 639).

The file belongs to a stranger's package. Only the fields that are asked for reach a parser, each cut to what
a real one needs; the time is linear in what is kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

LONGEST = 8 * 1024 * 1024
"""Bytes of a file that are looked at; descriptions of a megabyte exist."""

_KEPT = 16 * 1024
"""Characters of one value that are kept. What is longer is no expression, no name and no requirement."""

_VALUES = 2000
"""Values of all fields together; the largest real sets of extras have some 1,000 requirements."""

_TOTAL = 512 * 1024
"""Characters of all values together."""

_FIELDS = frozenset(
    {"name", "version", "license", "license-expression", "license-file", "classifier", "requires-dist"}
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Metadata:
    """What the metadata says, as it stands there. Fields that may stand once are tuples too: some don't."""

    names: tuple[str, ...] = ()
    versions: tuple[str, ...] = ()
    expressions: tuple[str, ...] = ()
    """``License-Expression``."""
    licenses: tuple[str, ...] = ()
    """``License``, with the line breaks that it has; cut where it is a long text."""
    classifiers: tuple[str, ...] = ()
    license_files: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    """``Requires-Dist``."""
    cut: bool = False
    """Whether the file is longer than LONGEST, or has more values than any real one: then it was not read
    to its end."""


def read_metadata(content: bytes) -> Metadata:
    """Return what METADATA or PKG-INFO says; of nonsense it is little, but never an error."""
    from packaging.metadata import parse_email

    values, cut = _bounded(_values(content[:LONGEST].splitlines()))
    # As text: bytes that are no ASCII would go through a slow path of the email package.
    raw, odd = parse_email("".join(f"{name}: {value}\n" for name, value in values) + "\n")
    found: dict[str, tuple[str, ...]] = {}
    single = {"name": raw.get("name"), "version": raw.get("version"), "license": raw.get("license"),
              "license-expression": raw.get("license_expression")}  # fmt: skip
    several = {"classifier": raw.get("classifiers"), "requires-dist": raw.get("requires_dist"),
               "license-file": raw.get("license_files")}  # fmt: skip
    for name in _FIELDS:
        value = single.get(name)
        found[name] = (value,) if value is not None else tuple(several.get(name) or odd.get(name) or ())
    return Metadata(
        names=found["name"],
        versions=found["version"],
        expressions=found["license-expression"],
        licenses=found["license"],
        classifiers=found["classifier"],
        license_files=found["license-file"],
        requires=found["requires-dist"],
        cut=cut or len(content) > LONGEST,
    )


def _bounded(values: Iterable[tuple[str, str]]) -> tuple[list[tuple[str, str]], bool]:
    """Return as many values as a real file has, and whether there are more."""
    kept: list[tuple[str, str]] = []
    size = 0
    for name, value in values:
        size += len(value)
        if len(kept) == _VALUES or size > _TOTAL:
            return kept, True
        kept.append((name, value))
    return kept, False


def _values(lines: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Yield the wanted fields with their values, continuation lines included, up to the first empty line."""
    name, value, size = "", [""], 0
    for line in lines:
        if not line:
            break
        if line[:1] in b" \t":
            if name and size < _KEPT:
                # A blank line of a licence text must not end the headers.
                value.append(_text(line) or " ")
                size += len(line)
            continue
        if name:
            yield name, "\n".join(value)[:_KEPT]
        before, colon, after = line[: _KEPT * 4].partition(b":")
        name = _text(before).strip().lower() if colon else ""
        name = name if name in _FIELDS else ""
        value, size = [_text(after).strip()], len(after)
    if name:
        yield name, "\n".join(value)[:_KEPT]


def _text(line: bytes) -> str:
    """Decode leniently; carriage returns of mixed line ends must not become lines of their own."""
    return line[: _KEPT * 4].decode("utf-8", "replace").rstrip()
