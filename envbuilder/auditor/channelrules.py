"""Which channels the policy leaves to a model, and which entries of its list are needed."""

from __future__ import annotations

from collections.abc import Iterator

from envbuilder.channels import CONDA_FORGE, canonical, excludes_defaults, restricted
from envbuilder.findings import Finding, Level, Origin
from envbuilder.redact import excerpt
from envbuilder.spec import Channel, Rewritten

NOT_ALLOWED = "channel/not-allowed"


def channels_left(rewritten: Rewritten) -> Iterator[Channel]:
    """Yield the channels that a model has after rewriting: of its list, then of its dependencies."""
    spec, original = rewritten.spec, rewritten.original
    for channel in spec.channels:
        if not excludes_defaults(channel.text):
            yield channel
    for item in original.conda:
        if item.channel:
            text = CONDA_FORGE if restricted(item.channel) else item.channel
            yield Channel(text=text, origin=item.origin)


def disallowed(rewritten: Rewritten, allow: tuple[str, ...]) -> Iterator[Finding]:
    """Yield a finding for each channel that is left and that a list (not an empty one) does not name."""
    known = frozenset(map(canonical, allow))
    file = rewritten.original.conda_file
    for channel in channels_left(rewritten):
        if known and canonical(channel.text) not in known:
            shown = excerpt(channel.text)
            yield Finding(
                code=NOT_ALLOWED,
                level=Level.ERROR,
                message=f"the channel {shown} is not among those that the policy allows",
                origin=channel.origin or (Origin(file=file) if file else None),
                hint="use one that is, or add it to `[channels] allow` of the policy",
                subject=shown,
            )
