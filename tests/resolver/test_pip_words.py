"""What pip-compile's words mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.resolver.engine import FailureKind
from envbuilder.resolver.pip_words import read_failure

TRACEBACK = (
    "Traceback (most recent call last):\n"
    '  File "/somewhere/piptools/resolver.py", line 677, in _do_resolve\n'
    "    resolver.resolve(\n"
)


@pytest.mark.parametrize(
    ("text", "kind", "names"),
    [
        ("pip._internal.exceptions.DistributionNotFound: No matching distribution found for six==99",
         FailureKind.NO_SOLUTION, ("six",)),
        ("ResolutionImpossible: [RequirementInformation(requirement=SpecifierRequirement('proto_buf<5'), parent=x)]",
         FailureKind.NO_SOLUTION, ("proto-buf",)),
        ("FailedToPrepareCandidate: Failed to build 'pandas' when installing build dependencies for pandas",
         FailureKind.BUILD, ("pandas",)),
        ("WARNING: Retrying: NewConnectionError: refused\nNo matching distribution found for six",
         FailureKind.NETWORK, ("six",)),
        ("Could not fetch URL: no route", FailureKind.NETWORK, ()),
        ("Usage: pip-compile", FailureKind.TOOL, ()),
    ],
)  # fmt: skip
def test_kinds_and_names(text: str, kind: FailureKind, names: tuple[str, ...]) -> None:
    failure = read_failure(TRACEBACK + text)
    assert (failure.kind, failure.packages) == (kind, names)
    assert "piptools/resolver.py" not in failure.text
    assert failure.text.splitlines()[0] == text.splitlines()[0]


@given(st.text())
def test_any_text_is_safe_to_show(text: str) -> None:
    assert "\x1b" not in read_failure(text).text
