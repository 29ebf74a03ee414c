"""The form ``tree``: the environment itself, which runs wherever it is unpacked; conda-pack's layout."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from envbuilder.exports.condatree import CondaStaging
from envbuilder.exports.floors import floor_of
from envbuilder.exports.inventory import Inventory, take_inventory
from envbuilder.exports.packing import Packer, packing_of
from envbuilder.exports.result import Exported, ExportForm, Needs
from envbuilder.exports.staging import LEFT_OUT, Staging, place_file, walk
from envbuilder.exports.tarwriter import TarWriter, new_file
from envbuilder.exports.trial import Trial
from envbuilder.resolver.pylock import write_pylock
from envbuilder.store.files import remove_tree
from envbuilder.store.manifest import FOLDER
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from envbuilder.exports.gathering import Holding
    from envbuilder.exports.tarwriter import Sink
    from envbuilder.lock import Lock

SCHEMA: Final = 1
_SHOWN: Final = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Laid:
    """A tree as it will be packed."""

    tree: Path
    included: bool
    """Whether the interpreter is inside."""
    left: tuple[Path, ...]
    """The places that it came from: nothing there may be loaded."""
    placed: int = 0
    """Files in which ``conda-unpack`` has to write where they are."""
    notes: tuple[str, ...] = ()


def export_tree(held: Holding, place: Path, *, interpreter: bool) -> Exported:
    """Write an environment as a tree, with or without its interpreter; it is tried before anything is written.

    One of conda packages always has its own. Raises ExportError, StoreError, ToolError, UsageError.
    """
    form = packing_of(place.name)
    held.progress.phase("lay out", place.name)
    with told(held.store.root, "lay out a tree"):
        laid = _conda(held) if held.lock.conda else _virtual(held, interpreter=interpreter)
    held.progress.phase("verify", ", ".join(held.lock.imports))
    _try(held, laid)
    with told(held.store.root, "read a tree"):
        inventory = take_inventory(laid.tree, place=os.fsencode(held.store.root))
    needs = _needs(held, inventory, laid)
    _describe(held, laid, needs)
    held.progress.phase("write", place.name)
    with new_file(place) as sink:
        packer = Packer(form, sink.write)
        archive = TarWriter(packer.write)
        _add(archive, laid.tree)
        archive.close()
        packer.close()
    return _exported(held, place, sink, needs, _notes(laid, inventory))


def _virtual(held: Holding, *, interpreter: bool) -> _Laid:
    tree = held.scratch / "tree"
    prefix = held.environment.prefix
    staging = Staging(prefix=prefix, tree=tree, interpreter=held.interpreter, included=interpreter)
    tree.mkdir()
    staging.lay_out()
    if interpreter:
        note = f"left out of the standard library: {', '.join(LEFT_OUT)}"
        return _Laid(tree=tree, included=True, left=(prefix, staging.base), notes=(note,))
    note = "bin/python is a link to the interpreter: that has to stand in the same place"
    return _Laid(tree=tree, included=False, left=(prefix,), notes=(note,))


def _conda(held: Holding) -> _Laid:
    tree = held.scratch / "tree"
    prefix = held.environment.prefix
    tree.mkdir()
    placed = CondaStaging(prefix=prefix, tree=tree).lay_out()
    note = f"{placed} of its files name their place: run bin/conda-unpack once where it has come to stand"
    return _Laid(tree=tree, included=True, left=(prefix,), placed=placed, notes=(note,) if placed else ())


def _try(held: Holding, laid: _Laid) -> None:
    """Try the tree where it was laid out; of one that has to be told its place, a copy that was told."""
    tree = laid.tree
    if laid.placed:
        tree = held.scratch / "trial"
        with told(held.store.root, "copy a tree"):
            for path in walk(laid.tree, set()):
                place_file(path, tree / path.relative_to(laid.tree))
    trial = Trial(
        tree=tree,
        imports=held.lock.imports,
        forbidden=[folder.resolve() for folder in laid.left],
        settings=held.settings,
        scratch=held.scratch,
    )
    if laid.placed:
        trial.unpack()
    trial.run()
    if laid.placed:
        with told(held.store.root, "remove a tree"):
            remove_tree(tree)


def _needs(held: Holding, inventory: Inventory, laid: _Laid) -> Needs:
    """Return what the host has to have: by what the compiled files say where they can be read, else by tags."""
    target = held.lock.target
    floor = floor_of((a.filename for a in held.lock.artifacts if a.filename.endswith(".whl")), target.floor)
    if target.floor.startswith("glibc-") and inventory.glibc:
        floor = f"glibc-{'.'.join(map(str, inventory.glibc))}"
    python = f"CPython {held.interpreter.version} at {held.interpreter.path}"
    return Needs(
        platform=target.platform,
        floor=floor,
        python="" if laid.included else python,
        libraries=inventory.libraries,
    )


def _describe(held: Holding, laid: _Laid, needs: Needs) -> None:
    """Put beside the environment what it is: its lock, and what it needs."""
    folder = laid.tree / FOLDER
    folder.mkdir(exist_ok=True)
    facts = {
        "schema": SCHEMA,
        "form": "tree",
        "lock_id": held.lock.lock_id,
        "python": held.interpreter.version,
        "interpreter": laid.included,
        "needs": {
            "platform": needs.platform,
            "floor": needs.floor,
            "python": needs.python,
            "libraries": needs.libraries,
        },
    }
    (folder / "export.json").write_text(json.dumps(facts, indent=1, sort_keys=True) + "\n")
    name, text = _lock_text(held.lock)
    (folder / name).write_text(text, encoding="utf-8")


def _lock_text(lock: Lock) -> tuple[str, str]:
    """Return the name and the text of a lock's file."""
    if not lock.conda:
        return "pylock.toml", write_pylock(lock)
    from envbuilder.conda.condalock import FILENAME, write_conda_lock

    return FILENAME, write_conda_lock(lock)


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


def _notes(laid: _Laid, inventory: Inventory) -> tuple[str, ...]:
    if not inventory.naming:
        return laid.notes
    more = len(inventory.naming) - _SHOWN
    shown = ", ".join(inventory.naming[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
    return (*laid.notes, f"files name the store that they came from: {shown}")


def _exported(held: Holding, place: Path, sink: Sink, needs: Needs, notes: tuple[str, ...]) -> Exported:
    return Exported(
        path=place,
        form=ExportForm.TREE,
        size=sink.size,
        sha256=sink.sha256,
        lock_id=held.lock.lock_id,
        packages=len(held.lock.artifacts) + len(held.lock.conda),
        interpreter=not needs.python,
        needs=needs,
        changes=held.lock.changes,
        notes=notes,
    )
