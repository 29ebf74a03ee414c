"""Errors say what, where and what to do; many are gathered."""

from __future__ import annotations

import pickle

import pytest

from envbuilder import errors
from envbuilder.errors import EnvbuilderError, InputRefused, PolicyRefused, ResolveError
from envbuilder.findings import Finding, Level, Origin

KINDS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EnvbuilderError)
]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {InputRefused, PolicyRefused}])
def test_every_kind_has_one_root_and_a_code(kind: type[EnvbuilderError]) -> None:
    error = kind("it broke", origin=Origin(file="a", line=2), hint="mend it", detail="log")
    assert str(error) == f"{kind.default_code}: a:2 it broke\nlog\nhint: mend it"


def test_a_refusal_names_all_its_causes_first() -> None:
    warning = Finding(code="input/odd", level=Level.WARNING, message="w", origin=Origin(file="a"))
    first = Finding(code="input/too-deep", level=Level.ERROR, message="deep", origin=Origin(file="a", line=1))
    second = Finding(code="input/empty", level=Level.ERROR, message="empty", hint="write something")
    error = InputRefused((warning, first, second), model="m")
    assert error.code == "input/too-deep"
    assert error.findings == (first, second, warning)
    assert str(error) == "input/too-deep: a:1 deep\ninput/empty: empty\nhint: write something"


def test_a_policy_is_refused_with_all_that_is_wrong_in_it() -> None:
    first = Finding(code="policy/invalid", level=Level.ERROR, message="one", origin=Origin(file="p", line=1))
    second = Finding(code="policy/unknown-key", level=Level.ERROR, message="two", hint="correct it")
    error = PolicyRefused((first, second))
    assert (error.code, error.origin) == ("policy/invalid", first.origin)
    assert str(error) == "policy/invalid: p:1 one\npolicy/unknown-key: two\nhint: correct it"


def test_a_resolver_error_carries_the_lines_at_fault() -> None:
    lines = ((Origin(file="requirements.txt", line=3), "numpy==99"),)
    assert ResolveError("no", requirements=lines).requirements == lines


def test_no_text_of_a_model_moves_the_cursor() -> None:
    error = EnvbuilderError(
        "a\x1b[2J", origin=Origin(file="b\x1b[1A"), hint="c\u202e", detail="d\x07\n  e", code="x/y"
    )
    assert str(error) == "x/y: b\\x1b[1A a\\x1b[2J\nd\\x07\n  e\nhint: c\\u202e"


def test_an_error_of_a_worker_process_arrives_whole() -> None:
    spot = Origin(file="requirements.txt", line=1)
    refusal = Finding(code="input/empty", level=Level.ERROR, message="it is empty", origin=spot)
    for error in (
        EnvbuilderError("what", code="a/b", origin=spot, hint="cure", detail="more"),
        ResolveError("what", requirements=((spot, "a==1"),)),
        InputRefused((refusal,), model="m"),
        PolicyRefused((refusal,)),
    ):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert again.__dict__ == error.__dict__
        assert (str(again), again.args) == (str(error), error.args)
