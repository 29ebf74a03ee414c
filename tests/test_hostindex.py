"""The index that the host's owner configured for uv or pip is the one that is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from envbuilder.hostindex import configured_index
from envbuilder.settings import Settings

UV = "https://uv.example.org/simple"
PIP = "https://pip.example.org/simple"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def system(tmp_path: Path) -> Path:
    return tmp_path / "etc"


def test_a_host_without_configuration_names_none(home: Path, system: Path) -> None:
    assert configured_index({}, home, system=system) is None


@pytest.mark.parametrize(
    "text",
    [
        f'index-url = "{UV}"\n',
        f'[pip]\nindex-url = "{UV}"\n',
        f'[[index]]\nurl = "https://other.example.org"\n[[index]]\nurl = "{UV}"\ndefault = true\n',
    ],
)
def test_uvs_own_ways_to_say_it(home: Path, system: Path, text: str) -> None:
    write(home / ".config/uv/uv.toml", text)
    write(home / ".config/pip/pip.conf", f"[global]\nindex-url = {PIP}\n")
    assert configured_index({}, home, system=system) == UV


@pytest.mark.parametrize(
    "place", ["home/.config/pip/pip.conf", "home/.pip/pip.conf", "etc/pip.conf", "etc/xdg/pip/pip.conf"]
)
def test_pips_places(tmp_path: Path, home: Path, system: Path, place: str) -> None:
    write(tmp_path / place, f"[global]\ntimeout = 60\nindex-url = {PIP}\n")
    assert configured_index({}, home, system=system) == PIP


def test_the_users_file_comes_before_the_systems(home: Path, system: Path) -> None:
    write(system / "pip.conf", "[global]\nindex-url = https://system.example.org/simple\n")
    write(home / ".pip/pip.conf", f"[global]\nindex-url = {PIP}\n")
    assert configured_index({}, home, system=system) == PIP


def test_variables_name_the_files(tmp_path: Path, home: Path, system: Path) -> None:
    write(tmp_path / "a.toml", f'index-url = "{UV}"\n')
    write(tmp_path / "b.conf", f"[global]\nindex-url = {PIP}\n")
    write(tmp_path / "config/uv/uv.toml", 'index-url = "https://user.example.org"\n')
    assert configured_index({"UV_CONFIG_FILE": str(tmp_path / "a.toml")}, home, system=system) == UV
    assert configured_index({"PIP_CONFIG_FILE": str(tmp_path / "b.conf")}, home, system=system) == PIP
    found = configured_index({"XDG_CONFIG_HOME": str(tmp_path / "config")}, home, system=system)
    assert found == "https://user.example.org"


def test_a_variable_that_names_an_index_wins_and_nothing_is_shown(home: Path) -> None:
    write(home / ".config/pip/pip.conf", "[global]\nindex-url = https://u:hunter2@pip.example.org/simple\n")
    settings = Settings.from_environ({"HOME": str(home)})
    assert settings.index is not None
    assert settings.index.secret == "https://u:hunter2@pip.example.org/simple"
    assert "hunter2" not in repr(settings)
    named = Settings.from_environ({"HOME": str(home), "PIP_INDEX_URL": UV})
    assert str(named.index) == UV


@given(st.text(max_size=200))
def test_no_text_of_a_file_is_an_error(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    home = tmp_path_factory.mktemp("home")
    write(home / ".config/uv/uv.toml", f"index-url = {text}")
    write(home / ".config/pip/pip.conf", f"[global]\nindex-url = {text}")
    assert configured_index({}, home, system=home) is None or text
