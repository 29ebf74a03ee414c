"""A mended model whose files stay in S3: what S3 copies, and what is uploaded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer

from tests.conftest import MODELS, Cli
from tests.trackingserver import Tracking

pytestmark = pytest.mark.index

REGISTER = """
import sys
from mlflow import MlflowClient
folder, experiment = sys.argv[1:]
client = MlflowClient()
run = client.create_run(client.create_experiment(experiment, artifact_location="s3://models/direct"))
client.log_artifacts(run.info.run_id, folder, "model")
client.create_registered_model("direct")
client.create_model_version("direct", run.info.artifact_uri + "/model", run.info.run_id)
"""

DELETE = """
from mlflow import MlflowClient
MlflowClient().delete_registered_model("direct")
print("done")
"""


@pytest.fixture(scope="module")
def bucket() -> Iterator[tuple[Any, dict[str, str]]]:
    """An S3 with a bucket, and the variables by which MLflow finds it."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    url = "http://{}:{}".format(*server.get_host_and_port())
    keys = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "hunter2", "AWS_DEFAULT_REGION": "us-east-1"}
    client = boto3.client(
        "s3",
        endpoint_url=url,
        aws_access_key_id="key",
        aws_secret_access_key="hunter2",
        region_name="us-east-1",
    )
    client.create_bucket(Bucket="models")
    yield client, {**keys, "MLFLOW_S3_ENDPOINT_URL": url}
    client.close()
    server.stop()


@pytest.fixture
def emptied(tracking: Tracking) -> Iterator[Tracking]:
    """The server, which other tests take to have no model but their own."""
    yield tracking
    tracking.python(DELETE)


def _there(client: Any) -> dict[str, bytes]:
    keys = [entry["Key"] for entry in client.list_objects_v2(Bucket="models").get("Contents", ())]
    return {key: client.get_object(Bucket="models", Key=key)["Body"].read() for key in keys}


def test_s3_copies_what_stays_as_it_is(
    emptied: Tracking, bucket: tuple[Any, dict[str, str]], cli: Cli, warm_home: Path, tmp_path: Path
) -> None:
    client, variables = bucket
    variables = {**variables, "MLFLOW_TRACKING_URI": emptied.uri}
    model = tmp_path / "model"
    shutil.copytree(MODELS / "sklearn-3.1", model)
    (model / "more").mkdir()
    (model / "more" / "weights.bin").write_bytes(os.urandom(100_000))
    conda = (model / "conda.yaml").read_text("utf-8")
    (model / "conda.yaml").write_text(conda.replace("- conda-forge", "- defaults"), "utf-8")
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", REGISTER, model, "direct"],
        env={**os.environ, **variables}, check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    before = _there(client)

    def fix(version: int) -> tuple[dict[str, Any], str]:
        done = cli(
            "fix", "--register", "--no-predict", f"models:/direct/{version}", "--output", "json",
            home=warm_home, cwd=tmp_path, **variables,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)["models"][0]["registered"], done.stderr

    made, said = fix(1)
    assert (made["copied"], made["uploaded"]) == (7, 3)
    assert "7 files were copied in the store of artifacts, 3 uploaded" in said
    after = _there(client)
    assert {key: after[key] for key in before} == before
    prefix = f"direct/{made['run_id']}/artifacts/model/"
    new = {key.removeprefix(prefix): content for key, content in after.items() if key not in before}
    old = {
        path.relative_to(model).as_posix(): path.read_bytes() for path in model.rglob("*") if path.is_file()
    }
    assert set(new) - set(old) == {"pylock.toml", "requirements.locked.txt"}
    assert {path for path in old if new[path] != old[path]} == {"conda.yaml"}

    # An object that was written after it was downloaded is not what was looked at.
    (key,) = (key for key in before if key.endswith("weights.bin"))
    client.put_object(Bucket="models", Key=key, Body=bytes(100_000))
    made, _ = fix(1)
    assert (made["copied"], made["uploaded"]) == (6, 4)
    assert (
        _there(client)[f"direct/{made['run_id']}/artifacts/model/more/weights.bin"] == old["more/weights.bin"]
    )
