"""The policy's judgement of each package of a lock: a pure function of evidence, policy and day."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from envbuilder.findings import Finding, Level
from envbuilder.licensing.chains import Chain
from envbuilder.licensing.evidence import (
    Ambiguous,
    Classified,
    Declared,
    Evidence,
    Field,
    TextOnly,
    Unparseable,
)
from envbuilder.licensing.expression import (
    Expression,
    Malformed,
    canonical_names,
    evaluated,
    leaves_of,
    read_expression,
)
from envbuilder.policy import Clarification
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from envbuilder.licensing.terms import KeyPath, Terms

State: TypeAlias = Literal["allowed", "denied", "unknown", "ambiguous", "parse-error", "text-only", "listed"]
"""What became of a package; ``listed`` has an expression and no allow list to be judged by."""

_LEVELS = {"deny": Level.ERROR, "warn": Level.WARNING, "allow": Level.NOTE}


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """One package to judge."""

    name: str
    version: str
    evidence: Evidence
    chain: Chain
    digests: Mapping[str, str] = field(default_factory=dict)
    """The sha256 of the licence files that clarifications are bound to, by path; "" for a missing one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LicenseVerdict:
    """What the policy makes of a package."""

    name: str
    version: str
    evidence: Evidence
    expression: str | None
    """In its canonical form; None where the evidence gives none."""
    concluded: bool
    """Whether an alias or a clarification of the policy made the expression."""
    state: State
    chain: tuple[str, ...]
    finding: Finding | None
    matched: frozenset[KeyPath] = frozenset()
    """The entries of the policy that are about this package."""
    stale: tuple[Finding, ...] = ()
    """Clarifications whose licence file is another one by now: they say nothing any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Settled:
    """An expression to judge, and where it comes from."""

    expression: Expression
    concluded: bool = False
    """Whether the policy made it."""
    alias: str | None = None
    """The alias that made it."""


def judge(subject: Subject, terms: Terms) -> LicenseVerdict:
    """Return the verdict on a package: clarifications first, then its own evidence, then aliases."""
    clarifications = terms.clarifications(subject.name, subject.version)
    exceptions = terms.exceptions(subject.name, subject.version)
    stale = {path: entry for path, entry in clarifications.items() if _stale(entry, subject)}
    settled = _settled(subject, [e for path, e in clarifications.items() if path not in stale], terms)
    more = canonical_names(name for entry in exceptions.values() for name in entry.allow)
    finding: Finding | None
    if settled is None:
        state, finding = _undecided(subject, terms)
    else:
        state, finding = _judged(subject, settled, terms, more)
    return LicenseVerdict(
        name=subject.name,
        version=subject.version,
        evidence=subject.evidence,
        expression=str(settled.expression) if settled else None,
        concluded=settled is not None and settled.concluded,
        state=state,
        chain=subject.chain.names,
        finding=finding,
        matched=frozenset((*clarifications, *exceptions, *_matched(settled, terms))),
        stale=tuple(_told(entry, subject) for entry in stale.values()),
    )


def _stale(entry: Clarification, subject: Subject) -> bool:
    return subject.digests.get(entry.path) != entry.sha256


def _told(entry: Clarification, subject: Subject) -> Finding:
    found = subject.digests.get(entry.path)
    now = f"has sha256 {found}" if found else "is not there"
    if found is None:
        now = "could not be read"
    return Finding(
        code="policy/stale-entry",
        level=Level.WARNING,
        message=f"the clarification of {entry.package} says nothing any more: {excerpt(entry.path)} of "
        f"{subject.name} {excerpt(subject.version)} {now}",
        origin=entry.origin,
        hint="read the file as it is now, then write its sha256 and licence into the entry",
        subject=f"{entry.package} {subject.name}",
    )


def _matched(settled: _Settled | None, terms: Terms) -> Iterator[KeyPath]:
    if settled is None:
        return
    if settled.alias is not None:
        yield "licenses", "aliases", settled.alias
    for leaf in leaves_of(settled.expression):
        if leaf.name in terms.allow:
            yield terms.allow[leaf.name]


def _settled(subject: Subject, valid: list[Clarification], terms: Terms) -> _Settled | None:
    """What there is to judge; None where nobody has settled what the licence is."""
    evidence = subject.evidence
    if valid:
        clarified = read_expression(valid[0].expression)
        if not isinstance(clarified, Malformed):
            return _Settled(expression=clarified, concluded=True)
    if isinstance(evidence, Declared | Field | Classified):
        return _Settled(expression=evidence.expression)
    alias = terms.alias(evidence)
    named = read_expression(alias[1]) if alias else None
    if alias is None or named is None or isinstance(named, Malformed):
        return None
    return _Settled(expression=named, concluded=True, alias=alias[0])


def _judged(
    subject: Subject, settled: _Settled, terms: Terms, more: frozenset[str]
) -> tuple[State, Finding | None]:
    if not terms.judging:
        return "listed", _nameless(subject, terms)
    answer = evaluated(settled.expression, frozenset(terms.allow) | more)
    if answer.satisfied:
        return "allowed", None
    names = [leaf.name for leaf in answer.failing]
    text = str(settled.expression)
    what = "which is" if names == [text] else f"and {_joined(names)} {'is' if len(names) == 1 else 'are'}"
    strange = [leaf.name for leaf in answer.failing if not leaf.known]
    told = f" (SPDX has no {_joined(strange)})" if strange else ""
    choices = " or ".join(" and ".join(choice) for choice in answer.choices)
    allowing = f"allow {excerpt(choices, 200)} in [licenses], " if choices else f"clarify {subject.name}, "
    return "denied", _finding(
        subject,
        "license/denied",
        Level.ERROR,
        f"is under {excerpt(text, 200)}, {excerpt(what, 200)} not allowed{excerpt(told, 100)}",
        f"{allowing}make an exception for {subject.name}, or replace it",
    )


def _nameless(subject: Subject, terms: Terms) -> Finding | None:
    """PEP 639 has identifiers for these classifiers; but they name no licence, and somebody should look."""
    evidence = subject.evidence
    if not isinstance(evidence, Classified) or not str(evidence.expression).startswith("LicenseRef-"):
        return None
    level = _LEVELS[terms.policy.licenses.unknown]
    message = f"says `{excerpt(evidence.raw, 200)}`, which names no licence"
    return _finding(subject, "license/unknown", level, message, f"clarify {subject.name} in the policy")


def _undecided(subject: Subject, terms: Terms) -> tuple[State, Finding]:
    """What the package says does not settle its licence."""
    unknown, ambiguous = (
        _LEVELS[v] for v in (terms.policy.licenses.unknown, terms.policy.licenses.ambiguous)
    )
    clarify = f"clarify {subject.name} in the policy"
    match subject.evidence:
        case Ambiguous(classifiers=classifiers) as evidence:
            why = "which may be one of several licences"
            if len(classifiers) > 1:
                why = "and whether all or any of them apply is not said"
            # One of several classifiers is not the licence: an alias of it would settle nothing.
            word = evidence.raw if len(classifiers) == 1 else evidence.field
            also = f" and `{excerpt(evidence.field, 60)}`" if evidence.field else ""
            hint = f"{_alias(word)}{clarify}"
            message = f"says `{excerpt(evidence.raw, 200)}`{also}, {why}"
            return "ambiguous", _finding(subject, "license/ambiguous", ambiguous, message, hint)
        case TextOnly(raw=raw):
            message = f"gives a licence's text where its name belongs: `{excerpt(raw, 60)}`"
            return "text-only", _finding(subject, "license/text-only", unknown, message, clarify)
        case Unparseable(raw=raw, reason=reason):
            message = f"has no readable licence expression (`{excerpt(raw, 60)}`): {reason}"
            return "parse-error", _finding(subject, "license/parse-error", unknown, message, clarify)
        case evidence:
            message = (
                f"says only `{excerpt(evidence.raw, 200)}`" if evidence.raw else "says nothing of its licence"
            )
            hint = f"{_alias(evidence.raw)}{clarify}"
            return "unknown", _finding(subject, "license/unknown", unknown, message, hint)


def _alias(word: str) -> str:
    return f'say what "{excerpt(word, 200)}" means in [licenses.aliases], or ' if word else ""


def _finding(subject: Subject, code: str, level: Level, message: str, hint: str) -> Finding:
    chain = subject.chain
    way = f"; needed by {excerpt(' -> '.join(chain.names), 300)}" if len(chain.names) > 1 else ""
    return Finding(
        code=code,
        level=level,
        message=f"{subject.name} {excerpt(subject.version)} {message}{way}",
        origin=chain.origin,
        hint=hint,
        subject=subject.name,
    )


def _joined(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
