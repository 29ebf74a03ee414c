"""The policy decides how much a finding weighs, never whether a file can be read."""

from __future__ import annotations

from collections.abc import Callable

from envbuilder.findings import Level
from envbuilder.policy import Policy, Sources
from envbuilder.report.report import ModelReport

One = Callable[..., ModelReport]
LOOSE = {"requirements.txt": "numpy\nx @ https://h.example/x-1.0-py3-none-any.whl\n"}


def levels(report: ModelReport) -> dict[str, Level]:
    return {finding.code: finding.level for finding in report.findings}


def test_a_level_is_what_the_policy_says(one: One) -> None:
    assert levels(one(LOOSE)) == {"pin/unpinned": Level.WARNING, "source/direct-url": Level.ERROR}
    policy = Policy(levels=(("pin/unpinned", Level.ERROR), ("source/direct-url", "allow")))
    assert levels(one(LOOSE, policy)) == {"pin/unpinned": Level.ERROR}


def test_what_sources_open_is_still_noted(one: One) -> None:
    assert levels(one(LOOSE, Policy(sources=Sources(url="warn"))))["source/direct-url"] is Level.WARNING
    assert levels(one(LOOSE, Policy(sources=Sources(url="allow"))))["source/direct-url"] is Level.NOTE


def test_a_refusal_stays_one(one: One) -> None:
    policy = Policy(levels=(("input/malformed-requirement", "allow"),))
    assert levels(one({"requirements.txt": "numpy ==\n"}, policy)) == {
        "input/malformed-requirement": Level.ERROR
    }
