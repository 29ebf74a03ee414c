"""Files of conda packages that name the place where they were installed: back to what names none (CEP 34).

A package has a long placeholder where its files name their place. An installer writes the place over it, and
in compiled files as many NUL bytes behind the text as it is shorter. That can be undone, to the byte.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from envbuilder.exports.result import ExportError
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from collections.abc import Iterator

RECORDS: Final = "conda-meta"
_LONGEST: Final = 64 * 1024 * 1024
_OF_THE_HOST: Final = ("extracted_package_dir", "link", "package_tarball_full_path")
"""What a record says of the host where it was written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Placed:
    """A file that names its place. ``path`` is relative to the prefix."""

    path: str
    placeholder: str
    binary: bool
    sha256: str
    """Of the file as its package has it."""


def placed_files(prefix: Path) -> Iterator[Placed]:
    """Yield the files of an environment whose packages say that they name their place. Raises ExportError."""
    for record in sorted((prefix / RECORDS).glob("*.json")):
        match _read(record):
            case {"paths_data": {"paths": [*items]}}:
                yield from (placed for item in items if (placed := _placed(item)))


def _placed(item: object) -> Placed | None:
    match item:
        case {"_path": str(path), "prefix_placeholder": str(placeholder), "file_mode": str(mode), **more} if (
            placeholder
        ):
            return Placed(
                path=path,
                placeholder=placeholder,
                binary=mode == "binary",
                sha256=str(more.get("sha256") or ""),
            )
    return None


def portable_record(record: Path) -> bytes:
    """Return a package's record without what it says of the host. Raises ExportError."""
    content = {name: value for name, value in _read(record).items() if name not in _OF_THE_HOST}
    return json.dumps(content, indent=2, sort_keys=True).encode("ascii") + b"\n"


def _read(record: Path) -> dict[str, Any]:
    try:
        with record.open("rb") as stream:
            found = json.loads(stream.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise ExportError(
            f"{record.name} is no record of a conda package",
            code="export/not-relocatable",
            hint="look whether it is whole: `envbuilder cache verify --deep`",
        )
    return found


def restored(content: bytes, placed: Placed, prefix: bytes) -> bytes:
    """Return a file's bytes with the placeholder where they name ``prefix``.

    Raises ExportError where a compiled file does not become what its package has.
    """
    placeholder = placed.placeholder.encode()
    if not placed.binary:
        return content.replace(prefix, placeholder)
    found = _grown(content, prefix, placeholder)
    if hashlib.sha256(found).hexdigest() != placed.sha256:
        raise ExportError(
            f"{excerpt(placed.path)} names its place, and is not as its package has it",
            code="export/not-relocatable",
            hint="build the environment again; if it stays, another package changed the file",
        )
    return found


def _grown(content: bytes, prefix: bytes, placeholder: bytes) -> bytes:
    """Return a compiled file with a longer text for a shorter one: each takes up the NUL bytes behind it."""
    more = len(placeholder) - len(prefix)

    def grow(found: re.Match[bytes]) -> bytes:
        text, padding = found.groups()
        return text.replace(prefix, placeholder) + padding[more * text.count(prefix) :]

    return re.sub(b"(" + re.escape(prefix) + rb"[^\0]*)(\0*)", grow, content)
