"""A real MLflow server: its models by every kind of URI, all of its registry audited, one model mended."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
import shutil
from pathlib import Path

import pandas
import pytest

import envbuilder
from envbuilder.errors import EnvbuilderError
from envbuilder.settings import Settings
from tests.conftest import MODELS, ROOT, Cli
from tests.documents import shown
from tests.trackingserver import Tracking

pytestmark = pytest.mark.index

LOGGED = """
import sys
from mlflow import MlflowClient
client = MlflowClient()
run_id, folder = sys.stdin.read().split("\\n")
model = client.create_logged_model("0", "iris", source_run_id=run_id)
client.log_model_artifacts(model.model_id, folder)
client.finalize_logged_model(model.model_id, "READY")
print(model.model_id)
"""

STAGED = """
import sys
from mlflow import MlflowClient
client = MlflowClient()
name, version = sys.stdin.read().split("\\n")
client.transition_model_version_stage(name, version, "Staging")
print("done")
"""

TAGS = """
import json, sys
from mlflow import MlflowClient
name, version = sys.stdin.read().split("\\n")
client = MlflowClient()
found = client.get_model_version(name, version)
print(json.dumps({"tags": found.tags, "run": client.get_run(found.run_id).info.status,
                  "alias": client.get_model_version_by_alias(name, "champion").version}))
"""


@pytest.fixture(scope="module")
def models(tracking: Tracking, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[str, str, str]]:
    """Three registered models: one with ``defaults``, which predicts as the fixture sklearn-3.1 does."""
    licensed = tmp_path_factory.mktemp("models") / "iris"
    shutil.copytree(MODELS / "sklearn-3.1", licensed)
    conda = (licensed / "conda.yaml").read_text()
    (licensed / "conda.yaml").write_text(conda.replace("- conda-forge", "- defaults"))
    return tracking.register(
        ("iris", licensed, "champion"),
        ("fares", MODELS / "pyfunc-2.22", ""),
        ("boost", MODELS / "xgboost-2.10", ""),
    )


@pytest.fixture
def settings(tracking: Tracking, warm_home: Path, tmp_path: Path) -> Settings:
    found = Settings.from_environ()
    variables = (*found.mlflow_variables, ("MLFLOW_TRACKING_URI", tracking.uri))
    return dataclasses.replace(found, home=warm_home, user_home=tmp_path, mlflow_variables=variables)


def test_every_kind_of_uri(
    tracking: Tracking, models: dict[str, tuple[str, str, str]], settings: Settings, tmp_path: Path
) -> None:
    version, run_id, artifacts = models["boost"]
    model_id = tracking.python(LOGGED, f"{models['iris'][1]}\n{MODELS / 'xgboost-2.10'}")
    tracking.python(STAGED, f"boost\n{version}")
    fresh = dataclasses.replace(settings, home=tmp_path / "store")
    uris = [
        f"models:/boost/{version}", "models:/boost/Staging", "models:/boost/latest", f"models:/{model_id}",
        f"runs:/{run_id}/model", f"{artifacts}/model",
    ]  # fmt: skip
    with tracking.watched() as requests:
        report = envbuilder.audit([*uris, "models:/iris@champion"], settings=fresh)
    assert [model.model for model in report.models] == [*uris, "models:/iris@champion"]
    assert report.complete
    local = envbuilder.audit(MODELS / "xgboost-2.10").models[0]
    assert all(model.findings == local.findings for model in report.models[:-1])
    assert report.models[0].created == local.created
    fetched = {
        request for request in requests if "mlflow-artifacts/artifacts/" in request and "GET" in request
    }
    assert fetched
    assert not [request for request in fetched if request.endswith("model.json")]  # the weights

    missing = ["models:/nobody/1", "models:/iris@nobody", "models:/iris/7", f"runs:/{'0' * 32}/model"]
    report = envbuilder.audit(missing, settings=fresh)
    assert [item.path for item in report.skipped] == missing
    assert all(item.reason.startswith("remote/not-found: ") for item in report.skipped)


def test_a_registry_is_audited_once_and_its_bad_model_mended(
    tracking: Tracking, models: dict[str, tuple[str, str, str]], cli: Cli, settings: Settings, tmp_path: Path
) -> None:
    def call(*arguments: str, code: int = 0) -> str:
        done = cli(*arguments, home=settings.home, cwd=tmp_path, MLFLOW_TRACKING_URI=tracking.uri)
        assert done.returncode == code, done.stderr + done.stdout
        return done.stdout

    pages = dict(shown((ROOT / "docs" / "registry.md").read_text("utf-8")))
    assert _without_runs(call("audit", "models:/", code=1)) == _without_runs(
        pages["envbuilder audit models:/"]
    )
    report = json.loads(call("audit", "models:/", "--output", "json", code=1))
    assert report["complete"]
    found = {model["model"]: model for model in report["models"]}
    assert list(found) == ["models:/boost/1", "models:/fares/1", "models:/iris/1"]
    restricted = [
        name
        for name, model in found.items()
        if "channel/restricted" in {f["code"] for f in model["findings"]}
    ]
    assert restricted == ["models:/iris/1"]
    assert found["models:/iris/1"]["registered"] == {
        "name": "iris", "version": "1", "run_id": models["iris"][1], "aliases": ["champion"],
        "stage": "None", "source": f"{models['iris'][2]}/model",
    }  # fmt: skip

    with tracking.watched() as requests:
        again = json.loads(call("audit", "models:/", "--output", "json", code=1))
    assert again == report
    assert not [request for request in requests if "mlflow-artifacts" in request]
    assert json.loads(call("audit", "models:/", "--offline", "--output", "json", code=1)) == report

    before = _hashes(tracking)
    diff = call("fix", "models:/iris@champion")
    assert diff == pages["envbuilder fix models:/iris@champion"]
    dry = json.loads(call("fix", "--register", "models:/iris", "models:/fares", "--output", "json"))
    assert dry["dry_run"] is True
    assert _hashes(tracking) == before

    made = json.loads(
        call("fix", "--register", "models:/iris/1", "--move-alias", "champion", "--output", "json")
    )
    registered = made["models"][0]["registered"]
    assert registered["model"] == "models:/iris/2"
    assert registered["proof"] == "predicted"
    after = _hashes(tracking)
    assert {path: digest for path, digest in after.items() if path in before} == before
    assert sorted(Path(path).name for path in after if path not in before) == sorted(
        [
            *(path.name for path in (MODELS / "sklearn-3.1").iterdir()),
            "pylock.toml",
            "requirements.locked.txt",
        ]
    )

    clean = json.loads(call("audit", "models:/iris/2", "--output", "json"))
    assert clean["summary"]["errors"] == clean["summary"]["warnings"] == 0
    told = json.loads(tracking.python(TAGS, "iris\n2"))
    assert told["run"] == "FINISHED"
    assert told["alias"] == "2"
    assert told["tags"]["envbuilder.source"] == "models:/iris/1"
    assert told["tags"]["envbuilder.lock_id"] == registered["lock_id"]
    assert told["tags"]["envbuilder.source_run"] == models["iris"][1]
    assert "channel/restricted" in told["tags"]["envbuilder.changes"]
    assert registered["tags"] == told["tags"]
    again = json.loads(call("fix", "--register", "models:/iris", "--output", "json"))
    assert [(item["model"], item["files"], item["registered"]) for item in again["models"]] == [
        ("models:/iris/2", [], None)
    ]
    assert json.loads(call("fix", "models:/iris/2", "--output", "json"))["models"][0]["files"] == []

    assert _predictions("models:/iris/1", settings) == _predictions("models:/iris@champion", settings)


def _without_runs(text: str) -> str:
    return re.sub(r"(?:stage Staging, )?run [0-9a-f]{32}", "run", text)


def _predictions(uri: str, settings: Settings) -> list[int]:
    expected = json.loads((MODELS.parent / "expected" / "sklearn-3.1.json").read_text())
    asked = expected["input"]
    with envbuilder.load_model(uri, settings=settings) as model:
        answer = model.predict(pandas.DataFrame(asked["rows"], columns=asked["columns"]))
    assert [str(value) for value in answer.tolist()] == expected["predict"]["values"]
    return [int(value) for value in answer.tolist()]


def _hashes(tracking: Tracking) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in tracking.artifacts.rglob("*")
        if path.is_file()
    }


def test_a_model_that_does_not_work_is_not_registered(
    tracking: Tracking, models: dict[str, tuple[str, str, str]], cli: Cli, warm_home: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(MODELS / "sklearn-3.1", broken)
    (broken / "conda.yaml").write_text(
        (broken / "conda.yaml").read_text().replace("- conda-forge", "- defaults")
    )
    (broken / "model.pkl").write_bytes(b"no pickle")
    tracking.register(("broken", broken, ""))
    done = cli(
        "fix",
        "--register",
        "models:/broken/1",
        home=warm_home,
        cwd=tmp_path,
        MLFLOW_TRACKING_URI=tracking.uri,
    )
    assert done.returncode == 2
    assert re.search(r"error\[fix/not-working\]: the mended model does not work: ", done.stderr)
    done = cli("audit", "models:/broken/2", home=warm_home, cwd=tmp_path, MLFLOW_TRACKING_URI=tracking.uri)
    assert done.returncode == 2
    assert "remote/not-found" in done.stdout


def test_a_server_that_is_gone_is_told(settings: Settings, tmp_path: Path) -> None:
    gone = dataclasses.replace(
        settings, home=tmp_path / "store",
        mlflow_variables=(("MLFLOW_TRACKING_URI", "http://u:hunter2@127.0.0.1:9"), ("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")),
    )  # fmt: skip
    with pytest.raises(EnvbuilderError) as caught:
        envbuilder.acquire("models:/iris/1", settings=gone)
    assert caught.value.code == "remote/unreachable"
    assert "hunter2" not in str(caught.value)
