"""``-A``, ``-W`` and ``-D``: the levels of one run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from envbuilder.cli.levels import read_levels
from envbuilder.errors import UsageError
from envbuilder.findings import Level
from tests.conftest import Cli


def test_each_code_has_the_level_that_was_asked_for() -> None:
    asked = read_levels(
        allow=("pin/unpinned",), warn=("license/denied",), deny=("license/unknown", "license/unknown")
    )
    assert asked == (
        ("license/denied", Level.WARNING), ("license/unknown", Level.ERROR), ("pin/unpinned", "allow"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("allow", "deny", "words"),
    [
        (("pin/unpined",), (), "did you mean pin/unpinned?"),
        (("nonsense",), (), "`envbuilder codes` lists them"),
        (("pin/unpinned",), ("pin/unpinned",), "pin/unpinned is given two levels"),
    ],
)
def test_what_has_no_meaning_is_an_error(allow: tuple[str, ...], deny: tuple[str, ...], words: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_levels(allow=allow, warn=(), deny=deny)
    assert words in str(caught.value)


def test_an_audit_takes_them_before_the_policy(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "requirements.txt").write_text(
        "numpy\n--extra-index-url https://i.example.org/simple\n"
    )
    (tmp_path / "envbuilder.toml").write_text('[levels]\n"pin/unpinned" = "error"\n')

    def levels(*options: str) -> tuple[int, dict[str, str]]:
        done = cli("audit", "m", "--output", "json", *options, cwd=tmp_path)
        (model,) = json.loads(done.stdout)["models"]
        return done.returncode, {finding["code"]: finding["level"] for finding in model["findings"]}

    code, found = levels("-A", "source/index-override")
    assert (code, found) == (1, {"pin/unpinned": "error"})
    code, found = levels("-W", "pin/unpinned", "--deny=source/index-override")
    assert (code, found) == (1, {"pin/unpinned": "warning", "source/index-override": "error"})
    code, found = levels("-A", "pin/unpinned", "-W", "source/index-override")
    assert (code, found) == (0, {"source/index-override": "warning"})
    assert "did you mean" in cli("licenses", "m", "-A", "license/unknwon", cwd=tmp_path).stderr
