"""Fetching from channels: by ourselves, with the host's own credentials, from mirrors in their order."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeVar

from envbuilder.conda.credentials import keys_for
from envbuilder.conda.gate import SCHEMES, refuse_sources, refuse_url
from envbuilder.origins import origin_of
from envbuilder.redact import SafeUrl
from envbuilder.web import Answer, Web, WebError, retried

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from envbuilder.conda.questions import Source
    from envbuilder.settings import Settings

T = TypeVar("T")


class Access:
    """The way to some channels, and to nowhere else but where their own servers send us."""

    def __init__(self, sources: Sequence[Source], settings: Settings) -> None:
        """Raises PolicyError for a licensed channel or mirror."""
        refuse_sources(sources)
        self._places = {source.channel: _places(source) for source in sources}
        self._gone: set[SafeUrl] = set()
        places = [place for named in self._places.values() for place in named]
        self._origins = frozenset(origin_of(place.secret) for place in places)
        self._web = Web(
            variables=dict(settings.tool_variables),
            keys=keys_for((place.secret for place in places), settings),
            offline=settings.offline,
            schemes=SCHEMES,
            judge=lambda url: refuse_url(url, self._origins),
        )

    def places(self, channel: str) -> tuple[SafeUrl, ...]:
        """Return where a channel is fetched, in order."""
        return self._places[channel]

    def open(self, place: SafeUrl, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer for a file of a channel at one place. Raises WebError, PolicyError."""
        return self._web.open(SafeUrl(f"{place.secret.rstrip('/')}/{path}"), headers=headers)

    def first(self, channel: str, fetch: Callable[[SafeUrl], T | None]) -> T | None:
        """Return what the first place gives that has something. Raises the WebError of the last one.

        A place that could not be reached is not tried again, unless there is no other.
        """
        places = [place for place in self._places[channel] if place not in self._gone]
        *others, last = places or self._places[channel]
        for place in others:
            try:
                found = retried(functools.partial(fetch, place))
            except WebError as error:  # noqa: PERF203 - one round for each place
                if error.passing:
                    self._gone.add(place)
            else:
                if found is not None:
                    return found
        return retried(functools.partial(fetch, last))


def _places(source: Source) -> tuple[SafeUrl, ...]:
    return source.mirrors or (SafeUrl(source.channel),)
