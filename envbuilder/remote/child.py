"""The program of the child in which MLflow runs: reads a request from one file, writes an answer to another.

Started as a script by envbuilder.remote.dialogue; imports nothing of envbuilder. What it says is checked there.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

_MODELS = re.compile(r"models:(?P<host>//[^/]*)?/(?P<name>[^/@]+)(?:@(?P<alias>[^/]+)|/(?P<version>[^/]+))")


def answer_to(request: dict[str, Any]) -> dict[str, Any]:
    """Do what a request asks for; each part fails for itself."""
    os.chdir(request["cwd"])  # what MLflow takes as relative is so to where the user is
    if request["op"] == "versions":
        return _told(lambda: {"versions": list(_versions(request["name"], request["tag"]))})
    if request["op"] == "register":
        return _told(lambda: _registered_anew(request))
    with ThreadPoolExecutor(request["threads"]) as pool:
        return {"models": list(pool.map(_model, request["models"]))}


def _model(wanted: dict[str, Any]) -> dict[str, Any]:
    return _told(lambda: _fetched(wanted))


def _fetched(wanted: dict[str, Any]) -> dict[str, Any]:
    from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

    uri, told = _identity(wanted["uri"])
    if wanted["known"] and wanted["known"] == told.get("identity"):
        return {**told, "unchanged": True}
    repository = get_artifact_repository(uri)
    if wanted["whole"]:
        repository.download_artifacts(artifact_path="", dst_path=wanted["folder"])
        return {**told, "listing": [], "fetched": []}
    listing = _listing(repository, wanted)
    sizes = {entry["path"]: entry["size"] or 0 for entry in listing if not entry["folder"]}
    there = [path for path in wanted["files"] if path in sizes]
    refused = [path for path in there if sizes[path] > wanted["largest"]]
    fetched = [path for path in there if path not in refused]
    for path in fetched:
        repository.download_artifacts(artifact_path=path, dst_path=wanted["folder"])
    return {**told, "listing": listing, "fetched": fetched, "refused": refused}


def _listing(repository: Any, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what is in the root and in the folders of the wanted files."""
    found: list[dict[str, Any]] = []
    beside = [path.rpartition("/")[0] for path in wanted["files"]]
    for folder in dict.fromkeys(["", *wanted["folders"], *beside]):
        entries = repository.list_artifacts(folder or None)[: wanted["entries"]]
        found += [{"path": e.path, "folder": bool(e.is_dir), "size": e.file_size} for e in entries]
    return found


def _identity(uri: str) -> tuple[str, dict[str, Any]]:
    """Return a URI that means the same for ever where there is one, and what the registry says of the model."""
    found = _MODELS.fullmatch(uri)
    if found is None:
        return uri, {}
    from mlflow import MlflowClient
    from mlflow.store.artifact.utils.models import get_model_name_and_version
    from mlflow.utils.uri import get_databricks_profile_uri_from_artifact_uri

    client = MlflowClient(registry_uri=get_databricks_profile_uri_from_artifact_uri(uri))
    name, version = get_model_name_and_version(client, uri)
    exact = f"models:{found['host'] or ''}/{name}/{version}"
    return exact, {"identity": exact, "name": str(name), "version": str(version)}


def _versions(name: str, tag: str) -> Any:
    """Yield every version of a registered model, or of all; ``tag`` names the version that it was made from."""
    from mlflow import MlflowClient

    client = MlflowClient()
    for model in _registered(client, name):
        aliases: dict[str, list[str]] = {}
        for alias, version in (getattr(model, "aliases", None) or {}).items():
            aliases.setdefault(str(version), []).append(alias)
        quote = '"' if "'" in model.name else "'"
        for found in _pages(client.search_model_versions, f"name={quote}{model.name}{quote}"):
            yield {
                "name": found.name,
                "version": str(found.version),
                "run_id": found.run_id or None,
                "source": found.source or None,
                "status": getattr(found, "status", None),
                "stage": getattr(found, "current_stage", None) or None,
                "aliases": sorted(aliases.get(str(found.version), ())),
                "mends": (found.tags or {}).get(tag),
            }


def _registered(client: Any, name: str) -> Any:
    if name:
        return [client.get_registered_model(name)]
    return _pages(client.search_registered_models, None)


def _pages(search: Any, filter_string: str | None) -> Any:
    token = None
    while True:
        page = search(filter_string=filter_string, max_results=100, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _registered_anew(request: dict[str, Any]) -> dict[str, Any]:
    """Make a new version of a registered model from a folder, by a run of its own."""
    from mlflow import MlflowClient

    client = MlflowClient()
    name, old = request["name"], client.get_model_version(request["name"], request["version"])
    tags = {**request["tags"], **({request["run_tag"]: old.run_id} if old.run_id else {})}
    run = client.create_run(_experiment(client, old.run_id), tags=tags)
    try:
        source = f"{run.info.artifact_uri.rstrip('/')}/model"
        copied, why = _copied(client, request, source)
        _upload(client, run.info.run_id, request["folder"], copied)
        made = client.create_model_version(name, source, run.info.run_id, tags=tags)
    except BaseException:
        client.set_terminated(run.info.run_id, "FAILED")
        raise
    client.set_terminated(run.info.run_id)
    for alias in request["aliases"]:
        client.set_registered_model_alias(name, alias, made.version)
    return {
        "version": str(made.version), "run_id": run.info.run_id, "source_run": old.run_id or "",
        "copied": len(copied), "uploaded": len(_files(request["folder"])) - len(copied), "why": why,
    }  # fmt: skip


def _copied(registry: Any, request: dict[str, Any], after: str) -> tuple[list[str], str]:
    """Let S3 copy the files of a model that stay as they are; return their paths, and why it is not all of them."""
    done: list[str] = []
    try:
        before = registry.get_model_version_download_uri(request["name"], request["version"])
        source, target = (urlsplit(uri) for uri in (before, after))
        if {source.scheme, target.scheme} != {"s3"}:
            return [], "only S3 copies by itself, where clients have direct access to it"
        import boto3

        client = boto3.client("s3", endpoint_url=os.environ.get("MLFLOW_S3_ENDPOINT_URL") or None)
        there = dict(_objects(client, source.netloc, f"{source.path.strip('/')}/"))
        for path in _unchanged(request, there):
            key = {"Bucket": source.netloc, "Key": there[path]["Key"]}
            client.copy(key, target.netloc, f"{target.path.strip('/')}/{path}")
            done.append(path)
    except Exception as error:  # noqa: BLE001 - MLflow's own way has other rights and options
        return done, f"{type(error).__name__}: {error}"[:500]
    return done, "" if done else "none of them is there as it was downloaded"


def _unchanged(request: dict[str, Any], there: dict[str, dict[str, Any]]) -> list[str]:
    """Return the files that are not ours, and there as they were when the model was downloaded and proved."""
    files = (path for path in _files(request["folder"]) if path not in request["own"] and path in there)
    return [path for path in files if _same(there[path], os.stat(os.path.join(request["folder"], path)))]  # noqa: PTH116, PTH118


def _objects(client: Any, bucket: str, prefix: str) -> Any:
    """Yield what is below a prefix, by its path from there."""
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for entry in page.get("Contents", ()):
            yield entry["Key"][len(prefix) :], entry


def _same(entry: dict[str, Any], status: os.stat_result) -> bool:
    """Whether an object has not been written since it was downloaded."""
    return bool(entry["Size"] == status.st_size and entry["LastModified"].timestamp() <= status.st_mtime)


def _files(folder: str) -> list[str]:
    return sorted(
        os.path.relpath(os.path.join(place, name), folder)  # noqa: PTH118
        for place, _, names in os.walk(folder)
        for name in names
    )


def _upload(client: Any, run_id: str, folder: str, copied: list[str]) -> None:
    """Upload all of a folder but what was copied."""
    if not copied:
        client.log_artifacts(run_id, folder, "model")
        return
    for path in sorted(set(_files(folder)) - set(copied)):
        place = f"model/{path}".rpartition("/")[0]
        client.log_artifact(run_id, os.path.join(folder, path), place)  # noqa: PTH118


def _experiment(client: Any, run_id: str | None) -> str:
    """Return the experiment of a run, the default one where that run is gone."""
    from mlflow.exceptions import MlflowException

    if run_id:
        with contextlib.suppress(MlflowException):
            return str(client.get_run(run_id).info.experiment_id)
    return "0"


def _told(work: Any) -> dict[str, Any]:
    """Return what the work returns, or what it raised."""
    try:
        return work()  # type: ignore[no-any-return]
    except Exception as error:  # noqa: BLE001 - each store of artifacts raises its own
        names = [kind.__name__ for kind in type(error).__mro__[:-2]]
        code = str(getattr(error, "error_code", "") or "")
        status = getattr(getattr(error, "response", None), "status_code", None)
        return {"error": {"kinds": names, "code": code, "status": status, "message": str(error)[:4000]}}


def main(request: str, answer: str) -> None:
    """Answer one request; what MLflow prints goes to stderr."""
    with open(request, encoding="utf-8") as stream:  # noqa: PTH123 - as little as possible before MLflow
        asked = json.load(stream)
    with contextlib.redirect_stdout(sys.stderr):
        try:
            import mlflow
        except ImportError as error:
            told: dict[str, Any] = {"missing": str(error)}
        else:
            told = {"mlflow": str(mlflow.__version__), **answer_to(asked)}
    with open(answer, "w", encoding="utf-8") as stream:  # noqa: PTH123
        json.dump(told, stream)


if __name__ == "__main__":
    main(*sys.argv[1:])
