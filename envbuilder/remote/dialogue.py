"""Asking MLflow: in a child of our own Python, so that nobody pays for importing it who does not need it.

The child has the host's configuration of MLflow and the user's home (credentials stand there); it runs no
code of a model. Request and answer are files in a neutral directory.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from envbuilder.bounds import GIB, Bounds
from envbuilder.errors import ToolError
from envbuilder.process import neutral_directory, run
from envbuilder.reader import limits
from envbuilder.redact import excerpt
from envbuilder.remote.errors import RemoteError
from envbuilder.store.fields import Fields, Unreadable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from envbuilder.settings import Settings

SECONDS: Final = 600.0
"""For environment files."""

THREADS: Final = 8
"""Models that are asked for at once."""

DEFAULTS: Final = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
}
"""Unless the host says otherwise. MLflow's own would wait minutes for a server that is gone."""

BOUNDS: Final = Bounds(memory=16 * GIB, file=64 * GIB)

_CHILD: Final = Path(__file__).with_name("child.py")


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What is asked about one model: files by their paths in it, brought into ``folder``."""

    uri: str
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    """Folders to list beside the root and those of the files."""
    folder: Path
    known: str = ""
    """The exact URI that it meant the last time: if it still does, nothing is brought."""
    whole: bool = False
    """Bring everything, ``files`` or not."""
    largest: int = limits.MLMODEL_BYTES
    """Bytes of one file that may be brought."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """Something in the model: its path, its size in bytes where the store of artifacts tells it."""

    path: str
    folder: bool
    size: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Brought:
    """What MLflow said of a model."""

    identity: str | None = None
    """The URI with the version in it, for ``models:/NAME…``."""
    unchanged: bool = False
    listing: tuple[Entry, ...] = ()
    """The root, and the folders of the files that were asked for."""
    fetched: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    """Files that are too large."""


def bring(
    wanted: Sequence[Wanted], settings: Settings, *, seconds: float = SECONDS
) -> list[Brought | RemoteError]:
    """Return what came of each. Raises RemoteError where MLflow cannot be asked at all, ToolError."""
    request = {
        "op": "bring",
        "threads": THREADS,
        "models": [
            {
                "uri": item.uri, "files": list(item.files), "folders": list(item.folders),
                "folder": str(item.folder), "known": item.known, "whole": item.whole,
                "largest": item.largest, "entries": limits.DIRECTORY_ENTRIES,
            }
            for item in wanted
        ],
    }  # fmt: skip
    answer = ask(request, settings, seconds=seconds)
    try:
        return [_read(item, fields) for item, fields in zip(wanted, answer.objects("models"), strict=True)]
    except ValueError as error:  # Unreadable, or another number of answers
        raise _meaningless(error) from error


def ask(request: dict[str, Any], settings: Settings, *, seconds: float = SECONDS) -> Fields:
    """Let the child answer one request. Raises RemoteError (``remote/extra-missing``, ``timeout``), ToolError."""
    if settings.offline:
        raise RemoteError("MLflow is not asked offline", code="remote/offline", hint="run without --offline")
    variables = {**DEFAULTS, "HOME": str(settings.user_home), **dict(settings.tool_variables)}
    variables |= dict(settings.mlflow_variables)
    with neutral_directory() as directory:
        asked, answer = directory / "request.json", directory / "answer.json"
        asked.write_text(json.dumps({"cwd": os.getcwd(), **request}), encoding="utf-8")  # noqa: PTH109
        argv = [sys.executable, "-I", str(_CHILD), str(asked), str(answer)]
        try:
            done = run(argv, directory=directory, variables=variables, seconds=seconds, bounds=BOUNDS)
        except ToolError as error:
            if "in time" in error.message:
                raise _late(seconds) from error
            raise
        try:
            fields = Fields(json.loads(answer.read_bytes()))
            missing = fields.maybe_text("missing")
        except (OSError, ValueError, RecursionError) as error:
            raise RemoteError("MLflow could not be asked", detail=done.tail(), hint=_HINT) from error
    if missing:
        raise RemoteError(
            f"MLflow is needed for models named by a URI ({excerpt(missing)})",
            code="remote/extra-missing",
            hint="pip install 'envbuilder[mlflow]'",
        )
    return fields


_HINT: Final = "look at MLFLOW_TRACKING_URI and the credentials that MLflow uses on this host"


def _late(seconds: float) -> RemoteError:
    return RemoteError(
        f"MLflow did not answer within {seconds:g} s",
        code="remote/timeout",
        hint="look whether the tracking server and the store of artifacts can be reached",
    )


def _read(wanted: Wanted, fields: Fields) -> Brought | RemoteError:
    try:
        if fields.has("error"):
            return failure(wanted.uri, fields.object("error"))
        if fields.has("unchanged"):
            return Brought(identity=fields.text("identity"), unchanged=True)
        return Brought(
            identity=fields.maybe_text("identity"),
            listing=tuple(
                Entry(path=entry.text("path"), folder=entry.flag("folder"), size=entry.maybe_number("size"))
                for entry in fields.objects("listing")
            ),
            fetched=fields.texts("fetched"),
            refused=fields.texts("refused") if fields.has("refused") else (),
        )
    except Unreadable as error:
        return _meaningless(error)


def _meaningless(error: ValueError) -> RemoteError:
    return RemoteError(
        f"what MLflow was asked came back as nonsense: {error}", hint="try again; if it stays so, report it"
    )


_NOT_FOUND: Final = frozenset({"RESOURCE_DOES_NOT_EXIST", "ENDPOINT_NOT_FOUND", "NOT_FOUND"})
_NOBODY: Final = re.compile(r"alias .{1,250} not found|No versions of model with name .{1,250} found")
"""MLflow's words, without a code of their own, for an alias and a stage that mean no version."""

_DENIED: Final = frozenset({"PERMISSION_DENIED", "UNAUTHENTICATED", "CUSTOMER_UNAUTHORIZED"})
_UNREACHABLE: Final = ("ConnectionError", "ConnectTimeout", "EndpointConnectionError", "Timeout")


def failure(uri: str, fields: Fields, what: str = "could not be read") -> RemoteError:
    """Return what the child told of an exception as our error. Raises Unreadable."""
    shown, message = excerpt(uri), excerpt(" ".join(fields.text("message").split()), 300)
    code, status, kinds = fields.text("code"), fields.maybe_number("status"), fields.texts("kinds")
    if code in _DENIED or status in {401, 403} or "Forbidden" in kinds or "NoCredentialsError" in kinds:
        return RemoteError(f"{shown} may not be read: {message}", code="remote/denied", hint=_HINT)
    if code in _NOT_FOUND or status == 404 or "FileNotFoundError" in kinds or _NOBODY.search(message):
        return RemoteError(
            f"{shown} is not there: {message}", code="remote/not-found",
            hint="look at the name, and whether MLFLOW_TRACKING_URI names the right server",
        )  # fmt: skip
    if any(kind in _UNREACHABLE for kind in kinds) or "Max retries exceeded" in message:
        return RemoteError(f"{shown} cannot be reached: {message}", code="remote/unreachable", hint=_HINT)
    if "ModuleNotFoundError" in kinds or "ImportError" in kinds:
        return RemoteError(
            f"{shown} needs a package that MLflow does not bring: {message}", code="remote/extra-missing",
            hint="install it beside envbuilder, as for MLflow itself",
        )  # fmt: skip
    return RemoteError(f"{shown} {what}: {message}", hint=_HINT)
