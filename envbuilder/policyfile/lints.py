"""What is wrong with the entries of a policy: those that expired, and those that nothing needs any more."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from envbuilder.findings import Finding, Level, Origin
from envbuilder.policy import Policy
from envbuilder.policyfile.places import KeyPath, origins_of
from envbuilder.redact import excerpt, masked_url
from envbuilder.report.report import Report
from envbuilder.weights import weighed

UNMATCHED = "policy/unmatched-entry"
EXPIRED = "policy/expired-entry"

PINS = ("unpinned", "local-version", "dummy-package", "python-end-of-life")
"""The keys of ``[pins]``: what a file tells of its versions, without an index."""

WARNED = datetime.timedelta(days=30)
"""How long before its last day an entry is told of."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """An entry of the policy that can turn out to be about nothing."""

    path: KeyPath
    what: str
    level: Level = Level.WARNING
    """NOTE where a policy that many share may well name what one of them lacks."""
    code: str = ""
    """For an entry of ``[levels]`` its code; only who may report that can miss it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """What a command judges, and therefore what it can miss."""

    parts: frozenset[KeyPath]
    """Sections, or lists in them."""
    codes: frozenset[str]
    """Finding codes that it may report; of an area all of whose codes it may, the area's name."""


AUDIT = Scope(
    parts=frozenset({("channels", "allow"), ("names",), ("levels",)}),
    codes=frozenset({"channel", "input", "source", *(f"pin/{key}" for key in PINS)}),
)
"""What models ask for, without a lock (whether a pinned release is still there only the index knows)."""

LICENSES = Scope(parts=frozenset({("licenses",), ("builds",), ("levels",)}), codes=frozenset({"license"}))
"""What locks hold."""


def with_policy_findings(report: Report, policy: Policy, scope: Scope) -> Report:
    """Return a report with what is wrong with the policy itself, at the policy's own levels.

    What an entry matched is taken from ``ModelReport.matched``. That nothing did is known only where
    everything was read.
    """
    matched = frozenset().union(*{model.matched for model in report.models})
    found = [*_expired(policy, report.today)]
    if report.complete:
        found += _unmatched(policy, scope, matched, report.today)
    file = policy.written.file if policy.written else None
    return replace(report, policy_file=file, policy_findings=weighed(tuple(found), policy))


def entries_of(policy: Policy, today: datetime.date) -> Iterator[Entry]:
    """Yield the entries that a run can find to match nothing, section by section."""
    for number, channel in enumerate(policy.channels.allow):
        what = f"the channel {excerpt(masked_url(channel))}"
        yield Entry(path=("channels", "allow", number), what=what, level=Level.NOTE)
    for number, pattern in enumerate(policy.builds.listed):
        yield Entry(path=("builds", "sdist", number), what=f"the build of {pattern}")
    for conda, _ in policy.names:
        yield Entry(path=("names", conda), what=f"the name of {excerpt(conda)}")
    for code, _ in policy.levels:
        yield Entry(path=("levels", code), what=f"the level of {code}", level=Level.NOTE, code=code)
    yield from _license_entries(policy, today)


def _license_entries(policy: Policy, today: datetime.date) -> Iterator[Entry]:
    for number, text in enumerate(policy.licenses.allow):
        yield Entry(path=("licenses", "allow", number), what=f"the licence {excerpt(text)}", level=Level.NOTE)
    for raw, _ in policy.licenses.aliases:
        yield Entry(path=("licenses", "aliases", raw), what=f"the alias of {excerpt(raw)}")
    for number, exception in enumerate(policy.licenses.exceptions):
        if exception.ended(today):
            continue  # told as expired
        yield Entry(path=("licenses", "exception", number), what=f"the exception for {exception.package}")
    for number, clarification in enumerate(policy.licenses.clarify):
        what = f"the clarification of {clarification.package}"
        yield Entry(path=("licenses", "clarify", number), what=what)


def _unmatched(
    policy: Policy, scope: Scope, matched: AbstractSet[KeyPath], today: datetime.date
) -> Iterator[Finding]:
    entries = entries_of(policy, today)
    missed = [entry for entry in entries if entry.path not in matched and _judges(scope, entry)]
    origins = _origins(policy, missed)
    for entry in missed:
        yield Finding(
            code=UNMATCHED,
            level=entry.level,
            message=f"{entry.what} is not needed by anything that was judged",
            origin=origins.get(entry.path),
            hint="correct it, or remove it",
            subject=entry.what,
        )


def _judges(scope: Scope, entry: Entry) -> bool:
    if entry.code and not {entry.code, entry.code.partition("/")[0]} & scope.codes:
        return False
    return any(entry.path[: len(part)] == part for part in scope.parts)


def _origins(policy: Policy, entries: list[Entry]) -> dict[KeyPath, Origin]:
    if policy.written is None or not entries:
        return {}
    return origins_of(policy.written, [entry.path for entry in entries])


def _expired(policy: Policy, today: datetime.date) -> Iterator[Finding]:
    for exception in policy.licenses.exceptions:
        until, over = exception.until, exception.ended(today)
        if until is None or today + WARNED < until:
            continue
        what = f"the exception for {exception.package}"
        yield Finding(
            code=EXPIRED,
            level=Level.ERROR if over else Level.WARNING,
            message=f"{what} {'ended' if over else 'ends'} on {until}",
            origin=exception.origin,
            hint="decide again: give it a new day and say why, or remove it",
            subject=what,
        )
