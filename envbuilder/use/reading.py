"""What a model brings itself: its own files kept in the store by their bytes, and who brings the rest."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from envbuilder.progress import SILENT, Progress
from envbuilder.resolver.carrying import NOBODY
from envbuilder.use.keys import addressed

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.policy import Policy
    from envbuilder.resolver.carrying import Carrier
    from envbuilder.resolver.engine import Engine
    from envbuilder.settings import Settings
    from envbuilder.spec import Rewritten
    from envbuilder.store.store import Store


def with_files(rewritten: Rewritten, model: Path, *, policy: Policy, store: Store) -> Rewritten:
    """Return the spec, and its key, with the sha256 of what it names inside the model, where the policy opens that.

    Raises as envbuilder.references.sealing.sealed().
    """
    if not any(reference.path for reference in rewritten.spec.direct):
        return rewritten
    from envbuilder.reader.directory import Directory
    from envbuilder.references.sealing import sealed
    from envbuilder.references.shelf import Shelf
    from envbuilder.rewriter.identity import spec_id_of

    with Directory(addressed(model)[0]) as directory:
        shelf = Shelf(store.layout.packages, store.layout.tmp)
        spec = sealed(rewritten.spec, directory, policy.sources, shelf)
    return replace(rewritten, spec=spec, spec_id=spec_id_of(spec))


def carrier_for(
    rewritten: Rewritten,
    engine: Engine,
    *,
    store: Store,
    settings: Settings,
    policy: Policy,
    progress: Progress = SILENT,
) -> Carrier:
    """Return who brings the spec's direct references to this host; without any, nothing of that is loaded."""
    if not rewritten.spec.direct:
        return NOBODY
    from envbuilder.builder.carrier import carrier_of

    return carrier_of(store, engine.name, settings=settings, policy=policy, progress=progress)
