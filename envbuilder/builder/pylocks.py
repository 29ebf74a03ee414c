"""Parts of a lock as a pylock.toml (PEP 751) for uv: exactly one file per package, by URL or by path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import tomli_w

from envbuilder.lock import Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from envbuilder.lock import Artifact

NAME = "pylock.toml"
"""uv knows the format by the file's name."""


def installable(artifacts: Iterable[Artifact], paths: Mapping[str, Path] | None = None) -> str:
    """Return the text of a pylock with these artifacts alone; ``paths`` are local copies by sha256."""
    packages = [_package(artifact, (paths or {}).get(artifact.sha256)) for artifact in artifacts]
    return tomli_w.dumps({"lock-version": "1.0", "created-by": "envbuilder", "packages": packages})


def _package(artifact: Artifact, path: Path | None) -> dict[str, object]:
    file: dict[str, object] = {
        "name": artifact.filename,
        "hashes": {"sha256": artifact.sha256},
        # Credentials reach uv as the index's; the files of an index stand on hosts that it names.
        **({"path": str(path)} if path else {"url": artifact.url.stripped}),
        **({"size": artifact.size} if artifact.size else {}),
    }
    package: dict[str, object] = {"name": artifact.name, "version": artifact.version}
    return package | ({"sdist": file} if artifact.kind is Kind.SDIST else {"wheels": [file]})
