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

import pytest

from tests.bucket import Bucket, serving_bucket
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
def bucket() -> Iterator[Bucket]:
    with serving_bucket() as served:
        yield served


@pytest.fixture
def emptied(tracking: Tracking) -> Iterator[Tracking]:
    """The server, which other tests take to have no model but their own."""
    yield tracking
    tracking.python(DELETE)


def test_s3_copies_what_stays_as_it_is(
    emptied: Tracking, bucket: Bucket, cli: Cli, warm_home: Path, tmp_path: Path
) -> None:
    variables = {**bucket.variables, "MLFLOW_TRACKING_URI": emptied.uri}
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
    before = bucket.files()

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
    after = bucket.files()
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
    bucket.client.put_object(Bucket="models", Key=key, Body=bytes(100_000))
    made, _ = fix(1)
    assert (made["copied"], made["uploaded"]) == (6, 4)
    assert (
        bucket.files()[f"direct/{made['run_id']}/artifacts/model/more/weights.bin"] == old["more/weights.bin"]
    )
