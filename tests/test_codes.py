"""Every code that the program can utter is in the catalogue, and the catalogue holds no others."""

from __future__ import annotations

import re

import pytest

from envbuilder.codes import catalogue
from tests.conftest import ROOT

AREAS = {code.partition("/")[0] for code in catalogue()}
_LITERAL = re.compile(rf'"((?:{"|".join(sorted(AREAS))})/[a-z][a-z-]+)"')
SOURCES = sorted((ROOT / "envbuilder").rglob("*.py"))
_NAMED = re.compile(r'code = "([a-z]+/[a-z-]+)"|code="([a-z]+/[a-z-]+)"')
TEXTS = [path.read_text("utf-8") for path in SOURCES]
UTTERED = {code for text in TEXTS for code in _LITERAL.findall(text)}
UTTERED |= {code for text in TEXTS for pair in _NAMED.findall(text) for code in pair if code}


def test_every_uttered_code_is_explained() -> None:
    assert sorted(UTTERED - catalogue().keys()) == []


def test_every_explained_code_can_be_uttered() -> None:
    assert sorted(catalogue().keys() - UTTERED) == []


@pytest.mark.parametrize("code", catalogue())
def test_a_page_says_what_it_is_and_what_to_do(code: str) -> None:
    entry = catalogue()[code]
    assert re.fullmatch(r"[a-z]+/[a-z]+(-[a-z]+)*", code)
    assert len(entry.meaning) > 10
    assert len(entry.cure) > 3
    assert "\n" not in entry.meaning + entry.cure
