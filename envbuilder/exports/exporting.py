"""From a model to a file that brings its environment elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.builder.building import build
from envbuilder.errors import UsageError
from envbuilder.exports.gathering import Holding
from envbuilder.exports.lockform import export_lock
from envbuilder.exports.packing import packing_of
from envbuilder.exports.result import Exported, ExportForm
from envbuilder.exports.treeform import export_tree
from envbuilder.interpreters.probe import probe
from envbuilder.policy import DEFAULT
from envbuilder.process import neutral_directory
from envbuilder.progress import SILENT
from envbuilder.store.store import Store
from envbuilder.use.locking import PLAIN, lock_here

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.lock import Lock
    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.request import Request
    from envbuilder.settings import Settings


def export_model(
    model: Path,
    *,
    place: Path,
    form: ExportForm | None = None,
    interpreter: bool = False,
    request: Request = PLAIN,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Exported:
    """Write the environment of a model into a file; it is built first, and so proved, unless the store has it.

    Without a form it is the lock; a tree where the environment has conda packages, which only a tree brings.
    Raises what the stages raise, ExportError, UsageError where the file cannot be written.
    """
    if form is not ExportForm.TREE and interpreter:
        raise UsageError(
            "a lock is exported without its interpreter, which the host that takes it finds or fetches",
            hint="--form tree can have it inside",
        )
    if form is ExportForm.TREE:
        packing_of(place.name)  # before hours of work
    locked, chosen = lock_here(model, request=request, settings=settings, policy=policy, progress=progress)
    form = _form(form, locked.lock, place)
    store = Store.open(settings.home)
    built = build(
        locked.lock, interpreter=chosen, store=store, settings=settings, policy=policy, progress=progress
    )
    with built.lease, neutral_directory(store.layout.tmp) as scratch:
        held = Holding(
            lock=locked.lock,
            environment=built.environment,
            interpreter=chosen or probe(built.environment.python, source="conda")[0],
            store=store,
            settings=settings,
            policy=policy,
            progress=progress,
            scratch=scratch,
        )
        if form is ExportForm.TREE:
            return export_tree(held, place, interpreter=interpreter)
        return export_lock(held, place)


def _form(form: ExportForm | None, lock: Lock, place: Path) -> ExportForm:
    """Return what is written for a lock. Raises UsageError for what there is not, before anything is built."""
    if form is ExportForm.LOCK and lock.conda:
        raise UsageError(
            "an environment with conda packages is exported as a tree alone",
            hint="--form tree, or write its lock: envbuilder lock -o conda-lock.yml",
        )
    chosen = form or (ExportForm.TREE if lock.conda else ExportForm.LOCK)
    if chosen is ExportForm.TREE:
        packing_of(place.name)
    return chosen
