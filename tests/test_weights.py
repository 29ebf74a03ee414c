"""The policy decides how much a finding weighs, never whether a file can be read."""

from __future__ import annotations

import pytest

from envbuilder.findings import Finding, Level
from envbuilder.policy import Channels, Pins, Policy, Sources
from envbuilder.weights import weighed


def finding(code: str, level: Level = Level.ERROR, subject: str = "") -> Finding:
    return Finding(code=code, level=level, message="m", subject=subject)


def level_of(found: Finding, policy: Policy) -> Level | None:
    left = weighed((found,), policy)
    return left[0].level if left else None


def test_a_level_is_what_the_policy_says() -> None:
    policy = Policy(levels=(("pin/unpinned", Level.ERROR), ("source/direct-url", "allow")))
    assert level_of(finding("pin/unpinned", Level.WARNING), policy) is Level.ERROR
    assert level_of(finding("source/direct-url"), policy) is None
    assert level_of(finding("source/direct-url"), Policy()) is Level.ERROR


def test_the_command_line_goes_before_the_file_and_the_file_before_its_sections() -> None:
    policy = Policy(pins=Pins(unpinned="deny"), levels=(("pin/unpinned", Level.NOTE),))
    assert level_of(finding("pin/unpinned"), policy) is Level.NOTE
    asked = Policy(levels=policy.levels, asked_levels=(("pin/unpinned", "allow"),))
    assert level_of(finding("pin/unpinned"), asked) is None


def test_what_a_section_opens_is_still_noted() -> None:
    assert level_of(finding("source/direct-url"), Policy(sources=Sources(url="warn"))) is Level.WARNING
    assert level_of(finding("source/direct-url"), Policy(sources=Sources(url="allow"))) is Level.NOTE


@pytest.mark.parametrize(
    ("code", "policy"),
    [
        ("channel/restricted", Policy(channels=Channels(restricted="allow"))),
        ("channel/implicit-defaults", Policy(channels=Channels(implicit_defaults="allow"))),
        ("pin/unpinned", Policy(pins=Pins(unpinned="allow"))),
        ("pin/local-version", Policy(pins=Pins(local_version="allow"))),
        ("pin/dummy-package", Policy(pins=Pins(dummy_package="allow"))),
        ("pin/python-end-of-life", Policy(pins=Pins(python_end_of_life="allow"))),
    ],
)
def test_each_key_weighs_the_finding_that_it_is_about(code: str, policy: Policy) -> None:
    assert level_of(finding(code), policy) is Level.NOTE
    assert level_of(finding("source/index-override"), policy) is Level.ERROR


def test_a_file_without_any_channel_weighs_as_a_licensed_one() -> None:
    none, some = (finding("channel/implicit-defaults", subject=name) for name in ("channels", "nodefaults"))
    assert (level_of(none, Policy()), level_of(some, Policy())) == (Level.ERROR, Level.WARNING)
    policy = Policy(channels=Channels(restricted="warn", implicit_defaults="deny"))
    assert (level_of(none, policy), level_of(some, policy)) == (Level.WARNING, Level.ERROR)
    assert level_of(finding("pin/unpinned", subject="channels"), Policy()) is Level.WARNING


def test_a_refusal_stays_one() -> None:
    refusal = finding("input/malformed-requirement")
    policy = Policy(levels=(("input/malformed-requirement", "allow"),))
    assert weighed((refusal,), policy) == (refusal,)
