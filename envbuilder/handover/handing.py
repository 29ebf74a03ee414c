"""A model's ready environment, handed over to MLflow, and taken back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.errors import StoreError
from envbuilder.findings import Finding, Level
from envbuilder.handover.demands import demands, not_honoured
from envbuilder.handover.errors import HandoverError
from envbuilder.handover.naming import environment_name, environments_root, wished_python
from envbuilder.handover.placing import place, take_away
from envbuilder.handover.release import Release
from envbuilder.handover.sweeping import sweep
from envbuilder.store.pins import keep, unpin
from envbuilder.store.store import Store

if TYPE_CHECKING:
    from envbuilder.settings import Settings
    from envbuilder.use.restoration import Restored


@dataclass(frozen=True, kw_only=True, slots=True)
class Handover:
    """An environment where a release of MLflow looks for it."""

    path: Path
    """The link."""
    prefix: Path
    release: Release
    placed: bool
    """False if it was there already."""
    findings: tuple[Finding, ...]
    """Links that led nowhere, what MLflow wants of the host besides, and what does not look there."""


def hand_over(restored: Restored, model: Path, *, release: Release, settings: Settings) -> Handover:
    """Link a model's environment to where MLflow looks for it, and pin it: MLflow holds no lease.

    Raises HandoverError, StoreError, Refusal. The caller closes the lease.
    """
    prefix = restored.environment.prefix
    inside = tuple(_inside(prefix))
    path = environments_root(settings).absolute() / environment_name(model, release)
    layout = Store.open(settings.home).layout
    lost = sweep(layout, settings, sparing=path)
    # Pinned first: a link to what a collection has just removed is worse than a pin too many.
    keep(layout, str(path), (restored.environment.env_id,))
    try:
        placed = place(path, prefix, layout)
    except HandoverError:
        unpin(layout, str(path), path)
        raise
    return Handover(
        path=path,
        prefix=prefix,
        release=release,
        placed=placed,
        findings=(
            *lost,
            *demands(release, wished_python(model, release), settings),
            *inside,
            not_honoured(release),
        ),
    )


def take_back(model: Path, *, release: Release, settings: Settings) -> tuple[Path, bool]:
    """Remove the link and its pin; return the path, and whether there was a link. Raises as hand_over()."""
    path = environments_root(settings).absolute() / environment_name(model, release)
    layout = Store.open(settings.home).layout
    removed = take_away(path, layout)
    try:
        unpin(layout, str(path), path)
    except StoreError as error:
        if error.code != "store/not-pinned":
            raise
    return path, removed


def _inside(prefix: Path) -> tuple[Finding, ...]:
    """Look for what MLflow runs inside of the environment. Raises HandoverError if it cannot."""
    if not (prefix / "bin" / "activate").is_file():
        raise HandoverError(
            "the environment has no bin/activate, which MLflow reads",
            code="handover/no-activate",
            hint="build it with --engine uv or pip",
        )
    if _has(prefix, "mlflow"):
        return ()
    if _has(prefix, "mlflow_skinny"):
        message = "the environment has mlflow-skinny, which has no scoring server"
        hint = "add mlflow to the model's requirements to serve it"
        return (Finding(code="handover/no-server", level=Level.WARNING, message=message, hint=hint),)
    raise HandoverError(
        "the environment has no MLflow, which its server runs in it",
        code="handover/no-mlflow",
        hint="add mlflow to the model's requirements",
    )


def _has(prefix: Path, name: str) -> bool:
    return any(prefix.glob(f"lib/python*/site-packages/{name}-[0-9]*.dist-info"))
