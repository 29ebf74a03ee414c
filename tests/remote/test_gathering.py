"""The environment files of models in an S3 on loopback, brought by MLflow in its child: never the weights."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from envbuilder.cli.main import run_command_line
from envbuilder.errors import EnvbuilderError
from envbuilder.policy import DEFAULT, Policy, Sources
from envbuilder.progress import SILENT
from envbuilder.reader.model import read_model
from envbuilder.remote.gathering import Gathered, gather
from envbuilder.remote.locating import located
from envbuilder.remote.whole import hold
from tests.bucket import Bucket, serving_bucket
from tests.conftest import MODELS


@pytest.fixture(scope="module")
def bucket() -> Iterator[Bucket]:
    with serving_bucket() as served:
        yield served


def _files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


MLMODEL = b"flavors:\n  python_function:\n    env: env/own.yaml\n    loader_module: x\nutc_time_created: '2024-01-01 00:00:00'\n"


def _models(bucket: Bucket) -> dict[str, str]:
    conda = b"channels: [conda-forge]\ndependencies: [python=3.11.1, pip, {pip: [-r ../more/extra.txt]}]\n"
    return {
        "fixture": bucket.put("fixture", _files(MODELS / "sklearn-3.1")),
        "nested": bucket.put("nested", {
            "MLmodel": MLMODEL, "env/own.yaml": conda, "more/extra.txt": b"-c deeper/limits.txt\nnumpy\n",
            "more/deeper/limits.txt": b"numpy==1.26.0\n", "pip.conf": b"x", "weights.bin": b"0" * 100_000,
        }),
        "huge": bucket.put("huge", {"requirements.txt": b"#" * (9 << 20)}),
        "none": bucket.put("none", {"README.md": b"nothing"}),
    }  # fmt: skip


def test_what_the_reader_wants_comes_and_nothing_else(bucket: Bucket, tmp_path: Path) -> None:
    settings, uris = bucket.settings(tmp_path), _models(bucket)
    found = dict(
        zip(
            uris, gather(list(uris.values()), settings=settings, policy=DEFAULT, progress=SILENT), strict=True
        )
    )

    fixture, nested = found["fixture"], found["nested"]
    assert isinstance(fixture, Gathered)
    assert isinstance(nested, Gathered)
    assert read_model(fixture.folder, name="x") == read_model(MODELS / "sklearn-3.1", name="x")
    assert (fixture.folder / "model.pkl").stat().st_size == 0

    spec = read_model(nested.folder)
    assert [item.text for item in (*spec.pypi, *spec.constraints)] == ["numpy", "numpy==1.26.0"]
    assert {finding.code for finding in spec.findings} >= {"source/tool-config"}
    assert (nested.folder / "weights.bin").stat().st_size == 0

    codes = {name: error.code for name, error in found.items() if isinstance(error, EnvbuilderError)}
    assert codes == {"huge": "remote/too-large", "none": "remote/no-model"}

    offline = replace(settings, offline=True)
    assert located(uris["nested"], settings=offline) == nested.folder
    with pytest.raises(EnvbuilderError, match="the store has no files of s3://models/other"):
        located("s3://models/other", settings=offline)


def test_what_a_model_brings_comes_where_the_policy_opens_it(bucket: Bucket, tmp_path: Path) -> None:
    wheel, wheels = (
        "wheels/own-1.0-py3-none-any.whl",
        {"requirements.txt": b"wheels/own-1.0-py3-none-any.whl\n"},
    )
    tree = {"code/own/pyproject.toml": b"[project]\nname='own'\n", "code/own/src/own/deep.py": b"x = 1\n"}
    common = {"MLmodel": b"flavors: {}\n", "model.bin": b"0" * 1000}
    uris = [
        bucket.put("wheeled", common | wheels | {wheel: b"any bytes: it is not opened here"}),
        bucket.put("sources", common | tree | {"requirements.txt": b"-e code/own\n"}),
    ]
    settings = bucket.settings(tmp_path)

    def folders(policy: Policy) -> list[Path]:
        found = gather(uris, settings=settings, policy=policy, progress=SILENT)
        return [outcome.folder for outcome in found if isinstance(outcome, Gathered)]

    shut, opened = folders(DEFAULT), folders(Policy(sources=Sources(local="allow", editable="allow")))
    assert (shut[0] / wheel).read_bytes() == b""
    assert sorted(_files(shut[1])) == ["MLmodel", "model.bin", "requirements.txt"]
    assert (opened[0] / wheel).read_bytes() == b"any bytes: it is not opened here"
    assert {path: (opened[1] / path).read_bytes() for path in tree} == tree
    assert (opened[1] / "model.bin").read_bytes() == b""


def test_all_of_a_model_comes_once_and_anew_when_it_was_logged_anew(bucket: Bucket, tmp_path: Path) -> None:
    uri, settings = bucket.put("whole", _files(MODELS / "sklearn-3.1")), bucket.settings(tmp_path)
    first = hold(uri, settings=settings)
    assert first.lease
    with first.lease:
        assert _files(first.folder) == _files(MODELS / "sklearn-3.1")
    again = hold(uri, settings=replace(settings, offline=True))
    assert again.lease
    again.lease.close()
    assert again.folder == first.folder
    bucket.put(
        "whole",
        {
            "MLmodel": _files(MODELS / "sklearn-3.1")["MLmodel"].replace(b"ce38a785", b"00000000"),
            "model.pkl": b"new",
        },
    )
    anew = hold(uri, settings=settings)
    assert anew.lease
    anew.lease.close()
    assert (anew.folder / "model.pkl").read_bytes() == b"new"


def test_commands_name_models_by_their_uris(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def call(*arguments: str) -> str:
        assert run_command_line(arguments) in {0, 1}
        return capsys.readouterr().out

    licensed = b"channels: [defaults]\ndependencies: [python=3.11.1, pip, {pip: [numpy==1.26.0]}]\n"
    old, new = (
        bucket.put(name, {"MLmodel": b"flavors: {}\n", "conda.yaml": licensed.replace(b"26", version)})
        for name, version in (("old", b"25"), ("new", b"26"))
    )
    for name, value in {
        **bucket.variables,
        "HOME": str(tmp_path),
        "ENVBUILDER_HOME": str(tmp_path / "store"),
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    report = json.loads(call("audit", old, new, "--output", "json"))
    assert [model["model"] for model in report["models"]] == [old, new]
    assert "channels: [conda-forge, nodefaults]" in call("rewrite", old)
    compared = call("diff", "--files", old, new, "--offline")
    assert "numpy" in compared
    assert str(tmp_path) not in compared
    told = json.loads(call("explain", old, "--offline", "--output", "json"))
    assert told["model"] == old
    assert run_command_line(["rewrite", old, "--in-place"]) == 2
    assert "--in-place writes into folders" in capsys.readouterr().err


def test_a_store_that_is_gone_is_told_without_secrets(bucket: Bucket, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        gone = replace(
            bucket,
            variables={
                **bucket.variables,
                "MLFLOW_S3_ENDPOINT_URL": f"http://u:hunter2@127.0.0.1:{closed.getsockname()[1]}",
            },
        )
        with pytest.raises(EnvbuilderError) as caught:
            located("s3://models/fixture", settings=gone.settings(tmp_path))
    assert caught.value.code == "remote/unreachable"
    assert "hunter2" not in str(caught.value)
