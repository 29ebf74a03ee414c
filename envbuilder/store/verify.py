"""Looking whether the environments of a store still are what was published, and putting aside those that are not."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from envbuilder.store.aside import retire
from envbuilder.store.census import State, Tree, trees
from envbuilder.store.glance import Damage, Harm, damages
from envbuilder.store.lease import take
from envbuilder.store.manifest import FOLDER, NAME, read_manifest, still_the_same
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from envbuilder.store.layout import Layout
    from envbuilder.store.manifest import Manifest

Verdict = Literal["whole", "damaged", "unfinished", "skipped"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verified:
    """What one tree is. ``now_at`` is where a damaged one stands now, in the trash or where it was."""

    prefix: Path
    env_id: str
    verdict: Verdict
    damage: tuple[Damage, ...] = ()
    now_at: Path | None = None


def verify(layout: Layout, *, deep: bool, only: Collection[str] = ()) -> Iterator[Verified]:
    """Look at every environment, or at those whose env_id starts with one of ``only``, and yield each verdict.

    By sizes and times, or with ``deep`` by every byte. A damaged one is put aside: no request finds it any
    more, the next one builds it again, and whoever uses it keeps it until a collection. Raises StoreError.
    """
    with told(layout.root, "verify the environments"):
        listed = list(trees(layout, now=time.time()))
    for tree in listed:
        if only and not any(tree.env_id.startswith(start) for start in only):
            continue
        with told(layout.root, "verify an environment"):
            yield _verified(layout, tree, deep=deep)


def _verified(layout: Layout, tree: Tree, *, deep: bool) -> Verified:
    if tree.state is State.FOREIGN:
        return _told(tree, "skipped")
    if tree.state is State.UNFINISHED:
        return _told(tree, "unfinished")
    harm = _harm(layout, tree, deep=deep)
    if not harm:
        return _told(tree, "whole")
    now_at = None
    with contextlib.suppress(OSError):
        now_at = retire(layout, tree.prefix, harm)
    return Verified(prefix=tree.prefix, env_id=tree.env_id, verdict="damaged", damage=harm, now_at=now_at)


def _told(tree: Tree, verdict: Verdict) -> Verified:
    return Verified(prefix=tree.prefix, env_id=tree.env_id, verdict=verdict)


def _harm(layout: Layout, tree: Tree, *, deep: bool) -> tuple[Damage, ...]:
    """Look at a tree with a lease on it: nobody removes or replaces it meanwhile."""
    with take(tree.env_id, layout.use_lock(tree.key)):
        manifest = read_manifest(tree.prefix)
        if manifest is None:
            return (Damage(harm=Harm.MANIFEST, path=f"{FOLDER}/{NAME}"),) if tree.prefix.exists() else ()
        return (*_interpreter(tree.prefix, manifest), *damages(tree.prefix, manifest, deep=deep))


def _interpreter(prefix: Path, manifest: Manifest) -> Iterator[Damage]:
    for known in manifest.marks:
        if not still_the_same(known, prefix):
            yield Damage(harm=Harm.INTERPRETER, path=known.path)
