"""What the host says, read from its environment once."""

from __future__ import annotations

from pathlib import Path

import pytest

from envbuilder.settings import Settings, store_home


def test_the_store_is_where_the_variable_says(tmp_path: Path) -> None:
    assert store_home({"ENVBUILDER_HOME": str(tmp_path)}) == tmp_path


def test_else_in_the_users_cache_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    home = store_home({})
    assert home.name == "envbuilder"
    assert tmp_path in home.parents


def test_tools_get_certificates_and_proxies_and_no_secrets(tmp_path: Path) -> None:
    settings = Settings.from_environ(
        {
            "HOME": str(tmp_path), "SSL_CERT_FILE": "/c.pem", "https_proxy": "http://proxy.example.org",
            "AWS_SECRET_ACCESS_KEY": "x", "PIP_EXTRA_INDEX_URL": "https://e.example.org", "PYTHONPATH": "/p",
        }
    )  # fmt: skip
    assert dict(settings.tool_variables) == {
        "SSL_CERT_FILE": "/c.pem",
        "https_proxy": "http://proxy.example.org",
    }


def test_the_first_index_variable_wins_and_its_credentials_are_masked(tmp_path: Path) -> None:
    settings = Settings.from_environ(
        {
            "HOME": str(tmp_path),
            "UV_DEFAULT_INDEX": "https://u:hunter2@a.example.org/simple",
            "PIP_INDEX_URL": "https://b.example.org/simple",
        }
    )
    assert "hunter2" not in repr(settings)
    assert settings.index is not None
    assert settings.index.stripped == "https://a.example.org/simple"


@pytest.mark.parametrize(
    ("value", "allowed"), [("never", False), ("0", False), ("manual", True), (None, True)]
)
def test_downloads_of_interpreters_follow_uvs_variable(
    tmp_path: Path, value: str | None, allowed: bool
) -> None:
    environ = {"HOME": str(tmp_path)} | ({"UV_PYTHON_DOWNLOADS": value} if value else {})
    assert Settings.from_environ(environ).python_downloads is allowed


def test_conda_prefixes_are_those_of_the_installation(tmp_path: Path) -> None:
    for name in ("envs/a", "envs/b", "bin"):
        (tmp_path / name).mkdir(parents=True)
    settings = Settings.from_environ({"HOME": str(tmp_path), "CONDA_EXE": str(tmp_path / "bin" / "conda")})
    assert settings.conda_prefixes == (tmp_path, tmp_path / "envs/a", tmp_path / "envs/b")


def test_no_password_of_a_proxy_is_in_its_text() -> None:
    settings = Settings.from_environ({"HOME": "/h", "https_proxy": "http://u:hunter2@proxy.example.org",
                                      "UV_PYTHON_INSTALL_MIRROR": "https://u:hunter2@mirror.example.org",
                                      "UV_DEFAULT_INDEX": "https://u:hunter2@index.example.org"})  # fmt: skip
    assert "hunter2" not in repr(settings)


def test_settings_follow_the_host_from_one_question_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"HOME": str(tmp_path), "ENVBUILDER_HOME": "store"}
    monkeypatch.chdir(tmp_path)
    first = Settings.from_environ(environ)
    assert Settings.from_environ(dict(environ)) == first
    (tmp_path / ".pyenv").mkdir()
    assert Settings.from_environ(environ).pyenv_root == tmp_path / ".pyenv"
    (tmp_path / ".config" / "uv").mkdir(parents=True)
    (tmp_path / ".config" / "uv" / "uv.toml").write_text('index-url = "https://example.org/simple"\n')
    assert str(Settings.from_environ(environ).index) == "https://example.org/simple"
    monkeypatch.chdir(tmp_path / ".pyenv")
    assert Settings.from_environ(environ).home == tmp_path / ".pyenv" / "store"
    assert Settings.from_environ(environ | {"UV_OFFLINE": "1"}).offline
    assert not Settings.from_environ(environ).offline
