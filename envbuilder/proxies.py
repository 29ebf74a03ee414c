"""The host's proxies, as its variables name them: which one a URL goes through, and what that one takes."""

from __future__ import annotations

import base64
import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")
"""In small or capital letters; the small ones win, as curl has it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """One proxy. ``authorization`` is the header's value (RFC 7617), empty for none."""

    scheme: str
    host: str
    port: int
    authorization: str = field(default="", repr=False)


class Proxies:
    """Which proxy the host's variables name for a URL."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        found = {name: value for name, value in variables.items() if name.lower() in NAMES and value}
        # Sorting puts capital letters first.
        self._named = {name.lower().removesuffix("_proxy"): found[name] for name in sorted(found)}

    @property
    def secret(self) -> bool:
        """Whether one of them has a password or a user name in it."""
        return any("@" in value for kind, value in self._named.items() if kind != "no")

    def of(self, url: str) -> Proxy | None:
        """Return the proxy for a URL, None where it is fetched without one. Raises ValueError for nonsense."""
        parts = urlsplit(url)
        named = self._named.get(parts.scheme) or self._named.get("all")
        if not named or self._bypassed(parts.netloc.rpartition("@")[2]):
            return None
        return proxy_of(named)

    def _bypassed(self, host: str) -> bool:
        return any(
            _covers(item.strip().lower(), host.lower()) for item in self._named.get("no", "").split(",")
        )


def proxy_of(text: str) -> Proxy:
    """Return the proxy that a variable names; ``http`` where it names no scheme. Raises ValueError."""
    parts = urlsplit(text if "://" in text else f"http://{text}")
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise ValueError("a proxy variable names no http proxy")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Proxy(
        scheme=parts.scheme, host=parts.hostname, port=port, authorization=basic_authorization(parts.netloc)
    )


def basic_authorization(netloc: str) -> str:
    """Return the value of an Authorization header for ``user:password@host``; empty without a user (RFC 7617)."""
    user, at, _ = netloc.rpartition("@")
    if not at:
        return ""
    name, _, password = user.partition(":")
    return "Basic " + base64.b64encode(f"{unquote(name)}:{unquote(password)}".encode()).decode("ascii")


def _covers(item: str, host: str) -> bool:
    """Whether an item of NO_PROXY stands for a host: ``*``, a domain, host and port, or a network (as curl, pip and uv)."""
    name = urlsplit(f"//{host}").hostname or ""
    if "/" in item:
        return _in_network(name, item)
    domain = item.lstrip(".")
    return item == "*" or (bool(domain) and (domain in (name, host) or name.endswith(f".{domain}")))


def _in_network(name: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(name) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
