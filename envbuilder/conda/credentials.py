"""What channels take, out of the host's own configuration: rattler's file of credentials, and ``.netrc``.

A model's files are never asked. What a host takes goes to that host alone.
"""

from __future__ import annotations

import base64
import json
import netrc
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlsplit

from envbuilder.origins import Key, origin_of
from envbuilder.redact import SafeUrl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from envbuilder.settings import Settings

_LARGEST: Final = 1024 * 1024
"""Bytes of a file of credentials."""


def keys_for(places: Iterable[str], settings: Settings) -> tuple[Key, ...]:
    """Return what each place (a channel's URL, a mirror's) takes: its own credentials, else the host's.

    A file that cannot be read or understood has none: its own tool complains about it.
    """
    stored: dict[str, Any] | None = None
    machines: dict[str, tuple[str, str]] | None = None
    found: list[Key] = []
    for place in places:
        own = Key.of(SafeUrl(place))
        if own is None:
            stored = _stored(settings.rattler_credentials) if stored is None else stored
            machines = _machines(settings.netrc) if machines is None else machines
            own = _key(place, stored, machines)
        found += [own] if own else []
    return tuple(found)


def _key(place: str, stored: dict[str, Any], machines: dict[str, tuple[str, str]]) -> Key | None:
    host = urlsplit(place).hostname
    if not host:
        return None
    for name in _names(host):
        if name in stored and (key := _stored_key(place, stored[name])):
            return key
    if host in machines:
        return _basic(place, *machines[host])
    return None


def _names(host: str) -> Iterator[str]:
    """Yield the names under which rattler keeps a host's credentials: its own, then wider and wider ones."""
    yield host
    parts = host.split(".")
    yield from (f"*.{'.'.join(parts[start:])}" for start in range(len(parts) - 1))


def _stored_key(place: str, entry: object) -> Key | None:
    """Return the key for one entry (rattler's ``Authentication``)."""
    path = urlsplit(place).path
    match entry:
        case {"BearerToken": str(token)}:
            return Key(origin=origin_of(place), path=path, authorization=f"Bearer {token}")
        case {"BasicHTTP": {"username": str(user), "password": str(password)}}:
            return _basic(place, user, password)
        case {"CondaToken": str(token)}:
            return Key(origin=origin_of(place), path=path, token=f"/t/{quote(token, safe='')}")
    return None


def _basic(place: str, user: str, password: str) -> Key:
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    return Key(origin=origin_of(place), path=urlsplit(place).path, authorization=f"Basic {encoded}")


def _stored(file: Path | None) -> dict[str, Any]:
    try:
        content = json.loads(_text(file))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}


def _machines(file: Path | None) -> dict[str, tuple[str, str]]:
    """Return the accounts by host; the ``default`` one is for no channel in particular, and stays out."""
    try:
        _text(file)
        hosts = netrc.netrc(str(file)).hosts
    except (OSError, ValueError, netrc.NetrcParseError):
        return {}
    return {
        host: (login, password or "") for host, (login, _, password) in hosts.items() if host != "default"
    }


def _text(file: Path | None) -> str:
    if file is None or file.stat().st_size > _LARGEST:
        raise FileNotFoundError
    return file.read_text("utf-8")
