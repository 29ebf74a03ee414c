"""Publishing: a finished tree becomes an environment, in one step that survives a power cut.

List and lock the files; sync the file system; write and sync the manifest; rename; sync the parent. The
manifest is the last file written, and nobody looks at it before the tree has its final name.
"""

from __future__ import annotations

import datetime
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.errors import StoreError
from envbuilder.store import index, remarks, survey
from envbuilder.store.faults import reach
from envbuilder.store.files import sync_directory, sync_file_system, write_synced
from envbuilder.store.manifest import FOLDER, LISTING, NAME, PYTHON, FileMark, Manifest, mark

if TYPE_CHECKING:
    from envbuilder.environment import Interpreter
    from envbuilder.findings import Finding
    from envbuilder.lock import Lock
    from envbuilder.store.hashing import Hashes

LOG = "build.log"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finished:
    """What is known of a finished tree beyond its files."""

    env_id: str
    lock: Lock
    interpreter: Interpreter
    imports: tuple[str, ...]
    log: str
    findings: tuple[Finding, ...] = ()


def seal(tree: Path, finished: Finished, hashes: Hashes | None = None) -> Manifest:
    """List, lock and sync a tree, then write its manifest. Raises OSError."""
    folder = tree / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / LOG).write_text(finished.log, "utf-8", "backslashreplace")
    (folder / remarks.NAME).write_bytes(remarks.findings_text(finished.findings))
    rows = survey.survey(tree, hashes)
    reach("surveyed")
    listing = survey.to_tsv(rows)
    manifest = _manifest(tree, finished, rows, listing)
    (folder / LISTING).write_bytes(listing)
    (folder / index.NAME).write_bytes(index.index_of(rows, manifest.files_digest))
    reach("listed")
    sync_file_system(tree)
    reach("synced")
    write_synced(folder / NAME, manifest.to_json())
    sync_directory(folder)
    reach("manifest")
    return manifest


def move(tree: Path, place: Path) -> None:
    """Give a sealed tree its final name. Raises OSError."""
    tree.rename(place)
    reach("renamed")
    sync_directory(place.parent)


def _manifest(tree: Path, finished: Finished, rows: tuple[survey.Row, ...], listing: bytes) -> Manifest:
    lock, interpreter = finished.lock, finished.interpreter
    return Manifest(
        env_id=finished.env_id,
        lock_id=lock.lock_id,
        engine=lock.engine,
        python_version=interpreter.version,
        interpreter=str(interpreter.path),
        marks=_marks(tree, interpreter),
        platform=interpreter.platform,
        floor=interpreter.floor,
        packages=len(lock.artifacts) + len(lock.conda),
        imports=finished.imports,
        built_at=datetime.datetime.now(datetime.timezone.utc),
        files=len(rows),
        size=sum(row.size for row in rows),
        files_digest=hashlib.sha256(listing).hexdigest(),
    )


def _marks(tree: Path, interpreter: Interpreter) -> tuple[FileMark, ...]:
    """Mark the environment's python, the binary behind it and its shared library, each file once."""
    if not (tree / PYTHON).exists():
        raise StoreError(
            f"the tree to publish has no {PYTHON}", code="store/incomplete", hint="build it again"
        )
    version = ".".join(interpreter.version.split(".")[:2])
    libraries = (interpreter.binary.parent.parent / "lib").glob(f"libpython{version}*.so*")
    files = {
        os.path.realpath(tree / path): path
        for path in (*map(str, libraries), str(interpreter.binary), PYTHON)
    }
    return tuple(mark(path, tree) for _, path in sorted(files.items()))
