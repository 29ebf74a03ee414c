"""From a model and a Python to what differs between them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from envbuilder.errors import EnvbuilderError, ResolveError, UsageError
from envbuilder.inspection.closure import Closure, closure_of
from envbuilder.inspection.comparing import mismatches_of
from envbuilder.inspection.memory import find_closure, save_closure
from envbuilder.inspection.mismatches import Mismatches
from envbuilder.inspection.places import Python, python_at, running_python
from envbuilder.policy import DEFAULT
from envbuilder.progress import SILENT, Progress
from envbuilder.reader.directory import Directory
from envbuilder.redact import excerpt
from envbuilder.request import Request, read_python
from envbuilder.store.layout import Layout, open_layout
from envbuilder.store.records import Records
from envbuilder.use.keys import Snapshot, addressed, resolution_key, snapshot, still_true

if TYPE_CHECKING:
    from envbuilder.policy import Policy
    from envbuilder.settings import Settings

PLAIN = Request()
"""What is asked where nothing is said."""


def inspect_model(
    model: Path,
    *,
    name: str | None = None,
    python: str | None = None,
    request: Request = PLAIN,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Mismatches:
    """Return what a Python has otherwise than the model's lock, without importing or changing anything.

    ``python`` is the path of an executable or of a prefix, or a version, which means this host's nearest;
    None for the running one. ``name`` is the model as the caller wrote it. A model that the store does not
    know is locked first. Raises InterpreterError, EnvbuilderError (``check/no-lock``) where locking would
    need a network and there is none, and whatever locking raises.
    """
    inspected = _inspected(python, settings, progress)
    closure = wanted_closure(model, request=request, settings=settings, policy=policy, progress=progress)
    return Mismatches(
        model=name or str(model),
        python=inspected.executable,
        python_version=inspected.version,
        lock_id=closure.lock_id,
        packages=len(closure.packages),
        ranked=mismatches_of(closure, inspected),
    )


def _inspected(python: str | None, settings: Settings, progress: Progress) -> Python:
    if python is None:
        return running_python()
    if _is_version(python):
        from envbuilder.interpreters.choice import Interpreters
        from envbuilder.store.store import Store

        store = Store.open(settings.home)
        chosen = Interpreters(settings=settings, folder=store.pythons).choose(python, progress=progress)
        return python_at(chosen.path, user_home=settings.user_home)
    return python_at(Path(python), user_home=settings.user_home)


def _is_version(text: str) -> bool:
    try:
        return text != "host" and read_python(text) is not None
    except UsageError:
        return False


def wanted_closure(
    model: Path, *, request: Request, settings: Settings, policy: Policy, progress: Progress
) -> Closure:
    """Return what a model's lock wants: from a few system calls where the store knows it."""
    layout = open_layout(settings.home.absolute())
    seen, key = None, ""
    try:
        folder, names = addressed(model)
        with Directory(folder) as directory:
            seen = snapshot(directory, names)
            if seen:
                key = seen.request_key(request, settings, policy)
                known = None if request.refresh else find_closure(layout, key)
                if known and _holds(known, layout) and still_true(known.files, known.absent, directory):
                    return known
    except EnvbuilderError:
        seen = None  # a folder that cannot be opened, a file that is gone: the parser knows what to say
    return _locked(model, seen, key, request=request, settings=settings, policy=policy, progress=progress)


def _holds(known: Closure, layout: Layout) -> bool:
    """Whether the model would be locked the same now: ``lock --refresh`` gives a spec another lock."""
    return Records(layout).resolved_to(known.spec_id, known.resolution) == known.lock_id


def _locked(
    model: Path,
    seen: Snapshot | None,
    key: str,
    *,
    request: Request,
    settings: Settings,
    policy: Policy,
    progress: Progress,
) -> Closure:
    from envbuilder.use.locking import lock_model

    try:
        locked = lock_model(model, request=request, settings=settings, policy=policy, progress=progress)
    except ResolveError as error:
        if error.code != "resolve/network" or not (request.offline or settings.offline):
            raise
        raise EnvbuilderError(
            f"the store knows no lock of {excerpt(str(model))}, and none can be made offline",
            code="check/no-lock",
            hint="make one where there is a network: `envbuilder lock MODEL`",
        ) from error
    closure = closure_of(locked, resolution_key(locked.rewritten, request, settings, policy))
    if seen and seen.agrees_with(locked.rewritten.spec.provenance):
        save_closure(open_layout(settings.home.absolute()), key, closure)
    return closure
