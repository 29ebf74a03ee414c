"""The channels that a spec may be solved with: what its files name, as far as the policy lets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from envbuilder.channels import canonical, excludes_defaults, location, on_community_host, restricted
from envbuilder.conda.questions import Source
from envbuilder.errors import PolicyError
from envbuilder.redact import excerpt
from envbuilder.spec import Channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from envbuilder.policy import Policy
    from envbuilder.spec import EnvSpec


def sources_of(spec: EnvSpec, policy: Policy) -> tuple[Source, ...]:
    """Return the channels of a (rewritten) spec in order, those that only a dependency names at the end.

    A model can name channels of the community host; one of another host only where the policy names it too,
    in ``[channels] allow`` or ``mirrors``. Raises PolicyError: ``channel/restricted`` for a licensed channel,
    ``channel/local`` for a folder, ``channel/not-allowed`` for what the policy does not have.
    """
    found: dict[str, Source] = {}
    for channel in _named(spec):
        place = _allowed(channel, policy)
        found.setdefault(place, Source(channel=place, mirrors=policy.channels.mirrors_of(place)))
    return tuple(found.values())


def _named(spec: EnvSpec) -> Iterator[Channel]:
    for channel in spec.channels:
        if not excludes_defaults(channel.text):
            yield channel
    for item in spec.conda:
        if item.channel:
            yield Channel(text=item.channel, origin=item.origin)


def _allowed(channel: Channel, policy: Policy) -> str:
    shown, place = excerpt(channel.text), location(channel.text)
    if restricted(channel.text):
        message = f"the channel {shown} is one of Anaconda's licensed ones"
        raise PolicyError(message, code="channel/restricted", origin=channel.origin, hint="use conda-forge")
    if place is None:
        hint = "name a channel by its name or URL"
        message = f"the channel {shown} is a place on the disk"
        raise PolicyError(message, code="channel/local", origin=channel.origin, hint=hint)
    if not passes(place, policy):
        raise PolicyError(
            f"the channel {shown} is not among those that the policy allows",
            code="channel/not-allowed",
            origin=channel.origin,
            hint="use one that is, or add it to `[channels] allow` of the policy",
        )
    return place


def passes(place: str, policy: Policy) -> bool:
    """Whether packages may come from a channel, given by its URL, that is no licensed one."""
    if policy.channels.allow:
        return canonical(place) in map(canonical, policy.channels.allow)
    return on_community_host(place) or bool(policy.channels.mirrors_of(place))
