"""Inputs that broke a law once, judged again; and one input of every kind."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.laws import KINDS, judge
from tests.fuzz.samples import OWN
from tests.fuzz.seeds import amplified, archives

INPUTS = sorted((Path(__file__).parent / "regressions").iterdir())


@pytest.mark.parametrize("path", INPUTS, ids=lambda path: path.name)
def test_what_broke_a_law_once_keeps_it(path: Path) -> None:
    judge(path.read_bytes())


@pytest.mark.parametrize(("kind", "text"), OWN)
def test_what_runs_start_from_keeps_the_laws(kind: str, text: str) -> None:
    judge((kind + text).encode())


@pytest.mark.parametrize("content", [*amplified(), *archives()])
def test_what_is_made_keeps_the_laws(content: bytes) -> None:
    judge(content)


def test_every_kind_has_an_input_to_start_from() -> None:
    assert {kind for kind, _ in OWN} >= KINDS.keys() - {"d", "z", "A"}
