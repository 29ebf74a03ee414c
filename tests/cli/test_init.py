"""``envbuilder init``: a policy to start from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from envbuilder.policyfile import read_policy
from envbuilder.policyfile.schema import schema_text
from tests.conftest import Cli

CONDA = "channels:\n- defaults\n- pytorch\ndependencies:\n- python=3.8.8\n"


def model(folder: Path, text: str = CONDA) -> Path:
    folder.mkdir(parents=True)
    (folder / "conda.yaml").write_text(text)
    return folder


def test_the_policy_of_models_holds_their_channels_even_without_a_network(cli: Cli, tmp_path: Path) -> None:
    model(tmp_path / "registry" / "a")
    model(tmp_path / "registry" / "b", "channels: [conda-forge]\ndependencies: [x::y=1]\n")
    model(tmp_path / "registry" / "bad", "channels: [\n")
    done = cli("init", "--from", "registry", "gone", "--offline", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout == f"{tmp_path / 'envbuilder.toml'}\n"
    policy = read_policy(tmp_path / "envbuilder.toml")
    assert policy.channels.allow == ("conda-forge", "pytorch", "x")
    assert policy.licenses.allow == ()
    left_out = done.stderr.splitlines()
    assert all(line.startswith("left out: ") for line in left_out)
    assert [line.split(": ")[1] for line in left_out[:2]] == ["gone", "registry/bad"]
    assert {line.split(": ")[1] for line in left_out[2:]} == {"registry/a", "registry/b"}


def test_what_is_there_stays_unless_asked(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "envbuilder.toml"
    file.write_text("# mine\n")
    model(tmp_path / "m")
    for options in ((), ("--from", "m", "--offline")):
        done = cli("init", *options, cwd=tmp_path)
        assert done.returncode == 2
        assert "replace it with --force" in done.stderr
    assert file.read_text() == "# mine\n"
    assert cli("init", "--force", "--from", "m", "--offline", cwd=tmp_path).returncode == 0
    assert read_policy(file).channels.allow == ("conda-forge", "pytorch")


def test_models_that_cannot_be_read_replace_no_policy(cli: Cli, tmp_path: Path) -> None:
    file = tmp_path / "envbuilder.toml"
    file.write_text("# mine\n")
    done = cli("init", "--from", "gone", "--force", cwd=tmp_path)
    assert (done.returncode, done.stdout, file.read_text()) == (2, "", "# mine\n")
    assert "left out: gone: there is nothing of that name" in done.stderr
    assert "name models, or folders with models" in done.stderr


def test_the_schema_is_printed_and_nothing_written(cli: Cli, tmp_path: Path) -> None:
    done = cli("init", "--schema", cwd=tmp_path)
    assert done.stdout == schema_text()
    assert json.loads(done.stdout)["$schema"].endswith("2020-12/schema")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "options", [("m",), ("--from",), ("--offline",), ("--schema", "--force"), ("--schema", "--from", "m")]
)
def test_what_contradicts_itself_is_refused(cli: Cli, tmp_path: Path, options: tuple[str, ...]) -> None:
    done = cli("init", *options, cwd=tmp_path)
    assert (done.returncode, list(tmp_path.iterdir())) == (2, [])
    assert "see `envbuilder init --help`" in done.stderr


@pytest.mark.index
def test_the_policy_of_models_allows_what_their_locks_hold(cli: Cli, tmp_path: Path) -> None:
    model_path = tmp_path / "m"
    model_path.mkdir()
    (model_path / "requirements.txt").write_text("six==1.16.0\npackaging==24.0\nattrs==23.2.0\n")
    (model_path / "python_env.yaml").write_text("python: 3.11\n")
    assert cli("init", "--from", "m", cwd=tmp_path).returncode == 0
    policy = read_policy(tmp_path / "envbuilder.toml")
    assert {"MIT"} <= set(policy.licenses.allow)
    assert '# "BSD License"' in (tmp_path / "envbuilder.toml").read_text()
    done = cli("licenses", "m", "--output", "json", cwd=tmp_path)
    assert json.loads(done.stdout)["summary"]["by_code"].get("license/denied", 0) == 0
