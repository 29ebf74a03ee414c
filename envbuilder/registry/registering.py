"""A mended model registered as a new version of the same registered model; the old version stays as it is.

MLflow has no copy on the server's side. Where clients have direct access to S3, that copies what stays as it is;
else the model's files, which are in the store for the proof, are uploaded. The new version gets a run of its own,
in the experiment of the old one's.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from envbuilder.errors import EnvbuilderError
from envbuilder.process import neutral_directory
from envbuilder.redact import excerpt
from envbuilder.remote.dialogue import ask, failure
from envbuilder.remote.errors import RemoteError
from envbuilder.remote.whole import SECONDS, hold
from envbuilder.resolver.pylock import write_pylock
from envbuilder.resolver.requirements_txt import write_requirements
from envbuilder.store.fields import Unreadable
from envbuilder.store.store import Store
from envbuilder.store.trouble import told
from envbuilder.use.locking import lock_model

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.lock import Lock
    from envbuilder.policy import Policy
    from envbuilder.progress import Progress
    from envbuilder.registry.mending import Mended
    from envbuilder.request import Request
    from envbuilder.settings import Settings
    from envbuilder.store.fields import Fields

Proof: TypeAlias = Literal["predicted", "loaded", "skipped"]
"""What the mended model did before it was registered; ``loaded`` where it has no input example."""

PYLOCK: Final = "pylock.toml"
LOCKED: Final = "requirements.locked.txt"

TAG: Final = "envbuilder."
TAG_CHARACTERS: Final = 4000
"""MLflow takes 5,000 of a run's tag."""

_META: Final = "registered_model_meta"
"""MLflow writes it into a model that it downloads: it names the old version."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Registration:
    """The new version, and how it came to be."""

    uri: str
    version: str
    run_id: str
    lock_id: str
    proof: Proof
    tags: tuple[tuple[str, str], ...]
    aliases: tuple[str, ...]
    copied: int
    """How many files the store of artifacts has copied by itself."""
    uploaded: int
    """How many went there from this host, ..."""
    why: str
    """... and why, where all could have been copied."""


def register(
    mended: Mended,
    *,
    proving: bool = True,
    aliases: tuple[str, ...] = (),
    request: Request,
    settings: Settings,
    policy: Policy,
    progress: Progress,
) -> Registration:
    """Register a model with its rewritten files, the lock beside them; ``aliases`` are moved to it.

    It is built and asked before: one that cannot be loaded, or does not answer its own input example, is not
    registered (``fix/not-working``) unless ``proving`` is False. Raises what locking and building raise,
    RemoteError, StoreError.
    """
    store = Store.open(settings.home)
    with (
        hold(mended.uri, settings=settings, policy=policy, progress=progress) as held,
        neutral_directory(store.layout.tmp) as directory,
    ):
        model = directory / "model"
        with told(store.root, "copy a model"):
            _copy(held.folder, model, mended.changed)
        locked = lock_model(model, request=request, settings=settings, policy=policy, progress=progress)
        with told(store.root, "copy a model"):
            locks = _write_lock(locked.lock, model)
        proof = _proof(model, request, settings, policy, progress) if proving else "skipped"
        tags = _tags(mended, locked.lock.lock_id, proof)
        progress.phase("register", mended.uri)
        return _registered(mended, model, tags, aliases, settings, locks=locks)


def _copy(source: Path, target: Path, changed: dict[str, bytes]) -> None:
    """Make a model's folder with some files in place of its own; the others are the same ones on the disk."""
    shutil.copytree(source, target, copy_function=_linked, ignore=shutil.ignore_patterns(_META))
    for path, content in changed.items():
        (target / path).unlink()
        (target / path).write_bytes(content)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _write_lock(lock: Lock, model: Path) -> tuple[str, ...]:
    """Write a lock in the forms that hold all of it, and return the names of the files."""
    if lock.conda:
        from envbuilder.conda.condalock import FILENAME, write_conda_lock

        texts = {FILENAME: write_conda_lock(lock)}
    else:
        texts = {PYLOCK: write_pylock(lock), LOCKED: write_requirements(lock)}
    for name, text in texts.items():
        (model / name).unlink(missing_ok=True)
        (model / name).write_text(text, "utf-8")
    return tuple(texts)


def _proof(model: Path, request: Request, settings: Settings, policy: Policy, progress: Progress) -> Proof:
    from envbuilder.predictions.given import own_example
    from envbuilder.predictions.trial import try_model
    from envbuilder.use.restoration import restore
    from envbuilder.workers.errors import WorkerError
    from envbuilder.workers.loading import load

    restored = restore(model, request=request, settings=settings, policy=policy, progress=progress)
    progress.phase("predict")
    if own_example(model) is None:
        try:
            load(restored, model).close()
        except WorkerError as error:
            raise _not_working(error.message, error.detail) from error
        return "loaded"
    trial = try_model(restored, model)
    if trial.failure:
        raise _not_working(
            trial.findings[0].message if trial.findings else trial.failure.message, trial.failure.log
        )
    return "predicted"


def _not_working(message: str, detail: str) -> EnvbuilderError:
    return EnvbuilderError(
        f"the mended model does not work: {message}", code="fix/not-working", detail="\n".join(detail.splitlines()[-12:]),
        hint="nothing was registered; --no-predict registers it all the same, and says so in a tag",
    )  # fmt: skip


def _tags(mended: Mended, lock_id: str, proof: Proof) -> tuple[tuple[str, str], ...]:
    """Return what the new version says of where it comes from."""
    changes = "; ".join(f"{change.code}: {change.message}" for change in dict.fromkeys(mended.made))
    found = {
        "source": mended.uri,
        "version": version_of("envbuilder"),
        "files": ", ".join(mended.changed),
        "changes": changes[:TAG_CHARACTERS],
        "lock_id": lock_id,
        "proof": proof,
    }
    return tuple((f"{TAG}{name}", value) for name, value in found.items() if value)


def _registered(
    mended: Mended,
    model: Path,
    tags: tuple[tuple[str, str], ...],
    aliases: tuple[str, ...],
    settings: Settings,
    *,
    locks: tuple[str, ...],
) -> Registration:
    request = {
        "op": "register", "uri": mended.uri, "name": mended.name, "version": mended.version,
        "folder": str(model), "own": [*mended.changed, *locks], "tags": dict(tags), "run_tag": f"{TAG}source_run", "aliases": list(aliases),
    }  # fmt: skip
    answer = ask(request, settings, seconds=SECONDS)
    try:
        if answer.has("error"):
            raise failure(mended.uri, answer.object("error"), "could not be registered anew")
        return _read(answer, mended, tags, aliases)
    except Unreadable as error:
        raise RemoteError(f"MLflow gave an answer that means nothing ({error})") from error


def _read(
    answer: Fields, mended: Mended, tags: tuple[tuple[str, str], ...], aliases: tuple[str, ...]
) -> Registration:
    known, version = dict(tags), answer.text("version")
    if answer.text("source_run"):
        tags = (*tags, (f"{TAG}source_run", answer.text("source_run")))
    proof = known[f"{TAG}proof"]
    return Registration(
        uri=f"{mended.uri.rpartition('/')[0]}/{version}",
        version=version,
        run_id=answer.text("run_id"),
        lock_id=known[f"{TAG}lock_id"],
        proof="predicted" if proof == "predicted" else "loaded" if proof == "loaded" else "skipped",
        tags=tags,
        aliases=aliases,
        copied=answer.number("copied"),
        uploaded=answer.number("uploaded"),
        why=excerpt(answer.text("why"), 300),
    )
