"""The last listing of a registry, for those who are offline."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING

from envbuilder.digests import PATH_HEX
from envbuilder.redact import excerpt
from envbuilder.registry.listing import Version, list_versions
from envbuilder.remote.errors import RemoteError
from envbuilder.remote.uris import address, registered
from envbuilder.report.report import Registered
from envbuilder.store.fields import Fields, Unreadable
from envbuilder.store.files import replace_file
from envbuilder.store.store import Store
from envbuilder.store.trouble import told

if TYPE_CHECKING:
    from pathlib import Path

    from envbuilder.settings import Settings
    from envbuilder.store.layout import Layout

SCHEMA = 1
_ALL = "models:/"


def listed(uri: str, settings: Settings) -> tuple[Version, ...]:
    """Return the versions as list_versions() does; offline the last ones that it told. Raises as that does."""
    layout = Store.open(settings.home).layout
    if settings.offline:
        return _kept(uri, layout, settings)
    found = list_versions(uri, settings)
    _save(_place(uri, layout, settings), found, layout)
    return found


def _place(uri: str, layout: Layout, settings: Settings) -> Path:
    return layout.record("models", "registries", f"{address(uri, settings, wheels=False)[:PATH_HEX]}.json")


def _kept(uri: str, layout: Layout, settings: Settings) -> tuple[Version, ...]:
    """Return the last list of one model, else what the last list of all has of it."""
    name = registered(uri)
    own, everything = _read(_place(uri, layout, settings)), _read(_place(_ALL, layout, settings))
    if own is None and everything is not None:
        own = tuple(version for version in everything if version.registered.name == name) or None
    if own is None:
        raise RemoteError(
            f"the store has no list of {excerpt(uri)}", code="remote/offline", hint="run without --offline"
        )
    return own


def _save(path: Path, versions: tuple[Version, ...], layout: Layout) -> None:
    value = {"schema": SCHEMA, "versions": [_object(version) for version in versions]}
    with told(layout.root, "remember a registry"):
        replace_file(path, json.dumps(value).encode("ascii"), tmp=layout.tmp)


def _object(version: Version) -> dict[str, object]:
    known = version.registered
    return {
        "uri": version.uri, "status": version.status, "mends": version.mends, "name": known.name, "version": known.version,
        "run_id": known.run_id, "aliases": list(known.aliases), "stage": known.stage, "source": known.source,
    }  # fmt: skip


def _read(path: Path) -> tuple[Version, ...] | None:
    with contextlib.suppress(OSError, Unreadable):
        fields = Fields.parse(path.read_bytes(), schema=SCHEMA)
        return tuple(_version(item) for item in fields.objects("versions"))
    return None


def _version(fields: Fields) -> Version:
    known = Registered(
        name=fields.text("name"),
        version=fields.text("version"),
        run_id=fields.maybe_text("run_id"),
        aliases=fields.texts("aliases"),
        stage=fields.maybe_text("stage"),
        source=fields.maybe_text("source"),
    )
    return Version(
        uri=fields.text("uri"),
        status=fields.maybe_text("status"),
        mends=fields.maybe_text("mends"),
        registered=known,
    )
