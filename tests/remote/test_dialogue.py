"""What MLflow's child says, taken for what it is: text from outside."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.errors import EnvbuilderError
from envbuilder.remote import dialogue
from envbuilder.remote.dialogue import Wanted, ask, bring, failure
from envbuilder.remote.errors import RemoteError
from envbuilder.settings import Settings
from envbuilder.store.fields import Fields


def _told(
    message: str = "no", code: str = "", status: int | None = None, kinds: tuple[str, ...] = ("Error",)
) -> Fields:
    return Fields({"message": message, "code": code, "status": status, "kinds": list(kinds)})


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (_told(code="RESOURCE_DOES_NOT_EXIST"), "remote/not-found"),
        (_told(status=404), "remote/not-found"),
        (_told("Registered model alias prod not found.", code="INVALID_PARAMETER_VALUE"), "remote/not-found"),
        (_told("No versions of model with name 'churn' and stage 'Production' found"), "remote/not-found"),
        (_told(code="PERMISSION_DENIED"), "remote/denied"),
        (_told(status=403), "remote/denied"),
        (_told(kinds=("NoCredentialsError", "BotoCoreError")), "remote/denied"),
        (_told(kinds=("ConnectTimeout", "ConnectionError")), "remote/unreachable"),
        (_told("HTTPSConnectionPool: Max retries exceeded"), "remote/unreachable"),
        (
            _told("No module named 'boto3'", kinds=("ModuleNotFoundError", "ImportError")),
            "remote/extra-missing",
        ),
        (_told(code="INTERNAL_ERROR"), "remote/failed"),
    ],
)
def test_every_failure_has_its_code(told: Fields, code: str) -> None:
    assert failure("models:/churn/1", told).code == code


def test_no_failure_shows_a_secret_or_moves_the_cursor() -> None:
    error = failure(
        "https://u:hunter2@example.org/x", _told("GET https://u:hunter2@example.org/?token=hunter2\x1b[2J")
    )
    assert "hunter2" not in str(error)
    assert "\x1b" not in str(error)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environ({"HOME": str(tmp_path), "ENVBUILDER_HOME": str(tmp_path / "store")})


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program in the place of ours; it gets the request as ``asked`` and answers ``answer``."""
    program = tmp_path / "child.py"
    monkeypatch.setattr(dialogue, "_CHILD", program)
    return program


HEAD = "import json, os, sys, time\nasked = json.load(open(sys.argv[1]))\nanswer = {}\n"
TAIL = "\njson.dump(answer, open(sys.argv[2], 'w'))\n"


def test_the_child_gets_the_hosts_configuration_of_mlflow_and_nothing_else(
    child: Path, settings: Settings
) -> None:
    child.write_text(
        HEAD + "answer['told'] = json.dumps([dict(os.environ), asked['cwd'], sys.flags.isolated])" + TAIL
    )
    configured = replace(settings, mlflow_variables=(("MLFLOW_TRACKING_URI", "http://127.0.0.1:9"),))
    environ, cwd, isolated = json.loads(ask({"op": "x"}, configured).text("told"))
    assert isolated == 1
    assert cwd == os.getcwd()  # noqa: PTH109
    assert environ["MLFLOW_TRACKING_URI"] == "http://127.0.0.1:9"
    assert environ["HOME"] == str(settings.user_home)
    allowed = ("MLFLOW_", "XDG_", "LC_")
    assert {n for n in environ if not n.startswith(allowed)} <= {"PATH", "HOME", "TMPDIR", "DO_NOT_TRACK"}


@pytest.mark.parametrize(
    "answer",
    ["{'models': 1}", "{'models': [{'identity': 3}]}", "{'models': [{'listing': {}}]}", "[]", "{}"],
)
def test_an_answer_that_means_nothing_is_an_error(
    child: Path, settings: Settings, tmp_path: Path, answer: str
) -> None:
    child.write_text(HEAD + f"answer = {answer}" + TAIL)
    try:
        outcomes = bring([Wanted(uri="models:/churn/1", folder=tmp_path)], settings)
    except EnvbuilderError:
        return
    assert [type(outcome) for outcome in outcomes] == [RemoteError]


def test_a_child_that_dies_hangs_or_has_no_mlflow_is_told(child: Path, settings: Settings) -> None:
    child.write_text("raise SystemExit('https://u:hunter2@example.org')")
    with pytest.raises(EnvbuilderError) as caught:
        ask({}, settings)
    assert caught.value.code == "remote/failed"
    assert "hunter2" not in str(caught.value)

    child.write_text("import time; time.sleep(60)")
    with pytest.raises(EnvbuilderError) as caught:
        ask({}, settings, seconds=0.5)
    assert caught.value.code == "remote/timeout"

    child.write_text(HEAD + "answer = {'missing': 'No module named mlflow'}" + TAIL)
    with pytest.raises(EnvbuilderError) as caught:
        ask({}, settings)
    assert caught.value.code == "remote/extra-missing"
    assert caught.value.hint == "pip install 'envbuilder[mlflow]'"

    with pytest.raises(EnvbuilderError) as caught:
        ask({}, replace(settings, offline=True))
    assert caught.value.code == "remote/offline"
