"""What is asked: the model's requirements, the seeds, and what counts as a pin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from envbuilder.errors import ResolveError
from envbuilder.resolver.demand import UNASKED, demand_of, line_of, release_of
from tests.resolver.toy import req, rewritten


def test_seeds_are_always_there_and_the_nearest_wish_wins() -> None:
    spec = rewritten("setuptools==40", "six", seeds=(req("setuptools==50"), req("pip<20"))).spec
    demand = demand_of(spec)
    assert [line_of(r) for r in demand.requirements] == ["setuptools==40", "six", "pip<20", "wheel"]
    assert demand.requirements[-1].origin == UNASKED


@pytest.mark.parametrize(
    ("line", "release"),
    [
        ("np==1.2.3", "1.2.3"),
        ("np===1.2.3", "1.2.3"),
        ("np==1.2.3.*", "1.2.3"),
        ("np==1.2.*", None),
        ("np>=1.2.3", None),
        ("np==1.2.3,!=1", None),
        ("np", None),
    ],
)
def test_pins(line: str, release: str | None) -> None:
    assert release_of(req(line)) == release


def test_lines_are_written_anew() -> None:
    odd = replace(req("np"), extras=("b", "a"), specifier="==1.0", marker="python_version<'3'")
    assert line_of(odd) == 'np[a,b]==1.0; python_version < "3"'


@pytest.mark.parametrize("specifier", ["=1", "==1\n--index-url x", " @ https://example.org"])
def test_what_is_no_requirement_reaches_no_tool(specifier: str) -> None:
    with pytest.raises(ResolveError) as caught:
        line_of(replace(req("np"), specifier=specifier, marker="x"))
    assert caught.value.code == "resolve/malformed"
