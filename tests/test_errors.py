"""Errors say what, where and what to do; many are gathered."""

from __future__ import annotations

import pytest

from envbuilder import errors
from envbuilder.errors import EnvbuilderError, InputRefused, ResolveError
from envbuilder.findings import Finding, Level, Origin

KINDS = [
    kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EnvbuilderError)
]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind is not InputRefused])
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


def test_a_resolver_error_carries_the_lines_at_fault() -> None:
    lines = ((Origin(file="requirements.txt", line=3), "numpy==99"),)
    assert ResolveError("no", requirements=lines).requirements == lines
