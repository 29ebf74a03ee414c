"""SPDX licence expressions as a tree, and what an allow list makes of them (SPDX specification, annex D).

The grammar is license-expression's, the identifiers are those that packaging knows (PEP 639) or
``LicenseRef-*``. Old names that SPDX deprecates get their present form: ``GPL-2.0`` is ``GPL-2.0-only``.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from envbuilder.redact import excerpt

LONGEST = 4000
"""Characters of an expression; the longest real one has some 300. A megabyte would cost seconds."""

CHOICES = 4
"""Ways to satisfy an expression that are told."""

_REFERENCE = "licenseref-"


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaf:
    """One licence, or one with an exception: ``Apache-2.0 WITH LLVM-exception`` is a licence of its own."""

    name: str
    known: bool = True
    """Whether it is an SPDX identifier or a ``LicenseRef-*``."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Both:
    """All operands apply (``AND``)."""

    operands: tuple[Expression, ...]

    def __str__(self) -> str:
        return " AND ".join(f"({o})" if isinstance(o, Either) else str(o) for o in self.operands)


@dataclass(frozen=True, kw_only=True, slots=True)
class Either:
    """One of the operands may be chosen (``OR``)."""

    operands: tuple[Expression, ...]

    def __str__(self) -> str:
        return " OR ".join(f"({o})" if isinstance(o, Both) else str(o) for o in self.operands)


Expression: TypeAlias = Leaf | Both | Either
"""``str()`` is the canonical form: reading it gives the same tree."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Malformed:
    """A text that is no SPDX expression, and why."""

    text: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What an allow list makes of an expression."""

    satisfied: bool
    failing: tuple[Leaf, ...] = ()
    """The licences that stand in the way, in order; empty if it is satisfied."""
    choices: tuple[tuple[str, ...], ...] = ()
    """Sets of licences of which any one, if allowed too, would do; the smallest first, at most CHOICES.

    Empty where none would: a licence that nobody knows cannot be allowed.
    """


def read_expression(text: str) -> Expression | Malformed:
    """Return the tree of an SPDX expression; never raises, whatever the text is."""
    if len(text) > LONGEST:
        return Malformed(text=excerpt(text), reason=f"it is longer than {LONGEST} characters")
    # Its own separators are blanks and parentheses only; others would part words that belong together.
    if not all(c.isascii() and (c.isalnum() or c in ".+-:() \t\r\n") for c in text):
        return Malformed(text=excerpt(text), reason="it has a character that no SPDX expression has")
    if not text.strip():
        return Malformed(text=excerpt(text), reason="it is empty")
    try:
        return _tree(_grammar().parse(text, simple=True))
    except RecursionError:
        return Malformed(text=excerpt(text), reason="it is nested too deeply")
    except Exception:  # noqa: BLE001 - AttributeError, IndexError and others beside its own kinds
        return Malformed(
            text=excerpt(text), reason="its words, operators and parentheses do not fit together"
        )


def leaves_of(expression: Expression) -> Iterator[Leaf]:
    """Yield the licences of an expression, in order."""
    if isinstance(expression, Leaf):
        yield expression
    else:
        for operand in expression.operands:
            yield from leaves_of(operand)


def well_known(expression: Expression) -> bool:
    """Whether every licence in it is an SPDX identifier or a ``LicenseRef-*``."""
    return all(leaf.known for leaf in leaves_of(expression))


def evaluated(expression: Expression, allow: frozenset[str]) -> Answer:
    """Return whether licences that are allowed (canonical names) satisfy an expression.

    AND needs all, OR any, and a licence that is not in the list, or that nobody knows, is not allowed.
    """
    choices = _missing(expression, allow)
    if () in choices:
        return Answer(satisfied=True)
    failing = dict.fromkeys(_failing(expression, allow))
    return Answer(satisfied=False, failing=tuple(failing), choices=tuple(choices))


def canonical_names(texts: Iterable[str]) -> frozenset[str]:
    """Return an allow list's licences by their canonical names; what is no single licence is left out."""
    read = (read_expression(text) for text in texts)
    return frozenset(leaf.name for leaf in read if isinstance(leaf, Leaf) and leaf.known)


def _missing(expression: Expression, allow: frozenset[str]) -> list[tuple[str, ...]]:
    """The least sets of further licences that would satisfy it: ``()`` if nothing is missing, none if none do."""
    if isinstance(expression, Leaf):
        if not expression.known:
            return []
        return [()] if expression.name in allow else [(expression.name,)]
    parts = [_missing(operand, allow) for operand in expression.operands]
    if isinstance(expression, Either):
        return _smallest(names for part in parts for names in part)
    found: list[tuple[str, ...]] = [()]
    for part in parts:
        found = _smallest(tuple(dict.fromkeys((*one, *other))) for one in found for other in part)
    return found


def _failing(expression: Expression, allow: frozenset[str]) -> Iterator[Leaf]:
    """The licences in the way; not those of a part that is satisfied by another choice."""
    if () in _missing(expression, allow):
        return
    if isinstance(expression, Leaf):
        yield expression
    else:
        for operand in expression.operands:
            yield from _failing(operand, allow)


def _smallest(sets: Iterable[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """A few are enough to tell, and their number must not grow with every AND of ORs."""
    found: list[tuple[str, ...]] = []
    for names in sorted(dict.fromkeys(sets), key=lambda names: (len(names), names)):
        if len(found) < CHOICES and not any(set(other) <= set(names) for other in found):
            found.append(names)
    return found


@functools.cache
def _grammar() -> Any:
    from license_expression import Licensing  # type: ignore[import-untyped]

    # Without symbols of its own: its list takes `LicenseRef-MIT-Bootstrap` for MIT.
    return Licensing()


def _tree(parsed: Any) -> Expression:
    from license_expression import AND, LicenseSymbol, LicenseWithExceptionSymbol

    if isinstance(parsed, LicenseWithExceptionSymbol):
        return _pair(parsed.license_symbol.key, parsed.exception_symbol.key)
    if isinstance(parsed, LicenseSymbol):
        return _leaf(parsed.key)
    kind: type[Both | Either] = Both if isinstance(parsed, AND) else Either
    operands: dict[Expression, None] = {}
    for operand in map(_tree, parsed.args):
        # `a AND (b AND c)` and `a AND b AND c` are one.
        operands.update(dict.fromkeys(operand.operands if isinstance(operand, kind) else (operand,)))
    only, *others = operands
    return kind(operands=tuple(operands)) if others else only


@functools.lru_cache(maxsize=4096)
def _leaf(word: str) -> Leaf:
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        name = str(canonicalize_license_expression(word))
    except InvalidLicenseExpression:
        return Leaf(name=word, known=False)
    return Leaf(name=name if name.lower().startswith(_REFERENCE) else _present(name))


def _present(name: str) -> str:
    """The present form of a deprecated identifier, if it is one licence of the SPDX list."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    symbol = _spdx_names().get(name.lower(), name)
    try:
        return str(canonicalize_license_expression(symbol))
    except InvalidLicenseExpression:
        return name


@functools.cache
def _spdx_names() -> dict[str, str]:
    """Every name that SPDX has or had for a licence, in lower case, and the present one."""
    from license_expression import get_spdx_licensing

    names: dict[str, str] = {}
    for symbol in get_spdx_licensing().known_symbols.values():
        if symbol.is_exception or symbol.key.lower().startswith(_REFERENCE):
            continue
        for alias in symbol.aliases:
            names.setdefault(alias.lower(), symbol.key)
    # An identifier of the list stands for itself.
    return names | {key.lower(): key for key in set(names.values())}


def _pair(license_word: str, exception_word: str) -> Leaf:
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    leaf = _leaf(license_word)
    try:
        pair = str(canonicalize_license_expression(f"MIT WITH {exception_word}"))
    except InvalidLicenseExpression:
        return Leaf(name=f"{leaf.name} WITH {exception_word}", known=False)
    return Leaf(name=f"{leaf.name} WITH {pair.rpartition(' ')[2]}", known=leaf.known)
