"""What a package says about its licence, in the order of PEP 639: nothing is guessed.

``License-Expression`` goes first and alone; then a ``License`` field that is SPDX as a whole; then one
classifier that is not ambiguous. Everything else is for people to settle, by the policy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from envbuilder.licensing.classifiers import expression_of, last_part, license_classifiers
from envbuilder.licensing.expression import Expression, Malformed, read_expression, well_known
from envbuilder.licensing.metadata import Metadata
from envbuilder.redact import excerpt

_TEXT_LENGTH = 200
_TEXT_LINES = 3
"""A ``License`` value of that many characters or lines is the text of a licence, not its name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Declared:
    """``License-Expression`` (PEP 639)."""

    expression: Expression
    raw: str
    kind: ClassVar[str] = "expression"


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """A ``License`` field, or the licence of a conda record, that is a valid SPDX expression."""

    expression: Expression
    raw: str
    kind: ClassVar[str] = "field"


@dataclass(frozen=True, kw_only=True, slots=True)
class Classified:
    """Exactly one classifier, and one that stands for a single licence."""

    expression: Expression
    classifier: str
    kind: ClassVar[str] = "classifier"

    @property
    def raw(self) -> str:
        """The classifier's last part."""
        return last_part(self.classifier)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ambiguous:
    """An ambiguous classifier, or several: whether AND or OR is meant must not be guessed."""

    classifiers: tuple[str, ...]
    field: str = ""
    """The ``License`` field, where it is free text."""
    kind: ClassVar[str] = "ambiguous"

    @property
    def raw(self) -> str:
        """The classifiers' last parts."""
        return ", ".join(last_part(classifier) for classifier in self.classifiers)


@dataclass(frozen=True, kw_only=True, slots=True)
class TextOnly:
    """The text of a licence where its name belongs."""

    raw: str
    """Its beginning."""
    kind: ClassVar[str] = "text"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unknown:
    """Nothing usable: free text, or nothing at all."""

    raw: str = ""
    kind: ClassVar[str] = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Unparseable:
    """A ``License-Expression`` that is none, or metadata that could not be read to its end; no fallback."""

    raw: str
    reason: str
    kind: ClassVar[str] = "parse-error"


Evidence: TypeAlias = Declared | Field | Classified | Ambiguous | TextOnly | Unknown | Unparseable


def evidence_of(metadata: Metadata) -> Evidence:
    """Return what core metadata says about the licence. Never raises."""
    if metadata.cut:
        return Unparseable(raw="", reason="its metadata is longer than any real one")
    if metadata.expressions:
        return _declared(metadata.expressions)
    field = _field(metadata.licenses)
    expression = _whole(field) if field else None
    if expression:
        return Field(expression=expression, raw=" ".join(field.split()))
    classifiers = license_classifiers(metadata.classifiers)
    if len(classifiers) == 1 and (text := expression_of(classifiers[0])):
        found = read_expression(text)
        assert not isinstance(found, Malformed)  # noqa: S101 - a table of our own, under test
        return Classified(expression=found, classifier=classifiers[0])
    if classifiers:
        shown = tuple(excerpt(text, 200) for text in classifiers)
        return Ambiguous(classifiers=shown, field="" if _is_text(field) else field)
    return _free(field)


def conda_evidence(license_text: str | None) -> Evidence:
    """Return what the ``license`` of a conda package record says: free text, mostly SPDX in conda-forge."""
    field = _field((license_text,) if license_text else ())
    expression = _whole(field) if field else None
    return Field(expression=expression, raw=" ".join(field.split())) if expression else _free(field)


def _declared(values: tuple[str, ...]) -> Evidence:
    text = values[0].strip()
    if len(values) > 1:
        return Unparseable(raw=excerpt(" | ".join(values)), reason="License-Expression is given twice")
    found = read_expression(text)
    if isinstance(found, Malformed):
        return Unparseable(raw=found.text, reason=found.reason)
    return Declared(expression=found, raw=excerpt(text, 500))


def _field(values: tuple[str, ...]) -> str:
    """The value, "" where nothing is said (PEP 639: ``UNKNOWN`` is what setuptools writes for that)."""
    text = "\n".join(value.strip() for value in values)
    return "" if text.upper() == "UNKNOWN" else text


def _whole(text: str) -> Expression | None:
    """The expression, if the whole text is one of licences that SPDX knows: a lone word proves nothing."""
    found = read_expression(text)
    return None if isinstance(found, Malformed) or not well_known(found) else found


def _free(field: str) -> Evidence:
    words = " ".join(field.split())
    return TextOnly(raw=excerpt(words)) if _is_text(field) else Unknown(raw=excerpt(words, 200))


def _is_text(field: str) -> bool:
    return len(field) > _TEXT_LENGTH or field.count("\n") >= _TEXT_LINES
