"""How much each finding weighs, by the policy."""

from __future__ import annotations

from envbuilder.findings import Finding, Level
from envbuilder.policy import Policy

_OPENED = {
    "source/direct-url": "url",
    "source/vcs-unpinned": "vcs",
    "source/local-path": "local",
    "source/editable": "editable",
}
"""The findings about what ``[sources]`` may open."""

_LEVELS = {"warn": Level.WARNING, "allow": Level.NOTE}


def weighed(findings: tuple[Finding, ...], policy: Policy) -> tuple[Finding, ...]:
    """Return the findings at the policy's levels, without those that it allows.

    A refusal keeps its level: no policy makes a file readable. What ``[sources]`` allows is still noted.
    """
    levels = dict(policy.levels)
    result = []
    for finding in findings:
        verdict = getattr(policy.sources, _OPENED[finding.code]) if finding.code in _OPENED else "deny"
        level = levels.get(finding.code, _LEVELS.get(verdict, finding.level))
        if finding.refuses:
            result.append(finding)
        elif isinstance(level, Level):
            result.append(finding if level is finding.level else finding.at_level(level))
    return tuple(result)
