"""A real S3 server on loopback with one bucket, as MLflow finds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

from envbuilder.settings import Settings


@dataclass(frozen=True, kw_only=True, slots=True)
class Bucket:
    """A bucket, and the variables by which MLflow finds it."""

    client: Any
    variables: dict[str, str]

    def put(self, prefix: str, files: dict[str, bytes]) -> str:
        for path, content in files.items():
            self.client.put_object(Bucket="models", Key=f"{prefix}/{path}", Body=content)
        return f"s3://models/{prefix}"

    def files(self) -> dict[str, bytes]:
        keys = [entry["Key"] for entry in self.client.list_objects_v2(Bucket="models").get("Contents", ())]
        return {key: self.client.get_object(Bucket="models", Key=key)["Body"].read() for key in keys}

    def settings(self, home: Path) -> Settings:
        return Settings.from_environ(
            {"HOME": str(home), "ENVBUILDER_HOME": str(home / "store"), **self.variables}
        )


@contextmanager
def serving_bucket() -> Iterator[Bucket]:
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
    yield Bucket(client=client, variables={**keys, "MLFLOW_S3_ENDPOINT_URL": url})
    client.close()
    server.stop()
