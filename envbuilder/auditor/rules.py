"""What the audit says beyond what reading a model's files already told: one small function per rule.

No rule asks the network. Each takes a Subject and yields findings; RULES lists them all.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from envbuilder.auditor.channelrules import disallowed
from envbuilder.auditor.slips import meant_by
from envbuilder.findings import Finding, Level
from envbuilder.policy import Policy
from envbuilder.redact import excerpt
from envbuilder.rewriter.repairs import DUMMY, LOCAL
from envbuilder.spec import CondaRequirement, PypiRequirement, Rewritten

UNPINNED = "pin/unpinned"
END_OF_LIFE = "pin/python-end-of-life"
TYPOSQUAT = "source/typosquat"

_SINGLE_EQUALS = re.compile("=[^=]")
"""Conda's spelling in a pip list: a version all the same."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Subject:
    """What is judged: a model's wishes before and after rewriting, by a policy, on a day."""

    rewritten: Rewritten
    policy: Policy
    today: datetime.date


Rule: TypeAlias = Callable[[Subject], Iterator[Finding]]


def unpinned(subject: Subject) -> Iterator[Finding]:
    """Report requirements that name no one version: what they bring changes from day to day."""
    spec = subject.rewritten.original
    pinned = {item.name for item in spec.constraints if item.pinned}
    for item in spec.pypi:
        if not item.pinned and item.name not in pinned and not _SINGLE_EQUALS.match(item.specifier):
            yield _unpinned(item)
    for wish in spec.conda:
        if not _conda_pinned(wish):
            yield _unpinned(wish)


def _unpinned(item: PypiRequirement | CondaRequirement) -> Finding:
    return Finding(
        code=UNPINNED,
        level=Level.WARNING,
        message=f"{excerpt(item.text)} names no one version; an installer takes the newest of its day",
        origin=item.origin,
        hint="pin it; `envbuilder lock` finds the version of the model's day",
        subject=item.name,
    )


def _conda_pinned(item: CondaRequirement) -> bool:
    """Whether a match spec names a version, if only the beginning of one (``=1.19``)."""
    if item.build or dict(item.brackets).keys() & {"md5", "sha256", "url", "fn"}:
        return True
    return bool(item.version) and not set(item.version) & set("<>!~|,")


def local_versions(subject: Subject) -> Iterator[Finding]:
    """Report versions with a local label, which no index has unless one is configured."""
    yield from _changed(subject, LOCAL, "name the index in the policy's [sources] if that build is needed")


def dummy_packages(subject: Subject) -> Iterator[Finding]:
    """Report the dummy package ``sklearn``, which is broken by intent since 2022."""
    yield from _changed(subject, DUMMY, "name scikit-learn and its version")


def _changed(subject: Subject, code: str, hint: str) -> Iterator[Finding]:
    for change in subject.rewritten.changes:
        if change.code == code:
            yield Finding(
                code=code, level=Level.WARNING, message=change.message, origin=change.origin, hint=hint,
                subject=excerpt(change.before),
            )  # fmt: skip


_SUPPORTED_UNTIL = {
    (3, 6): datetime.date(2021, 12, 23),
    (3, 7): datetime.date(2023, 6, 27),
    (3, 8): datetime.date(2024, 10, 7),
    (3, 9): datetime.date(2025, 10, 31),
    (3, 10): datetime.date(2026, 10, 31),
    (3, 11): datetime.date(2027, 10, 31),
    (3, 12): datetime.date(2028, 10, 31),
    (3, 13): datetime.date(2029, 10, 31),
    (3, 14): datetime.date(2030, 10, 31),
}
"""The last day with security fixes: the Python developer's guide, "Status of Python versions"."""


def python_end_of_life(subject: Subject) -> Iterator[Finding]:
    """Report a Python that gets no security fixes any more."""
    wishes = subject.rewritten.original.python
    minor = wishes[0].minor if wishes else None
    if minor is None:
        return
    until = datetime.date.min if minor < min(_SUPPORTED_UNTIL) else _SUPPORTED_UNTIL.get(minor)
    if until is None or subject.today <= until:
        return
    name = f"{minor[0]}.{minor[1]}"
    since = f" since {until}" if until > datetime.date.min else ""
    yield Finding(
        code=END_OF_LIFE,
        level=Level.WARNING,
        message=f"Python {name} has had no security fixes{since}",
        origin=wishes[0].origin,
        hint="log the model again under a Python that is supported",
        subject=f"Python {name}",
    )


def channels_not_allowed(subject: Subject) -> Iterator[Finding]:
    """Report channels that are left after rewriting and that the policy's list does not name."""
    return disallowed(subject.rewritten, subject.policy.channels.allow)


def typosquats(subject: Subject) -> Iterator[Finding]:
    """Report names of the index that are one slip away from a well-known one and none themselves."""
    spec = subject.rewritten.original
    for item in (*spec.pypi, *spec.constraints):
        meant = meant_by(item.name)
        if meant is not None:
            yield Finding(
                code=TYPOSQUAT,
                level=Level.WARNING,
                message=f"{item.name} is one slip away from {meant}, and not a package that is well known",
                origin=item.origin,
                hint=f"write {meant} if that is meant; else look at who publishes {item.name}",
                subject=item.name,
            )


RULES: tuple[Rule, ...] = (
    channels_not_allowed,
    typosquats,
    unpinned,
    local_versions,
    dummy_packages,
    python_end_of_life,
)
"""All rules, in the order in which their findings are told."""
