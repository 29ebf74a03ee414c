"""How a tool reaches the indexes: what it is told of them, and what its words mean."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from envbuilder.origins import origin_of
from envbuilder.proxies import NAMES, Proxies
from envbuilder.relay.alias import Alias, aliases_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from envbuilder.process import Finished
    from envbuilder.redact import SafeUrl

_PROXIED = tuple(spelled for name in NAMES if name != "no_proxy" for spelled in (name, name.upper()))

_UNREACHED = re.compile(r"\b503\b|tunnel", re.IGNORECASE)
"""How tools tell of the status that the relay gives for what it cannot reach."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage:
    """What one run of a tool may know. Nothing in it is secret; the relay's password is that run's own."""

    indexes: tuple[str, ...]
    """The URLs of the indexes as the tool is told them, in order."""
    variables: Mapping[str, str] = field(repr=False)
    """The host's variables, proxies and certificates."""
    aliases: tuple[Alias, ...] = ()
    troubles: Sequence[str] = ()
    """Why a relay could not fetch something; grows while the tool runs."""

    @property
    def hosts(self) -> tuple[str, ...]:
        """Hosts that are reached without TLS, on this machine alone: pip wants to be told."""
        return tuple(alias.host for alias in self.aliases)

    def shown(self, text: str) -> str:
        """Return a text for the tool: URLs as it knows them."""
        for alias in self.aliases:
            text = alias.shown(text)
        return text

    def real(self, text: str) -> str:
        """Return a text of the tool, with the real URLs, without anything secret."""
        for alias in self.aliases:
            text = alias.real(text)
        return text

    def told(self, done: Finished) -> Finished:
        """Return a finished tool with the real URLs in what it said, and why the relay told it that it cannot."""
        ours = [] if done.ok or not _UNREACHED.search(done.stderr) else dict.fromkeys(self.troubles)
        stderr = "\n".join([done.stderr, *ours])
        return replace(done, stdout=self.real(done.stdout), stderr=self.real(stderr))


@contextlib.contextmanager
def passage(
    *, indexes: Sequence[SafeUrl], variables: Mapping[str, str], offline: bool = False
) -> Iterator[Passage]:
    """Yield what a tool is told of these indexes under these variables of the host.

    Where none of them has a secret that is just they. Else a relay on loopback stands between, for as long
    as the block lasts.
    """
    aliases = aliases_of(indexes)
    if not aliases and not Proxies(variables).secret:
        yield Passage(indexes=tuple(url.stripped for url in indexes), variables=variables)
        return
    from envbuilder.relay.server import relaying

    named = {alias.origin: alias for alias in aliases}

    def told(url: SafeUrl) -> str:
        alias = named.get(origin_of(url.secret))
        return alias.index(url) if alias else url.stripped

    with relaying(indexes=indexes, aliases=aliases, variables=variables, offline=offline) as relay:
        others = {name: value for name, value in variables.items() if name.lower() not in NAMES}
        yield Passage(
            indexes=tuple(told(url) for url in indexes),
            variables=others | dict.fromkeys(_PROXIED, relay.url),
            aliases=aliases,
            troubles=relay.troubles,
        )
