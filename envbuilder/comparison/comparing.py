"""Two subjects compared. Everything here is a pure function of the two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from packaging.version import InvalidVersion, Version

from envbuilder.comparison.difference import Delta, Difference, State, Step
from envbuilder.comparison.subject import Key, Subject
from envbuilder.findings import Finding
from envbuilder.lock import Lock

Judge: TypeAlias = Callable[[State, State], "Step | None"]
"""How the one state becomes the other; None where they are the same."""


def compare(before: Subject, after: Subject) -> Difference:
    """Return what changes from ``before`` to ``after``; the other way round every step is its opposite."""
    same_target = _same_target(before.lock, after.lock)
    packages = _deltas(before.packages, after.packages, lambda a, b: _package_step(a, b, same_target))
    channels = _deltas(before.channels, after.channels, _asked_step)
    found_before, found_after = before.report.findings, after.report.findings
    return Difference(
        before=before.side,
        after=after.side,
        python=_delta(("python", "python"), before.python, after.python, _version_step),
        packages=tuple(sorted(packages, key=lambda delta: (not delta.named, delta.kind, delta.name))),
        channels=(*channels, *_order(before.channels, after.channels)),
        sources=tuple(
            sorted(
                _deltas(before.sources, after.sources, _asked_step),
                key=lambda delta: (delta.kind, delta.name),
            )
        ),
        new=_without(found_after, found_before),
        gone=_without(found_before, found_after),
        unlicensed=sum(_unlicensed(delta) for delta in packages),
    )


def _same_target(before: Lock | None, after: Lock | None) -> bool:
    """Whether one file of a version would do for both."""
    if before is None or after is None:
        return False
    minors = {tuple(lock.target.python.split(".")[:2]) for lock in (before, after)}
    platforms = {(lock.target.platform, lock.target.implementation) for lock in (before, after)}
    return len(minors) == len(platforms) == 1


def _deltas(before: Mapping[Key, State], after: Mapping[Key, State], judge: Judge) -> list[Delta]:
    """Return what is not the same: what ``after`` has in its order, then what it lacks in the other's."""
    keys = dict.fromkeys((*after, *before))
    found = [_delta(key, before.get(key), after.get(key), judge) for key in keys]
    return [delta for delta in found if delta]


def _delta(key: Key, before: State | None, after: State | None, judge: Judge) -> Delta | None:
    if before and after:
        step = judge(before, after)
    elif before or after:
        step = Step.ADDED if after else Step.REMOVED
    else:
        step = None
    return Delta(kind=key[0], name=key[1], step=step, before=before, after=after) if step else None


def _asked_step(before: State, after: State) -> Step | None:
    return Step.CHANGED if before.asked != after.asked else None


def _version_step(before: State, after: State) -> Step | None:
    """Compare versions (PEP 440), and the wishes where those are the same."""
    if before.version and after.version:
        old, new = _version(before.version), _version(after.version)
        if old and new and old != new:
            return Step.UPGRADED if old < new else Step.DOWNGRADED
    if before.version != after.version:
        return Step.CHANGED
    return _asked_step(before, after)


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _package_step(before: State, after: State, same_target: bool) -> Step | None:
    step = _version_step(before, after)
    if step in (None, Step.CHANGED) and before.version == after.version and before.sha256 != after.sha256:
        # Another Python takes another wheel of the same release; another kind of file is told all the same.
        replaced = same_target or before.from_source is not after.from_source
        return Step.REPLACED if replaced else step
    return step


def _unlicensed(delta: Delta) -> bool:
    return any(state.sha256 and not state.licence for state in (delta.before, delta.after) if state)


def _order(before: Mapping[Key, State], after: Mapping[Key, State]) -> list[Delta]:
    """Return a delta where the channels that both have stand in another order: the first one wins."""
    old, new = [key for key in before if key in after], [key for key in after if key in before]
    if old == new:
        return []
    states = [
        State(wishes=tuple(wish for key in keys for wish in side[key].wishes))
        for keys, side in ((old, before), (new, after))
    ]
    return [Delta(kind="channel", name="order", step=Step.CHANGED, before=states[0], after=states[1])]


def _without(findings: tuple[Finding, ...], others: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings that are not among the others.

    The same cause in another file is no new one: what a model's files are called changed with MLflow. A
    cause that weighs more than it did is.
    """
    known = {_cause(finding) for finding in others}
    return tuple(finding for finding in findings if _cause(finding) not in known)


def _cause(finding: Finding) -> tuple[str, str, str]:
    return finding.code, finding.level.value, finding.subject or finding.message
