"""The schema for editors says what the reader says: the same keys, and no value that the reader takes is refused."""

from __future__ import annotations

import datetime
import json
import sys
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest

from envbuilder.codes import catalogue
from envbuilder.errors import PolicyRefused
from envbuilder.policy import PolicyText, Verdict
from envbuilder.policyfile import read_policy
from envbuilder.policyfile.schema import schema_text
from envbuilder.policyfile.sections import LEVELS, read_root
from envbuilder.policyfile.tables import Mistakes, Table
from envbuilder.policyfile.template import Draft, policy_text
from tests.policyfile.test_licenses import TEXT as LICENSES

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SCHEMA = json.loads(schema_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())

FULL = f"""\
{LICENSES}
[channels]
restricted = "warn"
implicit-defaults = "deny"
allow = ["conda-forge", "https://c.example.org/main"]
mirrors = {{ conda-forge = ["https://m.example.org/conda-forge", "file:///m"] }}
[conda]
engine = "never"
cuda = "12.1"
[sources]
indexes = ["https://i.example.org/simple"]
url = "allow"
vcs = "warn"
local = "deny"
editable = "deny"
[builds]
sdist = ["PyYAML<7", "ruamel.yaml"]
[pins]
unpinned = "allow"
local-version = "deny"
dummy-package = "warn"
python-end-of-life = "deny"
[levels]
"pin/unpinned" = "allow"
[names]
a = ""
[store]
max-size = " 1.5 GiB "
min-free = "512"
max-age = "2W"
"""


def as_json(value: Any) -> Any:
    """Return what an editor gives a validator: a day as text."""
    if isinstance(value, dict):
        return {key: as_json(below) for key, below in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if isinstance(value, datetime.date) else value


def valid(text: str) -> bool:
    return bool(VALIDATOR.is_valid(as_json(tomllib.loads(text))))


def accepted(folder: Path, text: str) -> bool:
    path = folder / "envbuilder.toml"
    path.write_text(text, "utf-8")
    try:
        read_policy(path)
    except PolicyRefused:
        return False
    return True


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(
    "text",
    ["", FULL, policy_text(), policy_text(Draft(channels=(("a", 1),), licenses=(("MIT", 2),))),
     '[builds]\nsdist = "never"', '[store]\nmax-size = "3tb"\nmax-age = "1.5min"'],
)  # fmt: skip
def test_what_the_reader_takes_the_schema_takes(tmp_path: Path, text: str) -> None:
    assert accepted(tmp_path, text)
    assert valid(text)


@pytest.mark.parametrize(
    "text",
    [
        "sauces = 1", "[channels]\nallowed = []", "[sources]\nurl = 'maybe'", "[builds]\nsdist = ['a[x]']",
        "[pins]\nunpinned = true", "[levels]\n'pin/unpinned' = 'off'", "[levels]\nnonsense = 'allow'",
        "[names]\na = 1", "[store]\nmax-size = 5", "[store]\nmax-age = '3 moons'", "[licenses]\nallow = 'MIT'",
        "[channels]\nallow = ['']", "[channels]\nmirrors = ['a']", "[channels.mirrors]\na = 'https://m.example.org/a'",
        "[channels.mirrors]\na = ['m.example.org/a']", "[conda]\nengine = 'maybe'", "[conda]\ncuda = 12.1",
        "[conda]\ncuda = 'yes'", "[[licenses.exception]]\npackage = 'a'\nallow = ['MIT']",
        "[[licenses.exception]]\npackage = 'a[x]'\nallow = ['MIT']\nreason = 'r'",
        "[[licenses.exception]]\npackage = 'a'\nallow = []\nreason = 'r'",
        "[[licenses.exception]]\npackage = 'a'\nallow = ['MIT']\nreason = ' '",
        "[[licenses.exception]]\npackage = 'a'\nallow = ['MIT']\nreason = 'r'\nuntil = 'soon'",
        "[[licenses.clarify]]\npackage = 'a'\nexpression = 'MIT'\nlicense-file = {path = 'L', sha256 = 'x'}",
        "[[licenses.clarify]]\npackage = 'a'\nexpression = 'MIT'\nlicense-file = {path = 'L'}",
        "[licenses.aliases]\nx = 3",
    ],
)  # fmt: skip
def test_what_the_schema_refuses_the_reader_refuses(tmp_path: Path, text: str) -> None:
    assert not accepted(tmp_path, text)
    assert not valid(text)


def keys_of_the_reader() -> set[tuple[str, ...]]:
    root = Table(tomllib.loads(FULL), (), Mistakes())
    read_root(root, PolicyText(file="p", text=FULL))
    return set(_asked(root, ()))


def _asked(table: Table, path: tuple[str, ...]) -> list[tuple[str, ...]]:
    found = []
    for key, below in table.asked.items():
        if path[-1:] not in {("levels",), ("names",), ("aliases",), ("mirrors",)}:  # keys of the user's own
            found.append((*path, key))
        for inner in (below,) if isinstance(below, Table) else below or ():
            found += _asked(inner, (*path, key))
    return found


def _properties(schema: dict[str, Any], path: tuple[str, ...]) -> list[tuple[str, ...]]:
    found = []
    for key, below in schema.get("properties", {}).items():
        found += [(*path, key), *_properties(below.get("items", below), (*path, key))]
    return found


def test_both_know_the_same_keys() -> None:
    assert set(_properties(SCHEMA, ())) == keys_of_the_reader()


def test_every_table_refuses_other_keys() -> None:
    def check(schema: Any) -> None:
        if isinstance(schema, dict):
            if "properties" in schema:
                assert schema["additionalProperties"] is False
            for below in schema.values():
                check(below)

    check(SCHEMA)


def test_both_know_the_same_words() -> None:
    assert set(SCHEMA["$defs"]["verdict"]["enum"]) == set(get_args(Verdict))
    assert set(SCHEMA["properties"]["conda"]["properties"]["engine"]["enum"]) == {"auto", "never", "always"}
    levels = SCHEMA["properties"]["levels"]
    assert set(levels["additionalProperties"]["enum"]) == set(LEVELS)
    names = jsonschema.Draft202012Validator(levels["propertyNames"])
    assert all(names.is_valid(code) for code in catalogue())


def test_its_defaults_are_the_readers(tmp_path: Path) -> None:
    lines = []
    for section, table in SCHEMA["properties"].items():
        for key, value in table.get("properties", {}).items():
            if "default" in value:
                lines.append(f"{section}.{key} = {json.dumps(value['default'])}")
    path = tmp_path / "envbuilder.toml"
    path.write_text("\n".join(lines))
    assert read_policy(path) == read_policy(None)
    assert len(lines) > 12
