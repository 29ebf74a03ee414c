"""Which entries of the policy mean something for a model: what none means anything for, the report tells."""

from __future__ import annotations

from collections.abc import Iterator

from envbuilder.auditor.channelrules import channels_left
from envbuilder.channels import canonical
from envbuilder.findings import Finding
from envbuilder.policy import Policy
from envbuilder.policyfile.places import KeyPath
from envbuilder.spec import Rewritten

NOTHING: frozenset[KeyPath] = frozenset()


def matched_entries(
    policy: Policy, rewritten: Rewritten, findings: tuple[Finding, ...]
) -> frozenset[KeyPath]:
    """Return the entries of the sections that an audit judges, as far as this model has what they name."""
    if not (policy.channels.allow or policy.names or policy.levels):
        return NOTHING  # the same object for every model
    return frozenset([*_channels(policy, rewritten), *_names(policy, rewritten), *_levels(policy, findings)])


def _channels(policy: Policy, rewritten: Rewritten) -> Iterator[KeyPath]:
    if policy.channels.allow:
        left = {canonical(channel.text) for channel in channels_left(rewritten)}
        for number, text in enumerate(policy.channels.allow):
            if canonical(text) in left:
                yield ("channels", "allow", number)


def _names(policy: Policy, rewritten: Rewritten) -> Iterator[KeyPath]:
    if policy.names:
        asked = {item.name for item in rewritten.original.conda}
        for conda, _ in policy.names:
            if conda.lower() in asked:
                yield ("names", conda)


def _levels(policy: Policy, findings: tuple[Finding, ...]) -> Iterator[KeyPath]:
    if policy.levels:
        met = {finding.code for finding in findings}
        for code, _ in policy.levels:
            if code in met:
                yield ("levels", code)
