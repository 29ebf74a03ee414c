"""Links to environments of the store, where MLflow looks; never where something else stands."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.handover.errors import HandoverError
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from envbuilder.store.layout import Layout


def place(path: Path, prefix: Path, layout: Layout) -> bool:
    """Make a link to an environment; False if it was there. One that leads to another of the store is replaced.

    Raises HandoverError: ``handover/occupied`` for what we did not make, ``handover/not-writable``.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(path.parent, error) from None
    try:
        path.symlink_to(prefix)
    except FileExistsError:
        return _replace(path, prefix, layout)
    except OSError as error:
        raise _unwritable(path, error) from None
    return True


def _replace(path: Path, prefix: Path, layout: Layout) -> bool:
    target = placed(path, layout)
    if target is None:
        raise HandoverError(
            f"{excerpt(str(path))} is there already, and is no environment of this store",
            code="handover/occupied",
            hint="MLflow built it, and uses it as it is; remove it to have it replaced",
        )
    if target == prefix:
        return False
    # Aside, then renamed: MLflow takes a name that is missing for a moment for an environment to build.
    aside = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        aside.symlink_to(prefix)
        aside.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None
    return True


def placed(path: Path, layout: Layout) -> Path | None:
    """Return the environment of the store that a link leads to, there or not; None if it is no link of ours."""
    try:
        target = Path(os.readlink(path))  # noqa: PTH115 - as it is written
    except OSError:
        return None
    return target if target.parent == layout.environments else None


def take_away(path: Path, layout: Layout) -> bool:
    """Remove our link; False if there is none. Raises HandoverError ``handover/occupied``, ``not-writable``."""
    if placed(path, layout) is None:
        if not os.path.lexists(path):
            return False
        raise HandoverError(
            f"{excerpt(str(path))} is no link to this store, so it is left alone",
            code="handover/occupied",
            hint="remove it by hand if MLflow's own environment is not wanted",
        )
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from None
    return True


def _unwritable(path: Path, error: OSError) -> HandoverError:
    return HandoverError(
        f"{excerpt(str(path))} cannot be written: {(error.strerror or str(error)).lower()}",
        code="handover/not-writable",
        hint="name another root with MLFLOW_ENV_ROOT, here and where MLflow runs",
    )
