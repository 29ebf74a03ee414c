"""What channels take: from files of the host alone, for their own host alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from envbuilder.conda.credentials import keys_for
from envbuilder.origins import Key
from envbuilder.settings import Settings

PLACE = "https://conda.example.org/private"
BASIC = "Basic dXNlcjpzZXNhbWU="


def settings(tmp_path: Path, stored: object = None, netrc: str = "") -> Settings:
    for name, text in (("credentials.json", json.dumps(stored)), ("netrc", netrc)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o600)
    return Settings(
        home=tmp_path, user_home=tmp_path, rattler_credentials=tmp_path / "credentials.json", netrc=tmp_path / "netrc"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("entry", "key"),
    [
        ({"BearerToken": "sesame"}, {"authorization": "Bearer sesame"}),
        ({"BasicHTTP": {"username": "user", "password": "sesame"}}, {"authorization": BASIC}),
        ({"CondaToken": "se/same"}, {"token": "/t/se%2Fsame"}),
    ],
)
@pytest.mark.parametrize("host", ["conda.example.org", "*.example.org"])
def test_rattlers_file(tmp_path: Path, entry: object, key: dict[str, str], host: str) -> None:
    found = keys_for([PLACE, "https://other.example.com/x"], settings(tmp_path, {host: entry}))
    assert found == (Key(origin="https://conda.example.org", path="/private", **key),)


def test_netrc_comes_after_it_and_has_no_default(tmp_path: Path) -> None:
    netrc = "machine conda.example.org login user password sesame\ndefault login all password none\n"
    places = [PLACE, "https://other.example.com/x"]
    (found,) = keys_for(places, settings(tmp_path, {}, netrc))
    assert found.authorization == BASIC
    (found,) = keys_for(places, settings(tmp_path, {"conda.example.org": {"BearerToken": "b"}}, netrc))
    assert found.authorization == "Bearer b"


def test_a_places_own_credentials_win(tmp_path: Path) -> None:
    place = "https://user:sesame@conda.example.org/private"
    (found,) = keys_for([place], settings(tmp_path, {"conda.example.org": {"BearerToken": "b"}}))
    assert found.authorization == BASIC


@pytest.mark.parametrize("stored", [[], {"conda.example.org": 1}, {"conda.example.org": {"S3": {}}}])
def test_what_is_not_understood_has_none(tmp_path: Path, stored: object) -> None:
    assert keys_for([PLACE], settings(tmp_path, stored, "machine machine")) == ()
    (tmp_path / "netrc").unlink()
    (tmp_path / "credentials.json").unlink()
    nothing = Settings(home=tmp_path, user_home=tmp_path)
    assert keys_for([PLACE, "file:///x"], nothing) == ()
