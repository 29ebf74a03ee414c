"""Options are left out, and whoever relies on one learns it."""

from __future__ import annotations

import pytest

from envbuilder.findings import Effect, Origin
from envbuilder.policy import DEFAULT, Policy, Sources
from envbuilder.redact import SafeUrl
from envbuilder.rewriter.options import leave_options
from envbuilder.rewriter.rewriting import rewrite
from envbuilder.spec import EnvSpec, Option, Provenance

SPOT = Origin(file="requirements.txt", line=3, column=1)


def spec_of(name: str, value: str = "") -> EnvSpec:
    return EnvSpec(
        python=(), options=(Option(name=name, value=value, origin=SPOT),), provenance=Provenance(model="m")
    )


@pytest.mark.parametrize(
    ("name", "value", "code", "effect"),
    [
        ("--extra-index-url", "https://index.example.org/simple", "rewrite/index-ignored", Effect.ADAPTED),
        ("--find-links", "https://index.example.org/wheels", "rewrite/index-ignored", Effect.ADAPTED),
        ("--no-index", "", "rewrite/index-ignored", Effect.ADAPTED),
        ("--pre", "", "rewrite/option-ignored", Effect.ADAPTED),
        ("--no-binary", "numpy", "rewrite/option-ignored", Effect.ADAPTED),
        ("--trusted-host", "index.example.org", "rewrite/option-ignored", Effect.NONE),
        ("--require-hashes", "", "rewrite/option-ignored", Effect.NONE),
    ],
)
def test_an_option_is_left_out_and_told(name: str, value: str, code: str, effect: Effect) -> None:
    spec, (change,) = leave_options(spec_of(name, value), DEFAULT)
    assert spec.options == ()
    assert (change.code, change.effect, change.origin) == (code, effect, SPOT)
    assert f"{name} {value}".strip() in change.message


def test_an_index_that_the_policy_names_too_is_no_substitution() -> None:
    policy = Policy(sources=Sources(indexes=(SafeUrl("https://u:p@index.example.org/simple/"),)))
    _, (change,) = leave_options(spec_of("--index-url", "https://index.example.org/simple"), policy)
    assert change.effect is Effect.NONE


def test_rewriting_again_tells_nothing_more() -> None:
    once = rewrite(spec_of("--extra-index-url", "https://index.example.org/simple"))
    assert [change.code for change in once.changes] == ["rewrite/index-ignored"]
    assert rewrite(once.spec).changes == ()
