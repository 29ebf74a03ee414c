"""The policy file: what it says, where it is found, and that a mistake in it is never passed over."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.cli.init import POLICY
from envbuilder.errors import EnvbuilderError, PolicyError
from envbuilder.findings import Level
from envbuilder.policy import DEFAULT
from envbuilder.policyfile import find_policy, read_policy


def write(folder: Path, text: str, name: str = "envbuilder.toml") -> Path:
    path = folder / name
    path.write_text(text, "utf-8")
    return path


def test_without_a_file_the_default_holds() -> None:
    assert read_policy(None) == DEFAULT


def test_what_init_writes_is_the_default(tmp_path: Path) -> None:
    assert read_policy(write(tmp_path, POLICY)) == DEFAULT


def test_every_commented_line_of_init_is_a_valid_line(tmp_path: Path) -> None:
    lines = [line.removeprefix("# ") if " = " in line else line for line in POLICY.splitlines()]
    policy = read_policy(write(tmp_path, "\n".join(lines)))
    assert policy.sources == DEFAULT.sources
    assert policy.builds == DEFAULT.builds
    assert policy.names == (("some-conda-package", "its-name-on-the-index"),)


def test_all_keys_are_read(tmp_path: Path) -> None:
    policy = read_policy(
        write(
            tmp_path,
            '[sources]\nindexes = ["https://user:pw@index.example.org/simple"]\nvcs = "allow"\n'
            '[builds]\nsdist = ["alembic"]\n[names]\nfoo = "bar"\nbaz = ""\n',
        )
    )
    assert [str(url) for url in policy.sources.indexes] == ["https://****@index.example.org/simple"]
    assert policy.sources.vcs == "allow"
    assert policy.sources.url == "deny"
    assert policy.builds.allows("alembic")
    assert not policy.builds.allows("termcolor")
    assert policy.names == (("baz", ""), ("foo", "bar"))


def test_the_folder_decides_and_its_own_file_comes_first(tmp_path: Path) -> None:
    assert find_policy(tmp_path) is None
    project = write(tmp_path, "[tool.other]\n", "pyproject.toml")
    assert find_policy(tmp_path) is None
    project.write_text('[tool.envbuilder.builds]\nsdist = "never"\n', "utf-8")
    assert find_policy(tmp_path) == project
    assert read_policy(project).builds.sdist == "never"
    own = write(tmp_path, "")
    assert find_policy(tmp_path) == own


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("[sauces]\n", "policy/unknown-key", "did you mean sources?"),
        ("[sources]\nulr = 'deny'\n", "policy/unknown-key", "did you mean sources.url?"),
        ("[sources]\nurl = 'maybe'\n", "policy/invalid", "sources.url has to be"),
        ("[sources]\nurl = ['deny']\n", "policy/invalid", "sources.url has to be"),
        ("[sources]\nindexes = 'x'\n", "policy/invalid", "sources.indexes has to be a list"),
        ("[builds]\nsdist = 'always'\n", "policy/invalid", "builds.sdist has to be"),
        ("[names]\nfoo = 1\n", "policy/invalid", "names.foo has to be"),
        ("builds = 1\n", "policy/invalid", "builds has to be a table"),
        ("[broken", "policy/invalid", "not TOML"),
    ],
)
def test_a_mistake_is_an_error_that_says_where(tmp_path: Path, text: str, code: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy(write(tmp_path, text))
    assert caught.value.code == code
    assert words in str(caught.value)
    assert "envbuilder.toml" in str(caught.value)


def test_names_of_packages_may_be_written_as_their_projects_write_them(tmp_path: Path) -> None:
    policy = read_policy(write(tmp_path, '[builds]\nsdist = ["PyYAML", "ruamel.yaml"]\n'))
    assert policy.builds.allows("pyyaml")
    assert policy.builds.allows("ruamel-yaml")


def test_a_project_file_of_odd_shape_has_no_policy_or_is_refused(tmp_path: Path) -> None:
    project = write(tmp_path, "tool = 3\n", "pyproject.toml")
    assert find_policy(tmp_path) is None
    with pytest.raises(PolicyError, match="tool has to be a table"):
        read_policy(project)
    write(tmp_path, "[tool]\nenvbuilder = 3\n", "pyproject.toml")
    with pytest.raises(PolicyError, match="envbuilder has to be a table"):
        read_policy(find_policy(tmp_path))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot be read"):
        read_policy(tmp_path / "missing.toml")


@given(st.binary(max_size=200))
def test_no_bytes_do_more_than_be_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("policy") / "envbuilder.toml"
    path.write_bytes(content)
    try:
        read_policy(path)
    except EnvbuilderError as error:
        assert error.hint


def test_levels_of_codes(tmp_path: Path) -> None:
    text = '[levels]\n"pin/unpinned" = "allow"\n"channel/restricted" = "warning"\n'
    policy = read_policy(write(tmp_path, text))
    assert policy.levels == (("channel/restricted", Level.WARNING), ("pin/unpinned", "allow"))
    assert policy.digest != DEFAULT.digest
    assert policy.resolution_key == DEFAULT.resolution_key


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ('"pin/unpined" = "allow"', "policy/unknown-key", "did you mean levels.pin/unpinned?"),
        ('"nonsense" = "allow"', "policy/unknown-key", "known keys: build/"),
        ('"pin/unpinned" = "off"', "policy/invalid", 'has to be "allow", "note", "warning" or "error"'),
        ('"pin/unpinned" = 1', "policy/invalid", "has to be"),
    ],
)
def test_a_wrong_level_is_an_error(tmp_path: Path, text: str, code: str, words: str) -> None:
    with pytest.raises(PolicyError) as caught:
        read_policy(write(tmp_path, f"[levels]\n{text}\n"))
    assert caught.value.code == code
    assert words in str(caught.value)
