"""What the URIs of models mean, as far as that can be told without asking anybody."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from envbuilder.digests import Canonical, digest
from envbuilder.redact import SafeUrl, excerpt
from envbuilder.remote.errors import RemoteError

if TYPE_CHECKING:
    from envbuilder.settings import Settings

_EXACT: Final = re.compile(r"models:(?://[^/]*)?/(?:[^/@]+/[0-9]+|m-[0-9a-f]{32})/?")
_VERSIONS: Final = re.compile(r"models:(?://[^/]*)?/(?P<name>[^/@]*)/?")
SERVERS: Final = (
    "MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "DATABRICKS_HOST", "DATABRICKS_CONFIG_PROFILE",
)  # fmt: skip


def exact(uri: str) -> bool:
    """Whether a URI means the same files for ever: a version of a registered model, or a model by its id."""
    return _EXACT.fullmatch(uri) is not None


def registered(uri: str) -> str | None:
    """Return the name of the registered model that a URI without a version means, "" for all; else None."""
    found = _VERSIONS.fullmatch(uri)
    return None if found is None or exact(uri) else found["name"]


def address(uri: str, settings: Settings, *, wheels: bool) -> str:
    """Return the key of what the store remembers of a URI.

    Servers are told apart, what is local to the folder where we run too; credentials are not in it.
    """
    configured = dict(settings.mlflow_variables)
    servers: list[Canonical] = [SafeUrl(configured.get(name, "")).stripped for name in SERVERS]
    place = "" if configured.get(SERVERS[0]) else str(Path.cwd())
    asked: dict[str, Canonical] = {
        "schema": 1,
        "uri": uri.rstrip("/"),
        "servers": servers,
        "place": place,
        "wheels": wheels,
    }
    return digest(asked)


def unserved(uri: str, settings: Settings) -> RemoteError | None:
    """Return why nobody can be asked about a URI: MLflow would make an empty server in the folder where we run."""
    if _served(uri, settings):
        return None
    return RemoteError(
        f"no tracking server is named that could know {excerpt(uri)}", code="remote/no-server",
        hint="set MLFLOW_TRACKING_URI, as for MLflow itself",
    )  # fmt: skip


def _served(uri: str, settings: Settings) -> bool:
    if not uri.startswith(("models:", "runs:", "mlflow-artifacts:")):
        return True
    configured = {name for name, _ in settings.mlflow_variables}
    here = Path.cwd()
    return (
        bool(configured & {SERVERS[0], "DATABRICKS_RUNTIME_VERSION"})
        or "://" in uri
        or any((here / name).exists() for name in ("mlruns", "mlflow.db"))
    )
