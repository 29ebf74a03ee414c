"""The page about the policy: its example can be used, it names every key, and quotes what is really said."""

from __future__ import annotations

import re
from pathlib import Path

from envbuilder.cli.failure import error_lines
from envbuilder.errors import PolicyRefused
from envbuilder.policyfile import read_policy
from tests.conftest import ROOT
from tests.policyfile.test_schema import keys_of_the_reader

PAGE = (ROOT / "docs" / "policy.md").read_text("utf-8")


def test_the_example_is_a_policy(tmp_path: Path) -> None:
    (text,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    path = tmp_path / "envbuilder.toml"
    path.write_text(text, "utf-8")
    policy = read_policy(path)
    assert policy.licenses.exceptions[0].package.specifier == "<3"
    for path_of_key in keys_of_the_reader():
        assert path_of_key[-1] in text


def test_the_mistakes_are_told_as_quoted(tmp_path: Path) -> None:
    path = tmp_path / "envbuilder.toml"
    text = (
        '[pins]\n# typed\nunpined = "deny"\n\n[licenses]\nallow = [\n  "MIT",\n  "ISC",\n  "Apache 2",\n]\n'
    )
    path.write_text(text, "utf-8")
    try:
        read_policy(path)
    except PolicyRefused as error:
        told = "\n".join(error_lines(error)).replace(path.as_posix(), "envbuilder.toml")
    assert told in PAGE
