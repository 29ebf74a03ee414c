"""The policy's ``[licenses]`` as judgements need it: canonical names, and which entry is about which package."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from envbuilder.licensing.classifiers import last_part
from envbuilder.licensing.evidence import Ambiguous, Evidence, TextOnly, Unknown
from envbuilder.licensing.expression import Leaf, read_expression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.policy import Clarification, LicenseException, Policy

KeyPath: TypeAlias = "tuple[str | int, ...]"
"""Where an entry of the policy stands, as paths of keys: ``("licenses", "exception", 0)``."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """A policy on a day."""

    policy: Policy
    today: datetime.date
    """In UTC: the end dates of exceptions are compared with it."""

    @cached_property
    def judging(self) -> bool:
        """Whether licences are judged at all: without an allow list they are only listed."""
        return bool(self.policy.licenses.allow)

    @cached_property
    def allow(self) -> dict[str, KeyPath]:
        """The allow list: canonical name to its entry."""
        return _named(self.policy.licenses.allow)

    @cached_property
    def aliases(self) -> dict[str, tuple[str, str]]:
        """Compared form of an alias to the alias as written and its expression."""
        return {compared(raw): (raw, text) for raw, text in self.policy.licenses.aliases}

    def exceptions(self, name: str, version: str) -> dict[KeyPath, LicenseException]:
        """Return the exceptions for a package, those that have ended left out."""
        entries = enumerate(self.policy.licenses.exceptions)
        return {
            ("licenses", "exception", number): entry
            for number, entry in entries
            if not ended(entry, self.today) and entry.package.matches(name, version)
        }

    def clarifications(self, name: str, version: str) -> dict[KeyPath, Clarification]:
        """Return the clarifications for a package."""
        entries = enumerate(self.policy.licenses.clarify)
        return {
            ("licenses", "clarify", number): entry
            for number, entry in entries
            if entry.package.matches(name, version)
        }

    def alias(self, evidence: Evidence) -> tuple[str, str] | None:
        """Return the alias that settles ambiguous or free evidence, with its expression; None for none."""
        return next(
            (self.aliases[key] for key in map(compared, _names(evidence)) if key in self.aliases), None
        )


def _named(allow: tuple[str, ...]) -> dict[str, KeyPath]:
    """What is no single licence allows nothing; whoever reads a policy from a file refuses it there."""
    read = ((number, read_expression(text)) for number, text in enumerate(allow))
    return {
        leaf.name: ("licenses", "allow", number)
        for number, leaf in read
        if isinstance(leaf, Leaf) and leaf.known
    }


def ended(entry: LicenseException, today: datetime.date) -> bool:
    """Whether an exception's last valid day is over."""
    return entry.until is not None and entry.until < today


def compared(text: str) -> str:
    """Return what aliases are compared by: case and blanks do not count, words do."""
    return " ".join(text.split()).casefold()


def _names(evidence: Evidence) -> Iterator[str]:
    """What an alias may be about. One of several classifiers is not the licence: it settles nothing."""
    match evidence:
        case Ambiguous():
            if evidence.field:
                yield evidence.field
            if len(evidence.classifiers) == 1:
                yield evidence.classifiers[0]
                yield last_part(evidence.classifiers[0])
        case Unknown() | TextOnly():
            yield evidence.raw
        case _:
            pass
