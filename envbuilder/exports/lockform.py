"""The form ``lock``: a tar of the manifest, the lock and every wheel. Nothing in it was installed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.exports.floors import floor_of
from envbuilder.exports.gathering import Gathered, Holding, gather
from envbuilder.exports.manifest import LOCK, NAME, WHEELS, Manifest, Mark
from envbuilder.exports.result import Exported, ExportForm, Needs
from envbuilder.exports.tarwriter import TarWriter, new_file
from envbuilder.resolver.pylock import write_pylock

if TYPE_CHECKING:
    from envbuilder.lock import Lock


def export_lock(held: Holding, place: Path) -> Exported:
    """Write the export of an environment's lock. Raises BuildError, ExportError, StoreError, UsageError."""
    gathered = gather(held)
    lock = gathered.lock
    text = write_pylock(lock).encode()
    manifest = _manifest(gathered, text, held.lock)
    held.progress.phase("write", place.name)
    with new_file(place) as sink:
        archive = TarWriter(sink.write)
        archive.add_bytes(NAME, manifest.to_json())
        archive.add_bytes(LOCK, text)
        for wheel in sorted(gathered.wheels, key=lambda path: path.name):
            archive.add_file(f"{WHEELS}/{wheel.name}", wheel)
        archive.close()
    return Exported(
        path=place,
        form=ExportForm.LOCK,
        size=sink.size,
        sha256=sink.sha256,
        lock_id=lock.lock_id,
        packages=len(lock.artifacts),
        interpreter=False,
        needs=Needs(
            platform=lock.target.platform,
            floor=manifest.floor,
            python=f"CPython {_minor(lock)} on the host",
            libraries=gathered.libraries,
        ),
        changes=lock.changes,
        notes=_notes(gathered),
    )


def _manifest(gathered: Gathered, text: bytes, asked: Lock) -> Manifest:
    lock = gathered.lock
    sizes = {a.filename: path.stat().st_size for a, path in zip(lock.artifacts, gathered.wheels, strict=True)}
    wheels = [
        Mark(path=f"{WHEELS}/{a.filename}", size=sizes[a.filename], sha256=a.sha256) for a in lock.artifacts
    ]
    own = Mark(path=LOCK, size=len(text), sha256=hashlib.sha256(text).hexdigest())
    return Manifest(
        lock_id=lock.lock_id,
        model_lock_id=asked.lock_id,
        spec_id=lock.spec_id,
        python=lock.target.python,
        platform=lock.target.platform,
        floor=floor_of(sizes, lock.target.floor),
        built=gathered.built,
        members=(own, *sorted(wheels, key=lambda mark: mark.path)),
    )


def _minor(lock: Lock) -> str:
    return ".".join(lock.target.python.split(".")[:2])


def _notes(gathered: Gathered) -> tuple[str, ...]:
    if not gathered.built:
        return ()
    return ("its lock_id is not the model's: wheels that were built stand for sources",)
