"""A difference as JSON, one object; its schema is documented in docs/diff.schema.json."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from envbuilder.comparison.difference import Delta, Difference, Side, State, Step
from envbuilder.findings import Finding, Level
from envbuilder.report.objects import SCHEMA, finding_object, place_of, time_text


def write(difference: Difference, *, fail_on: Level) -> Iterator[str]:  # noqa: ARG001 - every format's signature
    """Yield the object on one line, in ASCII."""
    yield json.dumps({"schema": SCHEMA, **difference_object(difference)}) + "\n"


def difference_object(difference: Difference) -> dict[str, Any]:
    """Return what ``diff --output json`` writes, without its schema number."""
    return {
        "before": _side(difference.before),
        "after": _side(difference.after),
        "locked": difference.locked,
        "complete": not difference.skipped,
        "empty": difference.empty,
        "python": _delta(difference.python) if difference.python else None,
        "packages": [_delta(delta) for delta in difference.packages],
        "channels": [_delta(delta) for delta in difference.channels],
        "sources": [_delta(delta) for delta in difference.sources],
        "findings": {
            "new": [finding_object(finding) for finding in difference.new],
            "gone": [finding_object(finding) for finding in difference.gone],
        },
        "skipped": [{"path": item.path, "reason": item.reason} for item in difference.skipped],
        "summary": _summary(difference),
    }


def _side(side: Side) -> dict[str, Any]:
    return {
        "model": side.model,
        "created": time_text(side.created),
        "as_of": time_text(side.as_of),
        "python": side.python,
        "spec_id": side.spec_id,
        "lock_id": side.lock_id,
        "fidelity": side.fidelity.value,
        "packages": side.packages,
    }


def _delta(delta: Delta) -> dict[str, Any]:
    return {
        "kind": delta.kind,
        "name": delta.name,
        "named": delta.named,
        "change": delta.step.value,
        "before": _state(delta.before) if delta.before else None,
        "after": _state(delta.after) if delta.after else None,
    }


def _state(state: State) -> dict[str, Any]:
    return {
        "version": state.version,
        "sha256": state.sha256 or None,
        "from_source": state.from_source,
        "license": state.licence or None,
        "chain": list(state.chain),
        "asked_at": [{"text": wish.text, **place_of(wish.origin)} for wish in state.wishes],
    }


def _summary(difference: Difference) -> dict[str, Any]:
    steps = Counter(delta.step for delta in difference.packages)
    return {
        "packages": {step.value: steps[step] for step in Step},
        "licenses": {
            "changed": sum(delta.relicensed for delta in difference.packages),
            "unknown": difference.unlicensed,
        },
        "new": _levels(difference.new),
        "gone": _levels(difference.gone),
    }


def _levels(findings: tuple[Finding, ...]) -> dict[str, int]:
    levels = Counter(finding.level for finding in findings)
    return {f"{level.value}s": levels[level] for level in Level}
