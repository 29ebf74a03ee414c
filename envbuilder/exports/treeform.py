"""The form ``tree``: the environment itself, which runs wherever it is unpacked; conda-pack's layout."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from envbuilder.exports.floors import floor_of
from envbuilder.exports.inventory import Inventory, take_inventory
from envbuilder.exports.packing import Packer, packing_of
from envbuilder.exports.result import Exported, ExportForm, Needs
from envbuilder.exports.staging import LEFT_OUT, Staging
from envbuilder.exports.tarwriter import TarWriter, new_file
from envbuilder.exports.trial import Trial
from envbuilder.resolver.pylock import write_pylock
from envbuilder.store.manifest import FOLDER
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from envbuilder.exports.gathering import Holding
    from envbuilder.exports.tarwriter import Sink

SCHEMA: Final = 1
_SHOWN: Final = 3


def export_tree(held: Holding, place: Path, *, interpreter: bool) -> Exported:
    """Write an environment as a tree, with or without its interpreter; it is tried before anything is written.

    Raises ExportError, StoreError, ToolError, UsageError.
    """
    form = packing_of(place.name)
    staging = Staging(
        prefix=held.environment.prefix,
        tree=held.scratch / "tree",
        interpreter=held.interpreter,
        included=interpreter,
    )
    held.progress.phase("lay out", place.name)
    with told(held.store.root, "lay out a tree"):
        staging.tree.mkdir()
        staging.lay_out()
    held.progress.phase("verify", ", ".join(held.lock.imports))
    _trial(held, staging).run()
    with told(held.store.root, "read a tree"):
        inventory = take_inventory(staging.tree, place=os.fsencode(held.store.root))
    needs = _needs(held, inventory, staging)
    _describe(held, staging, needs)
    held.progress.phase("write", place.name)
    with new_file(place) as sink:
        packer = Packer(form, sink.write)
        archive = TarWriter(packer.write)
        _add(archive, staging.tree)
        archive.close()
        packer.close()
    return _exported(held, place, sink, needs, _notes(staging, inventory))


def _trial(held: Holding, staging: Staging) -> Trial:
    forbidden = [held.environment.prefix] + ([staging.base] if staging.included else [])
    return Trial(
        tree=staging.tree,
        imports=held.lock.imports,
        forbidden=[folder.resolve() for folder in forbidden],
        settings=held.settings,
        scratch=held.scratch,
    )


def _needs(held: Holding, inventory: Inventory, staging: Staging) -> Needs:
    """Return what the host has to have: by what the compiled files say where they can be read, else by tags."""
    target = held.lock.target
    floor = floor_of((a.filename for a in held.lock.artifacts if a.filename.endswith(".whl")), target.floor)
    if target.floor.startswith("glibc-") and inventory.glibc:
        floor = f"glibc-{'.'.join(map(str, inventory.glibc))}"
    python = f"CPython {held.interpreter.version} at {held.interpreter.path}"
    return Needs(
        platform=target.platform,
        floor=floor,
        python="" if staging.included else python,
        libraries=inventory.libraries,
    )


def _describe(held: Holding, staging: Staging, needs: Needs) -> None:
    """Put beside the environment what it is: its lock, and what it needs."""
    folder = staging.tree / FOLDER
    folder.mkdir()
    facts = {
        "schema": SCHEMA,
        "form": "tree",
        "lock_id": held.lock.lock_id,
        "python": held.interpreter.version,
        "interpreter": staging.included,
        "needs": {
            "platform": needs.platform,
            "floor": needs.floor,
            "python": needs.python,
            "libraries": needs.libraries,
        },
    }
    (folder / "export.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")
    (folder / "pylock.toml").write_text(write_pylock(held.lock), encoding="utf-8")


def _add(archive: TarWriter, tree: Path) -> None:
    for folder, folders, names in os.walk(tree):
        folders.sort()
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in sorted([*names, *links]):
            path = Path(folder, name)
            inner = path.relative_to(tree).as_posix()
            if path.is_symlink():
                archive.add_link(inner, os.readlink(path))  # noqa: PTH115 - a text
            else:
                archive.add_file(inner, path)


def _notes(staging: Staging, inventory: Inventory) -> tuple[str, ...]:
    notes = []
    if staging.included:
        notes.append(f"left out of the standard library: {', '.join(LEFT_OUT)}")
    else:
        notes.append("bin/python is a link to the interpreter: that has to stand in the same place")
    if inventory.naming:
        more = len(inventory.naming) - _SHOWN
        shown = ", ".join(inventory.naming[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
        notes.append(f"files name the store that they came from: {shown}")
    return tuple(notes)


def _exported(held: Holding, place: Path, sink: Sink, needs: Needs, notes: tuple[str, ...]) -> Exported:
    return Exported(
        path=place,
        form=ExportForm.TREE,
        size=sink.size,
        sha256=sink.sha256,
        lock_id=held.lock.lock_id,
        packages=len(held.lock.artifacts),
        interpreter=not needs.python,
        needs=needs,
        changes=held.lock.changes,
        notes=notes,
    )
