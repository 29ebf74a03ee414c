"""A lock as ``pylock.toml`` (PEP 751) and back; our own facts stand in its ``tool`` tables.

What ``uv pip sync`` and ``pip install -r pylock.toml`` need is standard: one file per package, with URL and
sha256. Credentials of an index never get in.
"""

from __future__ import annotations

import datetime
import re
import sys
from typing import TYPE_CHECKING, Any

import tomli_w
from packaging.pylock import Pylock, PylockValidationError

from envbuilder.errors import EnvbuilderError
from envbuilder.findings import Change, Effect, Origin
from envbuilder.lock import Artifact, Kind, Lock, Target
from envbuilder.redact import SafeUrl, excerpt
from envbuilder.resolver.pylock_sources import located_artifact, located_package
from envbuilder.spec import PypiName

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from packaging.pylock import Package

SCHEMA = 1
"""Of our tool tables; a reader refuses a higher one."""

SYSTEMS = {"linux": "linux", "macos": "darwin"}
"""Our names of systems and those of the ``sys_platform`` marker (PEP 508)."""

_SHA256 = re.compile("[0-9a-f]{64}")


def write_pylock(lock: Lock) -> str:
    """Return the lock as text: the same bytes for the same lock."""
    major, minor = lock.target.python.split(".")[:2]
    system, _, machine = lock.target.platform.partition("-")
    marker = (
        f"sys_platform == '{SYSTEMS.get(system, system)}' and platform_machine == '{machine}' "
        f"and implementation_name == '{lock.target.implementation}'"
    )
    document = {
        "lock-version": "1.0",
        "environments": [marker],
        "requires-python": f"=={major}.{minor}.*",
        "created-by": "envbuilder",
        "packages": [_package(artifact) for artifact in lock.artifacts],
        "tool": {"envbuilder": _facts(lock)},
    }
    return tomli_w.dumps(document)


def read_pylock(text: str) -> Lock:
    """Return the lock in a ``pylock.toml`` of ours. Raises EnvbuilderError (``lock/unreadable``)."""
    try:
        document = tomllib.loads(text)
        pylock = Pylock.from_dict(document)
    except (tomllib.TOMLDecodeError, PylockValidationError, RecursionError) as error:
        raise _unreadable(str(error)) from None
    facts = (pylock.tool or {}).get("envbuilder")
    if not isinstance(facts, dict) or facts.get("schema") != SCHEMA:
        raise _unreadable("it has no [tool.envbuilder] of a schema that this version knows")
    try:
        return _lock(facts, pylock.packages)
    except (KeyError, TypeError, ValueError) as error:
        raise _unreadable(f"[tool.envbuilder] or a package is damaged ({error})") from None


def _lock(facts: Mapping[str, Any], packages: Sequence[Package]) -> Lock:
    target = facts["target"]
    as_of = facts.get("as-of")
    if not isinstance(as_of, datetime.datetime | None):
        raise TypeError("as-of is no time")
    return Lock(
        target=Target(
            python=_text(target, "python"),
            platform=_text(target, "platform"),
            floor=_text(target, "floor"),
            implementation=_text(target, "implementation"),
        ),
        artifacts=tuple(_artifact(package) for package in packages),
        spec_id=_text(facts, "spec-id"),
        engine=_text(facts, "engine"),
        as_of=_aware(as_of),
        changes=tuple(_change(change) for change in facts.get("changes", ())),
        imports=tuple(str(module) for module in facts.get("imports", ())),
    )


def _text(table: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = table[key] if default is None else table.get(key, default)
    if not isinstance(value, str):
        raise TypeError(f"{key} is no text")
    return value


def _facts(lock: Lock) -> dict[str, Any]:
    target = lock.target
    facts: dict[str, Any] = {
        "schema": SCHEMA,
        "lock-id": lock.lock_id,
        "spec-id": lock.spec_id,
        "engine": lock.engine,
        "imports": list(lock.imports),
        "target": {
            "python": target.python,
            "platform": target.platform,
            "floor": target.floor,
            "implementation": target.implementation,
        },
    }
    if lock.as_of:
        facts["as-of"] = lock.as_of
    if lock.changes:
        facts["changes"] = [_change_table(change) for change in lock.changes]
    return facts


def _package(artifact: Artifact) -> dict[str, Any]:
    file: dict[str, Any] = {"name": artifact.filename, "url": artifact.url.stripped}
    if artifact.uploaded:
        file["upload-time"] = artifact.uploaded
    if artifact.size:
        file["size"] = artifact.size
    file["hashes"] = {"sha256": artifact.sha256}
    if artifact.source is not None:
        return located_package(artifact)
    files = {"wheels": [file]} if artifact.kind is Kind.WHEEL else {"sdist": file}
    return {"name": artifact.name, "version": artifact.version, **files}


def _artifact(package: Package) -> Artifact:
    if package.archive or package.directory or package.vcs:
        return located_artifact(package)
    wheels = package.wheels or ()
    if len(wheels) + (package.sdist is not None) != 1 or package.version is None:
        raise ValueError(f"{package.name} has not exactly one version and one file")
    file = wheels[0] if wheels else package.sdist
    assert file is not None  # noqa: S101
    sha256 = file.hashes["sha256"]
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"the sha256 of {package.name} is none")
    return Artifact(
        name=PypiName(package.name),
        version=str(package.version),
        kind=Kind.WHEEL if wheels else Kind.SDIST,
        filename=file.filename,
        url=SafeUrl(file.url or ""),
        sha256=sha256,
        size=file.size or 0,
        uploaded=_aware(file.upload_time),
    )


def _aware(moment: datetime.datetime | None) -> datetime.datetime | None:
    """PEP 751 has upload times in UTC; TOML may leave the offset out."""
    if moment is None:
        return None
    return moment.replace(tzinfo=moment.tzinfo or datetime.timezone.utc).astimezone(datetime.timezone.utc)


def _change_table(change: Change) -> dict[str, Any]:
    table: dict[str, Any] = {"code": change.code, "message": change.message, "effect": change.effect.value}
    table |= {"before": change.before} if change.before else {}
    table |= {"after": change.after} if change.after else {}
    if change.origin:
        table |= {"file": change.origin.file, "line": change.origin.line, "column": change.origin.column}
    return table


def _change(table: dict[str, Any]) -> Change:
    origin = None
    if "file" in table:
        origin = Origin(
            file=_text(table, "file"), line=int(table.get("line", 0)), column=int(table.get("column", 0))
        )
    return Change(
        code=_text(table, "code"),
        message=_text(table, "message"),
        effect=Effect(table["effect"]),
        before=_text(table, "before", ""),
        after=_text(table, "after", ""),
        origin=origin,
    )


def _unreadable(why: str) -> EnvbuilderError:
    return EnvbuilderError(
        f"the lock cannot be read: {excerpt(why, 200)}",
        code="lock/unreadable",
        hint="make it again: envbuilder lock MODEL",
    )
