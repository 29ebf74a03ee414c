"""From an export of a lock to its environment in a store, with no network."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

from envbuilder.builder.building import build
from envbuilder.errors import InterpreterError, PolicyError, UsageError
from envbuilder.exports.contents import Contents, unpack_export
from envbuilder.exports.floors import floor_of, suffices
from envbuilder.exports.result import ExportError
from envbuilder.findings import Change, Effect
from envbuilder.interpreters.choice import Interpreters
from envbuilder.policy import DEFAULT
from envbuilder.process import neutral_directory
from envbuilder.progress import SILENT
from envbuilder.redact import SafeUrl, excerpt
from envbuilder.references.shelf import Shelf
from envbuilder.resolver.targets import host_platform
from envbuilder.store.store import Store
from envbuilder.store.trouble import told
from envbuilder.use.restoration import PLAIN, Restored, Seconds

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.environment import Interpreter
    from envbuilder.lock import Artifact, Lock
    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.request import Request
    from envbuilder.settings import Settings


def restore_export(
    archive: Path,
    *,
    request: Request = PLAIN,
    settings: Settings,
    policy: Policy = DEFAULT,
    progress: Progress = SILENT,
) -> Restored:
    """Return the environment of an export, found or made; close its lease when done. No index is asked.

    The key is that of the lock inside. Raises ArchiveRefused and ExportError where the export is not what it
    says or is of no use here, PolicyError, InterpreterError, BuildError, StoreError; UsageError for options
    that would ask for another lock.
    """
    began = time.monotonic()
    _refuse_wishes(request)
    store = Store.open(settings.home)
    with neutral_directory(store.layout.tmp) as scratch:
        progress.phase("unpack", archive.name)
        contents = unpack_export(archive, scratch / "export")
        _check_wishes(contents, request, policy)
        interpreter = _interpreter(contents.lock, settings, store, progress)
        changes = (*contents.lock.changes, *_patch(contents.lock, interpreter, strict=request.strict))
        shelf = Shelf(store.layout.packages, store.layout.tmp)
        lock = _local(contents, shelf)
    unpacked = time.monotonic()
    built = build(
        lock,
        interpreter=interpreter,
        store=store,
        settings=replace(settings, offline=True),
        policy=policy,
        progress=progress,
    )
    return Restored(
        model=str(archive),
        environment=built.environment,
        lease=built.lease,
        hit=built.hit,
        spec_id=lock.spec_id,
        lock_id=lock.lock_id,
        engine=lock.engine,
        python_requested=lock.target.python,
        as_of=lock.as_of,
        changes=changes,
        seconds=Seconds(install=time.monotonic() - unpacked, total=time.monotonic() - began),
        files=(),
        absent=(),
    )


def _refuse_wishes(request: Request) -> None:
    asked = (request.as_of, request.python, request.engine, request.platform, request.refresh)
    if asked != ("logged", None, "auto", None, False):
        raise UsageError(
            "an export is locked already: --as-of, --python, --engine, --platform and --refresh ask for another lock",
            hint="export the model again with these options",
        )


def _check_wishes(contents: Contents, request: Request, policy: Policy) -> None:
    """Raise PolicyError where the caller, or the policy, allows less than what was done for the export."""
    substituted = [change for change in contents.lock.changes if change.effect is not Effect.NONE]
    if request.strict and substituted:
        raise PolicyError(
            f"--strict allows no substitution, and the export has one: {excerpt(substituted[0].message)}",
            code="resolve/strict",
            hint="leave --strict out",
        )
    for mark in contents.manifest.built:
        if not policy.builds.allows(mark.name, mark.version):
            raise PolicyError(
                f"the policy forbids building from source, and {mark.name} {mark.version} was",
                code="build/from-source",
                hint="list the package under [builds] sdist in the policy",
            )


def _interpreter(lock: Lock, settings: Settings, store: Store, progress: Progress) -> Interpreter:
    """Return the interpreter for a lock. Raises ExportError where this host is of another kind."""
    target = lock.target
    if target.platform != host_platform():
        raise ExportError(
            f"it is for {excerpt(target.platform)}, this host is {host_platform()}",
            code="export/platform",
            hint="export the model on a host like this one",
        )
    interpreter = Interpreters(settings=settings, folder=store.pythons).choose(
        target.python, progress=progress
    )
    floor = floor_of((artifact.filename for artifact in lock.artifacts), target.floor)
    if not suffices(interpreter.floor, floor):
        raise ExportError(
            f"its wheels need {excerpt(floor)}, this host has {interpreter.floor}",
            code="export/platform",
            hint="export the model on a host like this one",
        )
    return interpreter


def _local(contents: Contents, shelf: Shelf) -> Lock:
    """Move the wheels into the store; return the lock with these as the places of its artifacts."""
    pairs = zip(contents.lock.artifacts, contents.wheels, strict=True)
    return replace(
        contents.lock, artifacts=tuple(_shelved(artifact, wheel, shelf) for artifact, wheel in pairs)
    )


def _shelved(artifact: Artifact, wheel: Path, shelf: Shelf) -> Artifact:
    place = shelf.path(artifact.sha256, artifact.filename)
    with told(place.parent, "keep a package file"):
        place.parent.mkdir(parents=True, exist_ok=True)
        wheel.replace(place)
    return replace(artifact, url=SafeUrl(place.as_uri()))


def _patch(lock: Lock, interpreter: Interpreter, *, strict: bool) -> tuple[Change, ...]:
    """Return what is to be told of the interpreter's patch release. Raises InterpreterError if ``strict``."""
    wanted, there = lock.target.python, interpreter.version
    if there == wanted:
        return ()
    message = f"python {wanted} is not at hand; {there} of the same minor version is used"
    if strict:
        raise InterpreterError(
            message, code="python/patch", hint=f"install python {wanted}, or leave --strict out"
        )
    return (Change(code="python/patch", message=message, effect=Effect.ADAPTED, before=wanted, after=there),)
