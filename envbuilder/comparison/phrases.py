"""The words for a difference that all formats for people share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import TypeAlias

from envbuilder.channels import restricted
from envbuilder.comparison.difference import Delta, Difference, Side, State, Step
from envbuilder.findings import Finding, Level
from envbuilder.report.report import RANKS, worse

Shown: TypeAlias = Callable[[str], str]
"""Makes untrusted text harmless for a format."""


def groups(difference: Difference) -> Iterator[tuple[str, tuple[Delta, ...]]]:
    """Yield each heading with what stands below it; none that is empty."""
    named = tuple(delta for delta in difference.packages if delta.named)
    brought = tuple(delta for delta in difference.packages if not delta.named)
    for heading, deltas in (
        ("Python", (difference.python,) if difference.python else ()),
        ("packages that the files name", named),
        ("packages that others bring", brought),
        ("channels", difference.channels),
        ("sources", difference.sources),
    ):
        if deltas:
            yield heading, deltas


def phrase(delta: Delta, shown: Shown) -> str:
    """Return what changes, without the step and the place: ``numpy 1.19.5 -> 1.23.5``."""
    match delta.kind:
        case "channel":
            said = _channel(delta, shown)
        case "option":
            said = shown(delta.name)
        case "python":
            said = _passage(delta, shown)
        case "conda":
            said = f"conda's {_named(delta, shown)}"
        case _:
            said = _named(delta, shown)
    return said + _licences(delta, shown)


def _channel(delta: Delta, shown: Shown) -> str:
    before, after = (_asked(state, shown) for state in (delta.before, delta.after))
    if delta.before and delta.after:
        return f"in another order: {before} -> {after}"
    licensed = any(restricted(wish.text) for s in (delta.before, delta.after) if s for wish in s.wishes)
    return (after if delta.after else before) + (", licensed by Anaconda" if licensed else "")


def _named(delta: Delta, shown: Shown) -> str:
    """The passage behind the name, unless it begins with a requirement, which says the name itself."""
    first = delta.before or delta.after
    passage = _passage(delta, shown)
    if first and not first.version and first.wishes and first.wishes[0].text.startswith(delta.name):
        return passage
    return f"{shown(delta.name)} {passage}"


def _passage(delta: Delta, shown: Shown) -> str:
    before, after = delta.before, delta.after
    if before is None or after is None:
        return _value(after or before, shown)
    if delta.step is Step.REPLACED and before.version == after.version:
        return f"{_value(after, shown)}, another file: {_file(before)} -> {_file(after)}"
    if before.version == after.version:
        stays = f"stays {shown(after.version)}, asked for in other words: " if after.version else ""
        return f"{stays}{_asked(before, shown)} -> {_asked(after, shown)}"
    return f"{_value(before, shown)} -> {_value(after, shown)}"


def _value(state: State | None, shown: Shown) -> str:
    """The version, or what is asked for where none is chosen."""
    if state is None or state.version is None:
        return _asked(state, shown)
    return shown(state.version) + (" (from source)" if state.from_source else "")


def _asked(state: State | None, shown: Shown) -> str:
    texts = dict.fromkeys(shown(wish.text) for wish in state.wishes) if state else {}
    return ", ".join(texts) or "not asked for"


def _file(state: State) -> str:
    return f"sha256:{state.sha256[:16]}…"


def _licences(delta: Delta, shown: Shown) -> str:
    before, after = delta.before, delta.after
    if before and after and delta.relicensed:
        return f", licence {shown(before.licence)} -> {shown(after.licence)}"
    known = after if before is None else before if after is None else None
    return f", licence {shown(known.licence)}" if known and known.licence else ""


def place(delta: Delta) -> str:
    """Return where the change comes from: the line in ``after``; for what it lacks, the line in ``before``."""
    here, there = (
        [str(wish.origin) for wish in state.wishes if wish.origin] if state else []
        for state in (delta.after, delta.before)
    )
    if here:
        return here[0]
    if there:
        return f"was {there[0]}"
    chain = next((state.chain for state in (delta.after, delta.before) if state and state.chain), ())
    return f"by {' > '.join(chain[:-1])}" if len(chain) > 1 else ""


def head(side: Side, shown: Shown) -> str:
    """Return one of the two models on a line: its day, its Python, how much its lock holds."""
    parts = [shown(side.model)]
    if side.created:
        parts.append(f"logged {side.created.date()}")
    if side.python:
        parts.append(f"Python {shown(side.python)}")
    if side.packages is not None:
        as_of = f" as of {side.as_of.date()}" if side.as_of else ""
        parts.append(f"{side.packages} packages{as_of}")
    return ", ".join([*parts, side.fidelity.value])


def verdict(difference: Difference) -> str:
    """Return the numbers of a difference on one line."""
    steps = Counter(delta.step for delta in difference.packages)
    parts = [f"{steps[step]:,} {step.value}" for step in Step if steps[step]]
    packages = f"packages: {', '.join(parts) or 'the same'}"
    if not difference.locked:
        packages += " (files only, nothing was locked)"
    parts = [packages, f"findings: {_counted(difference.new)}, {len(difference.gone):,} gone"]
    if difference.skipped:
        parts.append(f"not complete: {len(difference.skipped):,} licences not read")
    return "; ".join(parts)


def unlicensed(difference: Difference) -> str:
    """Return what to say of licences that nobody has looked up yet; empty where all are known."""
    some = difference.unlicensed
    if not some or difference.skipped:
        return ""
    return f"licences of {some:,} of these packages are not known here yet; --licenses looks them up"


def told(findings: tuple[Finding, ...]) -> list[Finding]:
    """Return the findings that are listed, the weightiest first; notes are only counted, as the audit does."""
    found = [finding for finding in findings if worse(finding.level, Level.WARNING)]
    return sorted(found, key=lambda finding: RANKS[finding.level])


def _counted(findings: tuple[Finding, ...]) -> str:
    levels = Counter(finding.level for finding in findings)
    parts = [
        f"{levels[level]:,} {level.value}{'' if levels[level] == 1 else 's'}"
        for level in Level
        if levels[level]
    ]
    return f"{len(findings):,} new" + (f" ({', '.join(parts)})" if parts else "")
