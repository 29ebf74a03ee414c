"""How much each finding weighs, by the policy."""

from __future__ import annotations

from envbuilder.findings import Finding, Level
from envbuilder.policy import Policy, Verdict

_LEVELS = {"deny": Level.ERROR, "warn": Level.WARNING, "allow": Level.NOTE}

_IMPLICIT = "channel/implicit-defaults"


def weighed(findings: tuple[Finding, ...], policy: Policy) -> tuple[Finding, ...]:
    """Return the findings at the policy's levels, without those that ``[levels]`` allows.

    A refusal keeps its level: no policy makes a file readable. What a section allows is still noted.
    """
    levels = dict(policy.levels) | dict(policy.asked_levels)
    verdicts = _verdicts(policy)
    result = []
    for finding in findings:
        verdict = verdicts.get(finding.code)
        if finding.code == _IMPLICIT and finding.subject == "channels":
            # Without any channels the licensed ones are not added to others, they are all there is.
            verdict = policy.channels.restricted
        level = levels.get(finding.code, _LEVELS[verdict] if verdict else finding.level)
        if finding.refuses:
            result.append(finding)
        elif isinstance(level, Level):
            result.append(finding if level is finding.level else finding.at_level(level))
    return tuple(result)


def _verdicts(policy: Policy) -> dict[str, Verdict]:
    """Return what the sections say of the codes that they are about; what is denied by default is left out."""
    opened = {
        "source/direct-url": policy.sources.url,
        "source/vcs-unpinned": policy.sources.vcs,
        "source/local-path": policy.sources.local,
        "source/editable": policy.sources.editable,
        "channel/restricted": policy.channels.restricted,
    }
    chosen = {
        _IMPLICIT: policy.channels.implicit_defaults,
        "pin/unpinned": policy.pins.unpinned,
        "pin/local-version": policy.pins.local_version,
        "pin/dummy-package": policy.pins.dummy_package,
        "pin/python-end-of-life": policy.pins.python_end_of_life,
    }
    return chosen | {code: verdict for code, verdict in opened.items() if verdict != "deny"}
