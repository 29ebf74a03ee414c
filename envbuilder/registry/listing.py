"""The versions of registered models, as the registry lists them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from envbuilder.redact import excerpt
from envbuilder.remote.dialogue import ask, failure
from envbuilder.remote.errors import RemoteError
from envbuilder.remote.uris import registered, unserved
from envbuilder.report.report import Registered
from envbuilder.store.fields import Unreadable

if TYPE_CHECKING:
    from envbuilder.settings import Settings
    from envbuilder.store.fields import Fields


SOURCE = "envbuilder.source"
"""The tag of a mended version that names the one it was made from."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """A version of a registered model. ``status`` is MLflow's: READY, PENDING_REGISTRATION, FAILED_REGISTRATION."""

    uri: str
    registered: Registered
    status: str | None
    mends: str | None = None
    """The version that it was made from by register(), by its tag."""


def list_versions(uri: str, settings: Settings) -> tuple[Version, ...]:
    """Return all versions of the registered models that ``models:/NAME``, or ``models:/`` for all, means.

    Sorted by name, then version. Raises RemoteError, ToolError.
    """
    name = registered(uri)
    if name is None:
        raise RemoteError(f"{excerpt(uri)} names no registered model", hint="models:/ or models:/NAME")
    problem = unserved(uri, settings)
    if problem:
        raise problem
    answer = ask({"op": "versions", "name": name, "tag": SOURCE}, settings)
    try:
        if answer.has("error"):
            raise failure(uri, answer.object("error"))
        found = [_version(fields) for fields in answer.objects("versions")]
    except Unreadable as error:
        raise RemoteError(f"{excerpt(uri)}: MLflow gave an answer that means nothing ({error})") from error
    return tuple(
        sorted(found, key=lambda v: (v.registered.name, len(v.registered.version), v.registered.version))
    )


def _version(fields: Fields) -> Version:
    name, version = fields.text("name"), fields.text("version")
    return Version(
        uri=f"models:/{name}/{version}",
        registered=Registered(
            name=name,
            version=version,
            run_id=fields.maybe_text("run_id"),
            aliases=fields.texts("aliases"),
            stage=fields.maybe_text("stage"),
            source=excerpt(fields.maybe_text("source") or "", 500) or None,
        ),
        status=fields.maybe_text("status"),
        mends=fields.maybe_text("mends"),
    )
