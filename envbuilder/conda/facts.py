"""What a lock knows and ``conda-lock.yml`` has no field for: texts of ours in its ``custom_metadata``.

Three JSON texts: ``envbuilder`` of the lock as a whole, ``envbuilder-conda`` and ``envbuilder-pip`` of its
packages by name, each with what cannot be read from the package's own entry.
"""

from __future__ import annotations

import datetime
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from packaging.pylock import Pylock, PylockValidationError

from envbuilder.findings import Change, Effect, Origin
from envbuilder.lock import Artifact, CondaPackage, Kind, Lock, Target
from envbuilder.redact import SafeUrl
from envbuilder.resolver.pylock_sources import located_artifact, located_package
from envbuilder.spec import CondaName, PypiName

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SCHEMA = 1
"""Of our texts; a reader refuses a higher one."""

WHOLE, CONDA, PIP = "envbuilder", "envbuilder-conda", "envbuilder-pip"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A package as ``conda-lock.yml`` has it."""

    manager: str
    """``conda`` or ``pip``."""
    name: str
    version: str
    url: str
    sha256: str
    md5: str = ""
    build: str = ""
    depends: tuple[str, ...] = ()


def facts_of(lock: Lock, entries: Sequence[Entry]) -> dict[str, str]:
    """Return the texts for a lock, whose packages are written as ``entries``."""
    written = {(entry.manager, entry.name): entry for entry in entries}
    return {
        WHOLE: _text(_whole(lock)),
        CONDA: _text({p.name: _conda_facts(p, written["conda", p.name]) for p in lock.conda}),
        PIP: _text({a.name: _pip_facts(a) for a in lock.artifacts}),
    }


def lock_from(facts: Mapping[str, str], entries: Sequence[Entry]) -> Lock:
    """Return the lock again. Raises KeyError, TypeError, ValueError for what is none of ours."""
    whole, conda, pip = (_object(json.loads(facts[name])) for name in (WHOLE, CONDA, PIP))
    if whole["schema"] != SCHEMA:
        raise ValueError("its schema is another")
    lock = Lock(
        target=Target(**{key: str(value) for key, value in _object(whole["target"]).items()}),
        artifacts=tuple(_artifact(e, _object(pip[e.name])) for e in entries if e.manager == "pip"),
        spec_id=str(whole["spec-id"]),
        engine=str(whole["engine"]),
        as_of=_time(whole["as-of"]),
        changes=tuple(_change(change) for change in whole["changes"]),
        imports=tuple(map(str, whole["imports"])),
        conda=tuple(_conda_package(e, _object(conda[e.name])) for e in entries if e.manager == "conda"),
    )
    if (len(lock.conda), len(lock.artifacts)) != (len(conda), len(pip)) or lock.lock_id != whole["lock-id"]:
        raise ValueError("its packages are not those that it was written with")
    return lock


def _text(value: dict[str, Any]) -> str:
    return json.dumps(value, sort_keys=True)


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("a text of ours holds no object")
    return value


def _whole(lock: Lock) -> dict[str, Any]:
    target = lock.target
    return {
        "schema": SCHEMA,
        "lock-id": lock.lock_id,
        "spec-id": lock.spec_id,
        "engine": lock.engine,
        "as-of": _moment(lock.as_of),
        "target": {
            "python": target.python,
            "platform": target.platform,
            "floor": target.floor,
            "implementation": target.implementation,
        },
        "imports": list(lock.imports),
        "changes": [_change_list(change) for change in lock.changes],
    }


def _change_list(change: Change) -> list[Any]:
    at = change.origin
    place = [at.file, at.line, at.column] if at else None
    return [change.code, change.message, change.effect.value, change.before, change.after, place]


def _change(value: list[Any]) -> Change:
    code, message, effect, before, after, place = value
    origin = Origin(file=str(place[0]), line=int(place[1]), column=int(place[2])) if place else None
    return Change(
        code=str(code), message=str(message), effect=Effect(effect), before=str(before), after=str(after),
        origin=origin,
    )  # fmt: skip


def _conda_facts(package: CondaPackage, entry: Entry) -> dict[str, Any]:
    read = _conda_package(entry, {})
    told = {
        "build-number": package.build_number,
        "size": package.size,
        "built": _moment(package.built),
        "license": package.license,
        "distribution": package.distribution,
        "constrains": list(package.constrains),
    }
    facts = {key: value for key, value in told.items() if value}
    if package.depends != read.depends:
        facts["depends"] = list(package.depends)
    return facts


def _conda_package(entry: Entry, facts: dict[str, Any]) -> CondaPackage:
    """A package's URL is its channel's, its platform and its file name (envbuilder.conda.gate)."""
    folder, _, name = entry.url.rpartition("/")
    channel, _, subdir = folder.rpartition("/")
    distribution = facts.get("distribution")
    return CondaPackage(
        name=CondaName(entry.name),
        version=entry.version,
        build=entry.build,
        build_number=int(facts.get("build-number", 0)),
        channel=channel,
        subdir=subdir,
        filename=unquote(name),
        url=SafeUrl(entry.url),
        sha256=entry.sha256,
        md5=entry.md5,
        size=int(facts.get("size", 0)),
        built=_time(facts.get("built")),
        depends=tuple(map(str, facts.get("depends", entry.depends))),
        constrains=tuple(map(str, facts.get("constrains", ()))),
        license=str(facts.get("license", "")),
        distribution=PypiName(str(distribution)) if distribution else None,
    )


def _pip_facts(artifact: Artifact) -> dict[str, Any]:
    if artifact.source is not None:
        return {"package": located_package(artifact)}
    told = {
        "filename": artifact.filename,
        "size": artifact.size,
        "uploaded": _moment(artifact.uploaded),
        "kind": artifact.kind.value,
    }
    return {key: value for key, value in told.items() if value}


def _artifact(entry: Entry, facts: dict[str, Any]) -> Artifact:
    if "package" in facts:
        # Its words are those of PEP 751, whose reader knows them.
        document = {"lock-version": "1.0", "created-by": "envbuilder", "packages": [facts["package"]]}
        try:
            (package,) = Pylock.from_dict(document).packages
        except PylockValidationError as error:
            raise ValueError(str(error)) from None
        artifact = located_artifact(package)
        if (artifact.name, artifact.version, artifact.sha256) != (entry.name, entry.version, entry.sha256):
            raise ValueError(f"{entry.name} is told in two ways")
        return artifact
    return Artifact(
        name=PypiName(entry.name),
        version=entry.version,
        kind=Kind(facts["kind"]),
        filename=str(facts["filename"]),
        url=SafeUrl(entry.url),
        sha256=entry.sha256,
        size=int(facts.get("size", 0)),
        uploaded=_time(facts.get("uploaded")),
    )


def _moment(time: datetime.datetime | None) -> str | None:
    return time.astimezone(datetime.timezone.utc).isoformat() if time else None


def _time(text: Any) -> datetime.datetime | None:
    if text is None:
        return None
    time = datetime.datetime.fromisoformat(str(text))
    if time.tzinfo is None:
        raise ValueError("a time has no zone")
    return time
