"""What is done where a Python is not what a model wants: nothing, a warning, an error, a child, a restart."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from envbuilder.errors import UsageError
from envbuilder.inspection.checking import PLAIN, inspect_model
from envbuilder.inspection.mismatches import MismatchError, Mismatches, MismatchWarning
from envbuilder.locate import remote
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.redact import excerpt

if TYPE_CHECKING:
    from envbuilder.inspection.mismatches import Model
    from envbuilder.policy import Policy
    from envbuilder.request import Request
    from envbuilder.settings import Settings

OnMismatch: TypeAlias = Literal["return", "warn", "raise", "isolate", "exec"]

CURE = "load it in its own environment: envbuilder.load_model(model), or `envbuilder run MODEL -- python …`"


def check_model(
    model: Path,
    *,
    name: str,
    python: str | None = None,
    on_mismatch: str = "return",
    request: Request = PLAIN,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Mismatches:
    """Return what a Python has otherwise than a model's lock, and act on what is grave of it.

    ``name`` is the model as the caller wrote it. Raises UsageError for an action that is none, or that is
    not for another Python than the running one; MismatchError if asked to, or where a restart did not help;
    and whatever inspect_model() and, to isolate or restart, restore() raise.
    """
    action = _action(on_mismatch, python)
    stage: dict[str, Any] = {
        "request": request, "settings": settings, "policy": policy, "progress": progress,
    }  # fmt: skip
    found = inspect_model(model, name=name, python=python, **stage)
    if action == "isolate":
        return _isolating(found, model, name, stage)
    if found.grave:
        match action:
            case "warn":
                warnings.warn(f"{found.summary}; {CURE}", MismatchWarning, stacklevel=3)
            case "raise":
                raise MismatchError(found.summary, mismatches=found, hint=CURE)
            case "exec":
                from envbuilder.inspection.restarting import Restart
                from envbuilder.use.restoration import restore

                restart = Restart.prepare(name, found)
                restart.into(restore(model, **stage))
    return found


def _action(text: str, python: str | None) -> OnMismatch:
    actions: tuple[OnMismatch, ...] = get_args(OnMismatch)
    action = next((action for action in actions if action == text), None)
    if action is None:
        raise UsageError(
            f"on_mismatch={excerpt(repr(text))} means nothing", hint=f"choose one of {', '.join(actions)}"
        )
    if python is not None and action in ("isolate", "exec"):
        raise UsageError(
            f"on_mismatch={action!r} is about the running Python, not about another one",
            hint="leave python out",
        )
    return action


def _isolating(found: Mismatches, model: Path, name: str, stage: dict[str, Any]) -> Mismatches:
    """Return the mismatches with a way to load the model where it fits; of a URI all files are fetched then."""
    from dataclasses import replace

    def load_model(isolated: bool, workers: int, timeout: float | None) -> Model:
        if not isolated:
            return _loaded_here(name if remote(name) else str(model))
        from envbuilder.remote.whole import hold
        from envbuilder.use.restoration import restore
        from envbuilder.workers.loading import load

        held = hold(name, settings=stage["settings"], policy=stage["policy"], progress=stage["progress"])
        try:
            restored = restore(held.folder, **stage)
        except BaseException:
            held.close()
            raise
        restored = replace(restored, lease=held.joined(restored.lease))
        return load(restored, held.folder, workers=workers, timeout=timeout)

    return replace(found, loading=load_model)


def _loaded_here(model: str) -> Model:
    """Let MLflow load a model into this process, which has all that the model wants."""
    try:
        import mlflow.pyfunc
    except ImportError as error:
        raise UsageError(
            f"mlflow cannot be imported here: {excerpt(str(error))}",
            code="check/no-mlflow",
            hint="name mlflow among the model's requirements, or load the model by its own library",
        ) from error
    loaded: Model = mlflow.pyfunc.load_model(model)
    return loaded
