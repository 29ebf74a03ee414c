"""Links whose environment is gone: put aside by a verification, or collected after its pin was taken away.

Of such a link uv stops, and virtualenv makes an environment where it leads: inside the store.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.digests import PATH_HEX
from envbuilder.errors import StoreError
from envbuilder.findings import Finding, Level
from envbuilder.handover.errors import HandoverError
from envbuilder.handover.naming import environments_root
from envbuilder.handover.placing import placed, take_away
from envbuilder.redact import visible
from envbuilder.store.lease import try_exclusive, unlock
from envbuilder.store.manifest import FOLDER, NAME
from envbuilder.store.pins import kept, unpin
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.settings import Settings
    from envbuilder.store.layout import Layout


def sweep(layout: Layout, settings: Settings, *, sparing: Path | None = None) -> tuple[Finding, ...]:
    """Take the links away that lead to no finished environment any more, and their pins; tell of each.

    Looked for where MLflow keeps its environments now, and at every place that a pin names; ``sparing`` is one
    that is about to be placed anew. Raises StoreError.
    """
    found = dict.fromkeys((*_pinned(layout), *_standing(environments_root(settings).absolute())))
    return tuple(_swept(path, layout) for path in found if path != sparing and _lost(path, layout))


def _pinned(layout: Layout) -> Iterator[Path]:
    for pin in kept(layout):
        if not pin.model and Path(pin.target).is_absolute():
            yield Path(pin.target)


def _standing(root: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from sorted(root.glob("mlflow-*"))


def _lost(path: Path, layout: Layout) -> bool:
    target = placed(path, layout)
    return target is not None and not (target / FOLDER / NAME).is_file()


def _swept(path: Path, layout: Layout) -> Finding:
    message = "the environment that it led to is gone"
    hint = "`envbuilder build --for-mlflow MODEL` places it anew"
    try:
        _take_away(path, layout)
    except HandoverError as error:
        message += f", and it cannot be taken away: {error.message}"
        hint = "remove it by hand"
    return Finding(
        code="handover/lost", level=Level.WARNING, message=f"{visible(str(path))}: {message}", hint=hint,
        subject=str(path),
    )  # fmt: skip


def _take_away(path: Path, layout: Layout) -> None:
    """Remove a link, unless its environment is made anew at this moment. Raises HandoverError, StoreError."""
    target = placed(path, layout)
    if target is None:
        return
    with told(layout.root, "look at an environment"):
        descriptor = try_exclusive(layout.use_lock(target.name[:PATH_HEX]))
    try:
        if _lost(path, layout):
            take_away(path, layout)
            with contextlib.suppress(StoreError):  # not pinned
                unpin(layout, str(path), path)
    finally:
        if descriptor is not None:
            unlock(descriptor)
