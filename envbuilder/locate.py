"""From what a user types to a local model: a path, or a URI that means one."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from envbuilder.errors import UsageError
from envbuilder.redact import excerpt, masked_url

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")
"""At least two letters: ``C:/models`` is a path."""

MOUNTS = Path("/")
"""Where Databricks mounts its file system (``dbfs``) and the volumes of Unity Catalog (``Volumes``)."""


def remote(model: str) -> bool:
    """Whether only MLflow can find a model: it is named by a URI that means no local path."""
    found = _SCHEME.match(model)
    if found is None:
        return False
    scheme = found[1].lower()
    return scheme != "file" and not (scheme == "dbfs" and _mounted(model))


def locate(model: str) -> Path:
    """Return the local path that ``model`` names: a path, or a ``file:`` URI without a host.

    ``dbfs:/…`` is a path where it is mounted. The path need not exist. Raises UsageError for a URI that only a
    tracking server can answer (envbuilder.remote does).
    """
    found = _SCHEME.match(model)
    if found is None:
        return Path(model)
    try:
        parts = urlsplit(model)
    except ValueError:  # square brackets around what is no address
        raise UsageError(
            f"{excerpt(masked_url(model))} is no URI",
            code="usage/remote-model",
            hint="give the path of a model's folder",
        ) from None
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return Path(unquote(parts.path))
    mounted = _mounted(model) if parts.scheme == "dbfs" else None
    if mounted:
        return mounted
    raise UsageError(
        f"{excerpt(masked_url(model))} is no local model",
        code="usage/remote-model",
        hint="download it first (`mlflow artifacts download -u URI -d DIR`) and name that folder",
    )


def _mounted(uri: str) -> Path | None:
    """Return where a ``dbfs:/`` URI is mounted on this host; None where it is not."""
    rest = uri.partition(":")[2]
    if rest.startswith("//") and not rest.startswith("///"):
        return None  # another workspace: dbfs://profile@databricks/…
    path = os.path.normpath(f"/{rest.lstrip('/')}")
    mounted = MOUNTS / path[1:] if path.startswith("/Volumes/") else MOUNTS / "dbfs" / path[1:]
    return mounted if mounted.exists() else None
