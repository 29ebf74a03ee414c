"""The addresses of what the store remembers, made of what is known before any file is parsed."""

from __future__ import annotations

import datetime
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.digests import digest
from envbuilder.errors import EnvbuilderError
from envbuilder.reader import limits

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.policy import Policy
    from envbuilder.reader.directory import Directory
    from envbuilder.request import Request
    from envbuilder.settings import Settings
    from envbuilder.spec import Provenance, Rewritten

WELL_KNOWN = (
    "MLmodel", "conda.yaml", "conda.yml", "environment.yml", "environment.yaml", "mlflow_env.yml",
    "python_env.yaml", "requirements.txt",
)  # fmt: skip
"""The files that address a request. Others that were read are listed in its record, and compared there."""


def host_key() -> str:
    """Return what may change under an unchanged store: system, machine, C library."""
    name = os.uname()
    try:
        library = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (AttributeError, OSError, ValueError):
        library = ""
    release = name.release if sys.platform == "darwin" else ""
    return f"{sys.platform} {name.machine} {library} {release}".strip()


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """The files that address a request, as they are now: name and sha256 of those that are there."""

    names: tuple[str, ...]
    """The files that were looked for: the well-known ones of a model, or the one that was named."""
    files: tuple[tuple[str, str], ...]

    def request_key(self, request: Request, settings: Settings, policy: Policy) -> str:
        """Return the address of the answer to a request."""
        single = self.names if self.names != WELL_KNOWN else ()
        asked = _asked(request, settings, policy)
        return digest({"schema": 1, "single": single, "files": self.files, "asked": asked})

    def agrees_with(self, provenance: Provenance) -> bool:
        """Whether the model was parsed from these very bytes."""
        now = dict(self.files)
        read = {file.path: file.sha256 for file in provenance.files if file.path in self.names}
        return all(now.get(path) == sha256 for path, sha256 in read.items()) and not (
            now.keys() & set(provenance.absent)
        )


def addressed(model: Path) -> tuple[Path, tuple[str, ...]]:
    """Return the folder to open for a model, or for one environment file, and the names to look for."""
    if os.path.isdir(model):  # noqa: PTH112 - False where Path raises
        return model, WELL_KNOWN
    return model.parent, WELL_KNOWN if model.name == "MLmodel" else (model.name,)


def snapshot(directory: Directory, names: tuple[str, ...] = WELL_KNOWN) -> Snapshot | None:
    """Read and hash these files; None where one is refused, which is for the parser to tell."""
    files = []
    try:
        for name in names:
            if directory.has(name):
                limit = limits.MLMODEL_BYTES if name == "MLmodel" else limits.ENVIRONMENT_FILE_BYTES
                files.append((name, directory.read(name, limit=limit).sha256))
    except EnvbuilderError:
        return None
    return Snapshot(names=names, files=tuple(files))


def still_true(files: tuple[tuple[str, str], ...], absent: tuple[str, ...], directory: Directory) -> bool:
    """Whether every file that was read is the same, and nothing appeared that was looked for in vain."""
    if any(directory.has(path) for path in absent):
        return False
    return all(_digest(directory, path) == sha256 for path, sha256 in files)


def _digest(directory: Directory, path: str) -> str:
    """Return the sha256 of a file of the model, or of a source tree (a path with a slash at its end)."""
    if not path.endswith("/"):
        return directory.digest(path)
    from envbuilder.references.sealing import tree_digest

    return tree_digest(directory, path.removesuffix("/"))


def resolution_key(rewritten: Rewritten, request: Request, settings: Settings, policy: Policy) -> str:
    """Return the address of a spec's resolution: all that can change the lock but the spec itself."""
    created = rewritten.spec.provenance.created
    return digest(
        {
            "schema": 1,
            "spec": rewritten.spec_id,
            "created": created.isoformat() if created else None,
            "asked": _asked(request, settings, policy),
        }
    )


def _asked(request: Request, settings: Settings, policy: Policy) -> list[str]:
    index = settings.index.stripped if settings.index else ""
    day = today() if request.as_of == "now" else ""
    return [request.key, day, policy.resolution_key, index, host_key()]


def today() -> str:
    """Return this day in UTC: "now" means that, not the day on which somebody first said it."""
    return f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}"
