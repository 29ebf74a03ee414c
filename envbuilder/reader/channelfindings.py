"""What is reported about the channels of a conda file."""

from __future__ import annotations

from envbuilder import channels as known
from envbuilder.findings import Level, Origin
from envbuilder.reader.gather import Gathering
from envbuilder.redact import MASK, SafeUrl, excerpt, masked_url
from envbuilder.spec import Channel

_FORGE = "use conda-forge: `envbuilder rewrite` shows the file that does"


def report_channel(text: str, origin: Origin, gathering: Gathering, *, dependency: bool = False) -> None:
    """Report what is wrong with one channel, or with the channel that a dependency brings along."""
    shown = excerpt(masked_url(text))
    what = f"the dependency's channel {shown}" if dependency else f"the channel {shown}"
    url = SafeUrl(text)
    if known.restricted(text):
        message = f"{what} is one of Anaconda's licensed ones"
        gathering.add(Level.ERROR, "channel/restricted", message, origin, hint=_FORGE, subject=shown)
    if known.local(text):
        message = f"{what} is a local path"
        hint = "name a channel by its name or URL"
        gathering.add(Level.ERROR, "channel/local", message, origin, hint=hint, subject=shown)
    if known.insecure(text):
        message = f"{what} is fetched without TLS"
        gathering.add(
            Level.ERROR, "channel/insecure-transport", message, origin, hint="use https", subject=shown
        )
    if known.expands(text):
        message = f"{what} holds a variable of whoever installs; it is never expanded here"
        gathering.add(
            Level.ERROR, "source/env-expansion", message, origin, hint="write the value", subject=shown
        )
    if url.has_credentials or MASK in text:
        hint = "remove them from the file, revoke them, and configure them on the host"
        gathering.add(
            Level.ERROR, "source/credentials", f"{what} holds credentials", origin, hint=hint, subject=shown
        )


def report_defaults(channels: tuple[Channel, ...], place: Origin, gathering: Gathering) -> None:
    """Report a file to which conda would add its default channels without being asked by name.

    ``place`` is the empty list of channels, or the file that has none.
    """
    if all(channel.origin is None for channel in channels):
        lack = "a channel in the list" if place.line else "a channels key"
        message = f"without {lack} conda uses its default channels, which are Anaconda's licensed ones"
        gathering.add(
            Level.ERROR, "channel/implicit-defaults", message, place, hint=_FORGE, subject="channels"
        )
        return
    named = any(channel.text.strip().lower() == known.DEFAULTS for channel in channels)
    if not named and not any(known.excludes_defaults(channel.text) for channel in channels):
        message = "conda adds its default channels to these, since nodefaults is not among them"
        hint = "add nodefaults to the channels: `envbuilder rewrite` shows the file that has it"
        gathering.warn(
            "channel/implicit-defaults", message, channels[0].origin, hint=hint, subject="nodefaults"
        )
