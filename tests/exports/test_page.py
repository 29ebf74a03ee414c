"""docs/exports.md names what there is."""

from __future__ import annotations

import re

import pytest

from envbuilder.cli.export import export_command
from envbuilder.codes import catalogue
from envbuilder.exports.manifest import LOCK, NAME, SCHEMA
from envbuilder.exports.staging import LEFT_OUT
from tests.conftest import ROOT

PAGE = ROOT / "docs" / "exports.md"
TEXT = PAGE.read_text("utf-8")


def test_codes_are_those_of_the_catalogue() -> None:
    named = set(re.findall(r"[`\[]((?:export|archive)/[a-z-]+)[`\]]", TEXT))
    assert named <= catalogue().keys()
    told = {code for code in catalogue() if code.startswith("export/")} - {"export/not-rewritten"}
    assert told <= named


def test_options_are_those_of_the_command() -> None:
    known = {option for parameter in export_command.params for option in parameter.opts}
    lines = re.findall(r"envbuilder export ([^\n`]+)", TEXT)
    assert len(lines) == 4
    assert {word for line in lines for word in line.split() if word.startswith("-")} <= known


def test_the_file_is_described_as_it_is() -> None:
    assert f"`{NAME}`" in TEXT
    assert f"`{LOCK}`" in TEXT
    assert f"a manifest of schema {SCHEMA}" in TEXT
    assert f"left out of the standard library: {', '.join(LEFT_OUT)}" in TEXT


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)", TEXT))
def test_links_lead_somewhere(target: str) -> None:
    assert (PAGE.parent / target).exists()
