"""From what a user types to a local model: a path, or a URI that means one."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from envbuilder.errors import UsageError
from envbuilder.redact import excerpt, masked_url

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")
"""At least two letters: ``C:/models`` is a path."""


def locate(model: str) -> Path:
    """Return the local path that ``model`` names: a path, or a ``file:`` URI without a host.

    The path need not exist. Raises UsageError for a URI that only a tracking server can answer.
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
    raise UsageError(
        f"{excerpt(masked_url(model))} is no local model",
        code="usage/remote-model",
        hint="download it first (`mlflow artifacts download -u URI -d DIR`) and name that folder",
    )
