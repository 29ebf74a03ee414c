"""``envbuilder lock MODEL``."""

from __future__ import annotations

import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from envbuilder.cli.changes import change_lines, fidelity_line
from envbuilder.cli.objects import change_object, write_object
from envbuilder.cli.options import asked, model_argument, output_option, resolving
from envbuilder.cli.terminal import say
from envbuilder.errors import UsageError
from envbuilder.findings import Effect, fidelity_of
from envbuilder.redact import excerpt
from envbuilder.report.objects import time_text

if TYPE_CHECKING:
    from envbuilder.lock import Artifact, CondaPackage, Lock
    from envbuilder.use.locking import Locked


@click.command("lock")
@model_argument
@resolving
@output_option
@click.option("-o", "files", type=click.Path(path_type=Path), multiple=True, metavar="FILE",
              help="Write the lock: pylock.toml (PEP 751) or requirements.txt with hashes; conda-lock.yml of a conda environment; repeatable.")  # fmt: skip
def lock_command(*, model: str, output: str, files: tuple[Path, ...], **shared: Any) -> None:
    """Resolve MODEL to exact artifacts with version and sha256, as of the day it was logged."""
    from envbuilder.use.locking import lock_model

    formats = [(path, format_of(path)) for path in files]
    if shared["engine"] == "auto" and any(kind == "conda-lock" for _, kind in formats):
        shared["engine"] = "conda"  # who wants such a file wants such an environment
    wanted = asked(**shared)
    locked = wanted.answer(lock_model, model)
    for path, kind in formats:
        write_lock(locked.lock, path, kind)
    if output == "json":
        write_object(lock_object(model, wanted.request.python, locked))
    else:
        tell(locked.lock)


def format_of(path: Path) -> str:
    """Return ``pylock``, ``requirements`` or ``conda-lock`` by a file's name. Raises UsageError for any other name."""
    if fnmatch.fnmatch(path.name, "*conda-lock.y*ml"):
        return "conda-lock"
    if path.name == "pylock.toml" or fnmatch.fnmatch(path.name, "pylock.*.toml"):
        return "pylock"
    if path.suffix == ".txt":
        return "requirements"
    raise UsageError(
        f"-o {excerpt(path.name)!r}: no lock has that name",
        hint="name it pylock.toml, pylock.NAME.toml (PEP 751), requirements.txt or conda-lock.yml",
    )


def write_lock(lock: Lock, path: Path, kind: str) -> None:
    """Write a lock in one of the formats of format_of(). Raises UsageError where that is impossible."""
    text = _text(lock, kind)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"{excerpt(str(path))} cannot be written: {(error.strerror or str(error)).lower()}",
            hint="choose another place with -o",
        ) from error


def _text(lock: Lock, kind: str) -> str:
    if kind == "conda-lock":
        if not lock.conda:
            raise UsageError(
                "the lock is for a virtual environment, it has no conda packages",
                hint="ask for them with --engine conda, or write pylock.toml",
            )
        from envbuilder.conda.condalock import write_conda_lock

        return write_conda_lock(lock)
    if lock.conda:
        raise UsageError(
            f"the lock has conda packages, which {kind} has no words for",
            hint="write conda-lock.yml, or ask for a virtual environment with --engine uv",
        )
    if kind == "pylock":
        from envbuilder.resolver.pylock import write_pylock

        return write_pylock(lock)
    from envbuilder.resolver.requirements_txt import write_requirements

    return write_requirements(lock)


def tell(lock: Lock) -> None:
    """Write the summary for people: the packages on stdout, the changes on stderr."""
    target = lock.target
    as_of = f", as of {time_text(lock.as_of)}" if lock.as_of else ""
    count = len(lock.conda) + len(lock.artifacts)
    click.echo(f"{count} packages for Python {target.python} on {target.platform}{as_of} ({lock.engine})")
    lines = [(f"{p.name}={p.version}={p.build}", "conda", p.sha256) for p in lock.conda]
    lines += [(f"{a.name}=={a.version}", a.kind.value, a.sha256) for a in lock.artifacts]
    width = max((len(pin) for pin, _, _ in lines), default=0)
    for pin, kind, sha256 in lines:
        click.echo(f"  {pin:<{width}}  {kind:<5}  sha256:{sha256[:16]}…")
    click.echo(f"lock_id {lock.lock_id}")
    for line in change_lines(tuple(c for c in lock.changes if c.effect is not Effect.NONE)):
        say(line)
    say(fidelity_line(lock.changes))


def lock_object(model: str, python: str | None, locked: Locked) -> dict[str, Any]:
    """Return what ``lock --output json`` writes, without its schema number."""
    lock, spec = locked.lock, locked.rewritten.spec
    return {
        "model": model,
        "spec_id": lock.spec_id,
        "lock_id": lock.lock_id,
        "engine": lock.engine,
        "as_of": time_text(lock.as_of),
        "python_version": lock.target.python,
        "python_requested": python or next((wish.text for wish in spec.python), None),
        "platform": lock.target.platform,
        "floor": lock.target.floor,
        "known": locked.known,
        "fidelity": fidelity_of(lock.changes).value,
        "changes": [change_object(change) for change in lock.changes],
        "packages": [
            *map(_conda_object, lock.conda),
            *map(_artifact_object, lock.artifacts),
        ],
        "seconds": {"parse": round(locked.parse_seconds, 6), "resolve": round(locked.resolve_seconds, 6)},
    }


def _conda_object(package: CondaPackage) -> dict[str, Any]:
    return {
        "name": package.name,
        "version": package.version,
        "kind": "conda",
        "filename": package.filename,
        "sha256": package.sha256,
        "size": package.size or None,
        "uploaded": time_text(package.built),
        "build": package.build,
        "channel": package.channel,
    }


def _artifact_object(artifact: Artifact) -> dict[str, Any]:
    return {
        "name": artifact.name,
        "version": artifact.version,
        "kind": artifact.kind.value,
        "filename": artifact.filename,
        "sha256": artifact.sha256,
        "size": artifact.size or None,
        "uploaded": time_text(artifact.uploaded),
    }
